#include "proxy/http1.hpp"

#include "proxy/framing.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace egressd::proxy {

namespace http = boost::beast::http;
using BeastView = boost::beast::string_view;
using boost::system::error_code;

namespace {

std::string_view view(BeastView text) {
    return {text.data(), text.size()};
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Collects what Beast's parser reports about a head; the views stay inside the parsed bytes, since
/// proxy/framing has refused folded lines, the one case in which Beast reports from a buffer of its own.
template <bool is_request, class Head>
class HeadParser final : public http::basic_parser<is_request> {
public:
    HeadParser(Head& head, std::size_t max_fields) : head_(head), max_fields_(max_fields) {
        this->header_limit(
            std::numeric_limits<std::uint32_t>::max()); // find_head_end's caller holds the bound
        this->body_limit(boost::none);
    }

    bool too_many_fields() const { return too_many_; }

private:
    void on_request_impl(http::verb, BeastView method, BeastView target, int version, error_code&) override {
        if constexpr (is_request) {
            head_.method = view(method);
            head_.target = view(target);
            head_.version = static_cast<unsigned>(version);
        }
    }
    void on_response_impl(int status, BeastView reason, int version, error_code&) override {
        if constexpr (!is_request) {
            head_.status = static_cast<unsigned>(status);
            head_.reason = view(reason);
            head_.version = static_cast<unsigned>(version);
        }
    }
    void on_field_impl(http::field, BeastView name, BeastView value, error_code& ec) override {
        if (head_.fields.size() == max_fields_) {
            too_many_ = true;
            ec = http::error::header_limit;
            return;
        }
        head_.fields.push_back({view(name), view(value)});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    Head& head_;
    std::size_t max_fields_;
    bool too_many_ = false;
};

template <bool is_request, class Head>
Result<void> parse_head(std::string_view bytes, std::size_t max_fields, Side side, Head& head) {
    head.fields.clear();
    Result<void> lines = check_lines(bytes, side);
    if (!lines)
        return lines;
    HeadParser<is_request, Head> parser(head, max_fields);
    error_code ec;
    const std::size_t consumed = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (parser.too_many_fields())
        return Error{side, "more than " + std::to_string(max_fields) + " header fields"};
    if (ec)
        return Error{side, "malformed header (" + ec.message() + ")"};
    if (consumed != bytes.size() || !parser.is_header_done())
        return Error{side, "malformed header"};
    return {};
}

/// True while `line` (without its CRLF) can be a first line of HTTP/1.x; HTTP/0.9 and everything else that is
/// not HTTP cannot.
bool plausible_first_line(std::string_view line, HeadKind kind) {
    constexpr std::string_view version = "HTTP/1.";
    if (kind == HeadKind::response)
        return line.substr(0, version.size()) == version;
    const std::size_t space = line.rfind(' ');
    return space != std::string_view::npos && line.substr(space + 1, version.size()) == version;
}

constexpr const char* bare_cr = "a bare CR";

} // namespace

Result<HeadEnd> find_head_end(std::string_view bytes, HeadKind kind, std::size_t& scanned) {
    const Side side = kind == HeadKind::request ? Side::client : Side::origin;
    if (!bytes.empty() && !is_token_char(bytes.front()))
        return Error{side, "not an HTTP/1.1 message"};
    // Each byte is looked at once: `scanned` stops at most before a CR that is the last one so far.
    for (std::size_t lf = bytes.find('\n', scanned); lf != std::string_view::npos;
         lf = bytes.find('\n', scanned)) {
        const std::size_t cr = bytes.find('\r', scanned);
        if (cr > lf)
            return Error{side, "a line ends in a bare LF"};
        if (cr + 1 < lf)
            return Error{side, bare_cr};
        const bool first_line = cr == 0 || bytes.rfind('\n', cr - 1) == std::string_view::npos;
        if (first_line && !plausible_first_line(bytes.substr(0, cr), kind))
            return Error{side, "not an HTTP/1.1 message"};
        scanned = lf + 1;
        if (bytes[cr - 1] == '\n')
            return HeadEnd{true, lf + 1};
    }
    const std::size_t cr = bytes.find('\r', scanned);
    if (cr != std::string_view::npos && cr + 1 < bytes.size())
        return Error{side, bare_cr};
    scanned = std::min(cr, bytes.size());
    return HeadEnd{};
}

Result<void> parse_request_head(std::string_view bytes, std::size_t max_fields, RequestHead& head) {
    return parse_head<true>(bytes, max_fields, Side::client, head);
}

Result<void> parse_response_head(std::string_view bytes, std::size_t max_fields, ResponseHead& head) {
    Result<void> parsed = parse_head<false>(bytes, max_fields, Side::origin, head);
    if (parsed && (head.status < 100 || head.status > 599))
        return Error{Side::origin, "a status code outside 100 to 599"}; // RFC 9110 15
    return parsed;
}

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::size_t count_fields(const std::vector<Field>& fields, std::string_view name) {
    return static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const Field& field) { return same_name(field.name, name); }));
}

