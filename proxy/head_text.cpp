#include "proxy/head_text.hpp"

#include "proxy/message.hpp"

#include <algorithm>

namespace egressd::proxy {

namespace {

using Kind = Place::Kind;

/// Between two texts that are no neighbours: no encoding goes on across it.
constexpr std::string_view gap = "\n|\n";
constexpr std::size_t usual_length = 2048;

struct Parameter {
    std::string_view name; // empty for a part without '='
    std::string_view value;
    char before = '?'; // what parts it from the one before
};

/// Calls `use` for each parameter of a query.
template <class Use>
void each_parameter(std::string_view query, const Use& use) {
    char before = '?';
    while (!query.empty()) {
        const std::size_t end = std::min(query.find_first_of("&;"), query.size());
        const std::string_view part = query.substr(0, end);
        const std::size_t equals = part.find('=');
        if (equals == std::string_view::npos)
            use(Parameter{{}, part, before});
        else
            use(Parameter{part.substr(0, equals), part.substr(equals + 1), before});
        before = end < query.size() ? query[end] : before;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
}

bool is_forwarded(const EndToEnd& end_to_end, const Field& field) {
    // Host is scanned by itself, Content-Length is written anew, extensions are never offered on.
    return end_to_end.passes(field) && !same_name(field.name, "Host") &&
           !same_name(field.name, "Content-Length") && !same_name(field.name, "Sec-WebSocket-Extensions");
}

std::string without(std::string_view text, char c) {
    std::string kept(text);
    kept.erase(std::remove(kept.begin(), kept.end(), c), kept.end());
    return kept;
}

} // namespace

std::string_view spelled_host(const RequestHead& head) {
    const std::size_t slashes = head.target.find("://");
    if (slashes == std::string_view::npos)
        return head.method == "CONNECT" ? head.target : field_value(head.fields, "Host");
    const std::string_view rest = head.target.substr(slashes + 3);
    return rest.substr(0, rest.find_first_of("/?#"));
}

HeadText::HeadText(const HeadSaid& said, const net::Host& host, const std::optional<std::string>& path,
                   const std::vector<Field>& fields) {
    bytes_.reserve(usual_length);
    const std::string_view name =
        said.spelled_host.empty() ? std::string_view(host.text()) : said.spelled_host;
    add({Kind::host, {}, nullptr, false, false}, name);
    part();
    add({Kind::host, {}, nullptr, false, false}, without(name, '.'));
    part();
    if (!said.socks_user.empty()) {
        add({Kind::socks, {}, nullptr, false, false}, said.socks_user);
        part();
    }
    if (!path)
        return;
    add({Kind::method, {}, nullptr, false, false}, said.method);
    part();
    add({Kind::path, {}, nullptr, false, false}, *path);
    add_query(said.query);
    part();
    add_fields(fields);
    part();
    add_glued(path, said.query);
}

HeadText::Spot HeadText::spot_at(std::uint64_t offset) const {
    const auto behind =
        std::upper_bound(segments_.begin(), segments_.end(), offset,
                         [](std::uint64_t at, const Segment& segment) { return at < segment.begin; });
    return behind == segments_.begin() ? Spot() : std::prev(behind)->spot;
}

void HeadText::add(Spot spot, std::string_view text) {
    segments_.push_back({bytes_.size(), spot});
    bytes_.append(text);
}

void HeadText::part() {
    bytes_.append(gap);
}

void HeadText::add_query(std::string_view query) {
    each_parameter(query, [&](const Parameter& parameter) {
        bytes_ += parameter.before;
        // A part without '=' may as well be a value, but has no name to be called by.
        if (!parameter.name.empty()) {
            add({Kind::query, {}, nullptr, true, false}, parameter.name);
            bytes_ += '=';
        }
        add({Kind::query, parameter.name, nullptr, false, false}, parameter.value);
    });
}

void HeadText::add_fields(const std::vector<Field>& fields) {
    const EndToEnd end_to_end(fields);
    for (const Field& field : fields) {
        if (!is_forwarded(end_to_end, field))
            continue;
        add({Kind::header, {}, nullptr, true, false}, field.name);
        bytes_.append(": ");
        add({Kind::header, field.name, &field, false, false}, field.value);
        part();
    }
}

/// A secret may be cut over the segments of a path or the parameters of a query.
void HeadText::add_glued(const std::optional<std::string>& path, std::string_view query) {
    if (path->find('/', 1) != std::string::npos) {
        add({Kind::path, {}, nullptr, false, true}, without(*path, '/'));
        part();
    }
    if (query.find_first_of("&;") == std::string_view::npos)
        return;
    each_parameter(query, [&](const Parameter& parameter) {
        add({Kind::query, parameter.name, nullptr, false, true}, parameter.value);
    });
}

} // namespace egressd::proxy
