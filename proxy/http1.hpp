// What does an HTTP/1.1 message say? Heads and chunked bodies taken apart by Beast's parser, strictly checked
// around it by proxy/framing, and written anew from what was parsed: nothing that a peer sent is ever copied
// through unread. Pure: bytes in, values out; it decides nothing.
#pragma once

#include "net/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

/// Views into the bytes that were parsed; they live as long as those.
struct Field {
    std::string_view name;
    std::string_view value;
};

struct RequestHead {
    std::string_view method;
    std::string_view target;
    unsigned version = 11; // 10 or 11
    std::vector<Field> fields;
};

struct ResponseHead {
    unsigned status = 0;
    std::string_view reason;
    unsigned version = 11;
    std::vector<Field> fields;
};

/// How far a head is complete in `bytes`. A bare LF, a bare CR, a first line that cannot become a valid one:
/// error at once, so that a client is told and not left waiting.
enum class HeadKind { request, response };
struct HeadEnd {
    bool complete = false;
    std::size_t size = 0; // of the head with its empty line, when complete
};
/// `scanned` is how many bytes an earlier call has seen; it is moved on, so that many short reads cost no
/// more than one.
Result<HeadEnd> find_head_end(std::string_view bytes, HeadKind kind, std::size_t& scanned);

/// Parses exactly one complete head into `head` (whose capacity is reused). Errors are those of RFC 9112 and
/// of proxy/framing's line rules.
Result<void> parse_request_head(std::string_view bytes, std::size_t max_fields, RequestHead& head);
Result<void> parse_response_head(std::string_view bytes, std::size_t max_fields, ResponseHead& head);

/// Case-insensitive (RFC 9110 5.1).
bool same_name(std::string_view a, std::string_view b);
/// How many fields have this name.
std::size_t count_fields(const std::vector<Field>& fields, std::string_view name);
/// The value of the first field of this name, or an empty view.
std::string_view field_value(const std::vector<Field>& fields, std::string_view name);
/// True where a comma-separated list field (all its occurrences) holds `token`, case-insensitively.
bool list_contains(const std::vector<Field>& fields, std::string_view name, std::string_view token);

/// The chunked transfer coding (RFC 9112 7.1), decoded piece by piece.
class ChunkedDecoder {
public:
    enum class Extensions { refused, dropped };
    explicit ChunkedDecoder(Extensions extensions);
    ~ChunkedDecoder();
    ChunkedDecoder(ChunkedDecoder&&) noexcept;

    struct Step {
        std::size_t consumed = 0; // of the input; what is left must be given again, with more behind it
        bool done = false;        // the last chunk and the trailer section are read
    };
    /// Appends decoded bytes to `out`. Errors: a bad or overflowing size, a bad chunk end, an extension
    /// (unless dropped), a trailer field that RFC 9110 6.5.1 forbids, more than `max_trailer` bytes of
    /// trailers. Allowed trailers are dropped.
    Result<Step> decode(std::string_view input, std::string& out);

    static constexpr std::size_t max_trailer = 8 * 1024;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// "1a2b\r\n", the size line of a chunk of `size` > 0 bytes.
std::string chunk_header(std::size_t size);
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

} // namespace egressd::proxy