std::string_view field_value(const std::vector<Field>& fields, std::string_view name) {
    for (const Field& field : fields)
        if (same_name(field.name, name))
            return field.value;
    return {};
}

bool list_contains(const std::vector<Field>& fields, std::string_view name, std::string_view token) {
    for (const Field& field : fields) {
        if (!same_name(field.name, name))
            continue;
        std::string_view rest = field.value;
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            if (same_name(trimmed(rest.substr(0, comma)), token))
                return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

/// Beast decodes chunked bodies only behind a head that announces one; this one does, and nothing else.
struct ChunkedDecoder::Impl final : http::basic_parser<false> {
    explicit Impl(Extensions allowed) : extensions(allowed) {
        body_limit(boost::none);
        constexpr std::string_view head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        error_code ignored;
        put(boost::asio::const_buffer(head.data(), head.size()), ignored);
        eager(true);
        in_trailer = true;
    }

    void on_request_impl(http::verb, BeastView, BeastView, int, error_code&) override {}
    void on_response_impl(int, BeastView, int, error_code&) override {}
    void on_field_impl(http::field, BeastView name, BeastView, error_code& ec) override {
        if (in_trailer && is_forbidden_trailer(view(name)))
            ec = http::error::bad_field;
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BeastView body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t size, BeastView given, error_code& ec) override {
        has_content = has_content || size > 0;
        if ((extensions == Extensions::refused && !given.empty()) || is_too_long(given.data() + given.size()))
            ec = http::error::bad_chunk_extension;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, error_code&) override {
        out->append(body.data(), body.size());
        content_end = body.data() + body.size();
        return body.size();
    }
    void on_finish_impl(error_code&) override {}

    /// So that a bound is the same for what comes at once and for what comes in pieces.
    bool is_too_long(const char* end) const {
        return static_cast<std::size_t>(end - content_end) > max_trailer;
    }

    Extensions extensions;
    std::string* out = nullptr;
    const char* content_end = nullptr; // in the input: what is behind it is framing
    bool in_trailer = false;
    bool has_content = false;
};

ChunkedDecoder::ChunkedDecoder(Extensions extensions) : impl_(std::make_unique<Impl>(extensions)) {}
ChunkedDecoder::~ChunkedDecoder() = default;
ChunkedDecoder::ChunkedDecoder(ChunkedDecoder&&) noexcept = default;

Result<ChunkedDecoder::Step> ChunkedDecoder::decode(std::string_view input, std::string& out) {
    impl_->out = &out;
    Step step;
    while (step.consumed < input.size() && !impl_->is_done()) {
        error_code ec;
        const std::string_view rest = input.substr(step.consumed);
        // Beast asserts that an empty body's "0\r\n" is not followed by a single byte.
        if (!impl_->has_content && rest.size() < last_chunk.size() && rest.starts_with("0\r\n"))
            break;
        impl_->content_end = rest.data();
        const std::size_t taken = impl_->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
        step.consumed += taken;
        const bool needs_more = ec == http::error::need_more;
        if (impl_->is_too_long(rest.data() + (needs_more ? rest.size() : taken)))
            return Error{Side::client, "a chunk's size line or the trailers are too long"};
        if (needs_more)
            break;
        if (ec)
            return Error{Side::client, "malformed chunked body (" + ec.message() + ")"};
    }
    step.done = impl_->is_done();
    return step;
}

std::string chunk_header(std::size_t size) {
    std::array<char, 2 * sizeof size + 2> text{};
    char* end = std::to_chars(text.data(), text.data() + text.size() - 2, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return {text.data(), end};
}

} // namespace egressd::proxy
