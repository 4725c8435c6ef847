#include "audit/chain.hpp"

#include "audit/json.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace egressd::audit {
namespace {

constexpr std::string_view opening = R"({"v":1,"seq":)";
constexpr std::string_view before_timestamp = R"(,"ts":")";
constexpr std::string_view before_prev = R"(,"prev":")";
constexpr std::string_view before_hash = R"(,"hash":")";
constexpr std::string_view closing = R"("})";

/// Removes `expected` from the end of `text`; false where it does not stand there.
bool drop_suffix(std::string_view& text, std::string_view expected) {
    if (!text.ends_with(expected))
        return false;
    text.remove_suffix(expected.size());
    return true;
}

bool take_digest(std::string_view& text, HexDigest& digest) {
    if (text.size() < digest.size())
        return false;
    const std::string_view hex = text.substr(text.size() - digest.size());
    if (hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return false;
    std::copy(hex.begin(), hex.end(), digest.begin());
    text.remove_suffix(digest.size());
    return true;
}

bool take_seq(std::string_view line, std::uint64_t& seq) {
    if (!line.starts_with(opening))
        return false;
    line.remove_prefix(opening.size());
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seq);
    return error == std::errc() && line.front() != '0' &&
           line.substr(static_cast<std::size_t>(end - line.data())).starts_with(before_timestamp);
}

} // namespace

Sha256::Sha256()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free),
      context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!algorithm_ || !context_)
        throw std::runtime_error("OpenSSL offers no SHA-256");
}

HexDigest Sha256::hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
    if (EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) != 1 ||
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr) != 1)
        throw std::runtime_error("OpenSSL failed to compute SHA-256");
    constexpr char digits[] = "0123456789abcdef";
    HexDigest digest;
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = digits[i % 2 == 0 ? raw[i / 2] >> 4 : raw[i / 2] & 0xf];
    return digest;
}

std::string line_start(std::uint64_t seq) {
    std::string start(opening);
    append_number(start, seq);
    start += before_timestamp;
    return start;
}

void append_line(std::string& out, Position& position, Sha256& sha256, std::string_view timestamp,
                 std::string_view fields) {
    const std::size_t start = out.size();
    ++position.seq;
    out += opening;
    append_number(out, position.seq);
    out += before_timestamp;
    out += timestamp;
    out += R"(",)";
    out += fields;
    out += before_prev;
    out += view(position.head);
    out += '"';
    position.head = sha256.hex(std::string_view(out).substr(start));
    out += before_hash;
    out += view(position.head);
    out += closing;
    out += '\n';
}

Result<Link> read_link(std::string_view line, Sha256& sha256) {
    const Error foreign{Side::self, "it is not a record of egressd"};
    Link link;
    std::string_view rest = line;
    if (!drop_suffix(rest, closing) || !take_digest(rest, link.hash) || !drop_suffix(rest, before_hash))
        return foreign;
    const std::string_view hashed = rest;
    if (!drop_suffix(rest, "\"") || !take_digest(rest, link.prev) || !drop_suffix(rest, before_prev) ||
        !take_seq(rest, link.seq))
        return foreign;
    if (sha256.hex(hashed) != link.hash)
        return Error{Side::self, "its content does not match its hash"};
    return link;
}

} // namespace egressd::audit
