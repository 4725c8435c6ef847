#include "proxy/parent.hpp"

#include "proxy/http1.hpp"
#include "proxy/session.hpp"
#include "proxy/worker.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace egressd::proxy {

using net::awaitable;
using policy::Reason;
using Opened = boost::system::result<void, Failure>;

namespace {

constexpr std::size_t max_answer = 16 * 1024; // a CONNECT's answer has a handful of fields
constexpr std::size_t read_size = 4 * 1024;
constexpr unsigned max_interim = 8;

std::string base64(const std::string& text) {
    std::vector<unsigned char> out(4 * ((text.size() + 2) / 3) + 1);
    const int size = EVP_EncodeBlock(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    return {out.begin(), out.begin() + size};
}

Failure answered(const ResponseHead& head) {
    std::string message = "the parent proxy answered CONNECT with " + std::to_string(head.status);
    if (head.status == 407)
        message += "; set upstream.proxy_credentials to the environment variable with its user:password";
    return {Reason::upstream_failed, message};
}

/// The next head of the parent's answer, taken out of the buffer.
awaitable<boost::system::result<ResponseHead, Failure>> read_answer(Origin& origin) {
    const Failure broken{Reason::upstream_failed, "the parent proxy's answer to CONNECT is not HTTP"};
    std::size_t scanned = 0;
    for (;;) {
        const Result<HeadEnd> end = find_head_end(origin.buffered, HeadKind::response, scanned);
        if (!end || origin.buffered.size() > max_answer)
            co_return broken;
        if (end->complete) {
            const std::string bytes = origin.buffered.substr(0, end->size);
            origin.buffered.erase(0, end->size);
            ResponseHead head;
            const Result<void> parsed = parse_response_head(bytes, max_answer / 16, head);
            if (!parsed)
                co_return broken;
            head.fields.clear(); // views into `bytes`
            head.reason = std::string_view();
            co_return head;
        }
        const net::error_code ec = co_await read_more(origin.connection, origin.buffered, read_size);
        if (ec) {
            const Failure failure{Reason::upstream_failed, "the parent proxy gave no answer to CONNECT"};
            co_return failure;
        }
    }
}

} // namespace

bool bypasses_parent(const config::UpstreamProxy& parent, const net::Host& host) {
    if (host.is_address())
        return std::any_of(parent.no_proxy_networks.begin(), parent.no_proxy_networks.end(),
                           [&](const net::Network& network) { return network.contains(host.address()); });
    return std::any_of(parent.no_proxy.begin(), parent.no_proxy.end(),
                       [&](const policy::Pattern& pattern) { return pattern.matches(host); });
}

std::string parent_authorization(const config::UpstreamProxy& parent) {
    if (parent.credentials.empty())
        return {};
    return "Proxy-Authorization: Basic " + base64(parent.credentials) + "\r\n";
}

awaitable<Opened> open_through_parent(Session& session, Origin& origin, const config::UpstreamProxy& parent,
                                      const policy::Attempt& attempt) {
    const std::string authority = net::Authority{attempt.host, attempt.port}.text();
    const std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nVia: 1.1 " +
                                session.worker.shared().pseudonym + "\r\n" + parent_authorization(parent) +
                                "\r\n";
    origin.connection.expires_after(session.exchange->settings->limits.connect_timeout);
    const net::error_code ec = co_await origin.connection.write(boost::asio::buffer(request));
    if (ec) {
        const Failure failure{Reason::upstream_failed, "the parent proxy closed the connection"};
        co_return failure;
    }
    for (unsigned interim = 0; interim < max_interim; ++interim) {
        const boost::system::result<ResponseHead, Failure> head = co_await read_answer(origin);
        if (!head)
            co_return head.error();
        if (head->status / 100 == 2)
            co_return Opened();
        if (head->status / 100 != 1 || head->status == 101)
            co_return answered(*head);
    }
    const Failure failure{Reason::upstream_failed,
                          "the parent proxy answers CONNECT with interim responses only"};
    co_return failure;
}

} // namespace egressd::proxy
