#include "proxy/head_text.hpp"

#include <catch2/catch.hpp>

using namespace egressd;
using namespace egressd::proxy;
using Kind = Place::Kind;

namespace {

HeadText text_of(const HeadSaid& said, const std::optional<std::string>& path,
                 const std::vector<Field>& fields) {
    return HeadText(said, net::Host::parse("origin.test").value(), path, fields);
}

/// "kind:name" of what stands where `mark` is found first; "!" in front of a name itself.
std::string spot_of(const HeadText& text, std::string_view mark) {
    const std::size_t at = text.bytes().find(mark);
    if (at == std::string::npos)
        return "absent";
    const HeadText::Spot spot = text.spot_at(at);
    return (spot.in_name ? "!" : "") + Place{spot.kind, std::string(spot.name)}.text() +
           (spot.glued ? "~" : "");
}

} // namespace

TEST_CASE("each byte of a head has its place") {
    HeadSaid said;
    said.spelled_host = "Origin.TEST";
    said.query = "first=one&second=two;third&=four";
    said.socks_user = "somebody";
    const HeadText text = text_of(said, "/files/x", {{"X-One", "alpha"}, {"Cookie", "beta=gamma"}});
    CHECK(spot_of(text, "Origin.TEST") == "host");
    CHECK(spot_of(text, "OriginTEST") == "host");
    CHECK(spot_of(text, "somebody") == "socks");
    CHECK(spot_of(text, "/files/x?first=one&second=two;third&four") == "path");
    CHECK(spot_of(text, "first") == "!query");
    CHECK(spot_of(text, "one") == "query:first");
    CHECK(spot_of(text, "two") == "query:second");
    CHECK(spot_of(text, "third") == "query");
    CHECK(spot_of(text, "four") == "query");
    CHECK(spot_of(text, "X-One") == "!header");
    CHECK(spot_of(text, "alpha") == "header:X-One");
    CHECK(spot_of(text, "gamma") == "header:Cookie");
    CHECK(spot_of(text, "filesx") == "path~");
    CHECK(spot_of(text, "onetwo") == "query:first~");
}

TEST_CASE("what is not forwarded is not in it") {
    const HeadText text = text_of({}, "/",
                                  {{"Host", "h-value"},
                                   {"Proxy-Authorization", "p-value"},
                                   {"Connection", "X-Hop"},
                                   {"X-Hop", "hop-value"},
                                   {"Sec-WebSocket-Extensions", "e-value"},
                                   {"X-End", "end-value"}});
    for (const char* dropped : {"h-value", "p-value", "hop-value", "e-value"})
        CHECK(spot_of(text, dropped) == "absent");
    CHECK(spot_of(text, "end-value") == "header:X-End");
    CHECK(spot_of(text_of({}, std::nullopt, {{"X-End", "end-value"}}), "end-value") == "absent");
}

TEST_CASE("the host as it was spelled") {
    RequestHead head;
    head.fields = {{"Host", "FIELD.test:80"}};
    head.method = "GET";
    head.target = "http://Target.test:80/path?http://other";
    CHECK(spelled_host(head) == "Target.test:80");
    head.target = "/path";
    CHECK(spelled_host(head) == "FIELD.test:80");
    head.method = "CONNECT";
    head.target = "Target.test:443";
    CHECK(spelled_host(head) == "Target.test:443");
}
