// What does a request say besides its body? Host, path, query and fields as one text for the scanner, with a
// map from each byte back to the place where it stood. What is not forwarded is not in it. Pure.
#pragma once

#include "net/host.hpp"
#include "proxy/http1.hpp"
#include "proxy/verdict.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace egressd::proxy {

/// The parts of a head that are not in its fields. Views into what outlives the text.
struct HeadSaid {
    std::string_view spelled_host; // as it came: case says something that a canonical name no longer does
    std::string_view method;       // any token: a place like every other
    std::string_view query;
    std::string_view socks_user;
};

/// The host as it stands in a head's target or Host field; empty where there is none.
std::string_view spelled_host(const RequestHead& head);

class HeadText {
public:
    /// `path` is canonical; nullopt where only a connection is asked for, whose fields go nowhere.
    HeadText(const HeadSaid& said, const net::Host& host, const std::optional<std::string>& path,
             const std::vector<Field>& fields);

    const std::string& bytes() const { return bytes_; }

    struct Spot {
        Place::Kind kind = Place::Kind::host;
        std::string_view name;        // as it came
        const Field* field = nullptr; // of a header
        bool in_name = false;         // the byte is a part of the name itself: it must not be shown
        bool glued = false;           // in the view where values stand without what parts them
    };
    Spot spot_at(std::uint64_t offset) const;

private:
    void add(Spot spot, std::string_view text);
    void part();
    void add_query(std::string_view query);
    void add_fields(const std::vector<Field>& fields);
    void add_glued(const std::optional<std::string>& path, std::string_view query);

    struct Segment {
        std::size_t begin = 0;
        Spot spot;
    };
    std::string bytes_;
    std::vector<Segment> segments_;
};

} // namespace egressd::proxy
