// c-ares 1.18 owns its sockets and tells us which of them it wants to read or write (the socket state
// callback). Each is wrapped in a stream_descriptor to wait on; when a wait ends, c-ares does the reading and
// writing. c-ares closes a socket right after it has told us that it wants nothing more, so the descriptor is
// released at that moment, never closed by us. One timer follows ares_timeout().
//
// ares_query sends exactly the name that it is given: no search list, no hosts file, no HOSTALIASES, no
// nsswitch, which ares_getaddrinfo would all consult.
#include "dns/channel.hpp"

#include <ares.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <arpa/nameser.h>
#include <array>
#include <cstring>
#include <stdexcept>
#include <sys/time.h>
#include <unordered_map>

namespace egressd::dns {

namespace asio = boost::asio;

namespace {

/// How often each server is asked: a lost datagram is common, two in a row mean that the server is down.
constexpr int tries = 2;

/// What fits into one packet on any path (DNS flag day 2020); more comes over TCP.
constexpr int udp_payload = 1232;

/// Room to parse more records than are kept, so that duplicates do not push out other addresses.
constexpr std::size_t max_records = 4 * max_addresses_per_family;

struct DestroyChannel {
    void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using ChannelHandle = std::unique_ptr<ares_channeldata, DestroyChannel>;

/// One socket of c-ares. Outlives its closing while a wait on it is still queued.
struct Watch {
    explicit Watch(asio::io_context& io) : descriptor(io) {}
    asio::posix::stream_descriptor descriptor;
    bool open = true;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;
};

struct Query {
    Channel::Type type;
    Channel::Done done;
};

Answer::Kind kind_of(int status) {
    switch (status) {
    case ARES_SUCCESS:
        return Answer::Kind::found;
    case ARES_ENOTFOUND:
        return Answer::Kind::no_name;
    case ARES_ENODATA:
        return Answer::Kind::no_address;
    case ARES_ETIMEOUT:
        return Answer::Kind::timed_out;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return Answer::Kind::cancelled;
    default:
        return Answer::Kind::failed;
    }
}

asio::ip::address address_of(const ares_addrttl& record) {
    asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), &record.ipaddr, bytes.size());
    return asio::ip::address_v4(bytes);
}

asio::ip::address address_of(const ares_addr6ttl& record) {
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &record.ip6addr, bytes.size());
    return asio::ip::address_v6(bytes);
}

template <class Record, class Parse>
Answer parse_records(Parse parse, const unsigned char* message, int length) {
    std::array<Record, max_records> records{};
    int count = static_cast<int>(records.size());
    const int status = parse(message, length, nullptr, records.data(), &count);
    if (status != ARES_SUCCESS) {
        return {kind_of(status), {}, {}};
    }
    Answer answer{Answer::Kind::found, {}, std::chrono::seconds::max()};
    for (int i = 0; i < count && answer.addresses.size() < max_addresses_per_family; ++i) {
        const Record& record = records.at(static_cast<std::size_t>(i));
        const asio::ip::address address = address_of(record);
        if (std::find(answer.addresses.begin(), answer.addresses.end(), address) == answer.addresses.end()) {
            answer.addresses.push_back(address);
            answer.ttl = std::min(answer.ttl, std::chrono::seconds{record.ttl});
        }
    }
    if (answer.addresses.empty()) {
        return {Answer::Kind::no_address, {}, {}};
    }
    return answer;
}

void on_answer(void* data, int status, int /*timeouts*/, unsigned char* message, int length) noexcept {
    const std::unique_ptr<Query> query(static_cast<Query*>(data));
    if (status != ARES_SUCCESS) {
        query->done({kind_of(status), {}, {}});
    } else if (query->type == Channel::Type::a) {
        query->done(parse_records<ares_addrttl>(ares_parse_a_reply, message, length));
    } else {
        query->done(parse_records<ares_addr6ttl>(ares_parse_aaaa_reply, message, length));
    }
}

void require_success(int status, const char* what) {
    if (status != ARES_SUCCESS) {
        throw std::runtime_error(std::string(what) + ": " + ares_strerror(status));
    }
}

void initialise_library() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    require_success(status, "c-ares cannot be initialised");
}

} // namespace

struct Channel::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io_, const std::vector<std::string>& servers,
          std::chrono::milliseconds try_timeout);

    static void on_socket_state(void* data, ares_socket_t socket, int readable, int writable) noexcept;
    void follow(ares_socket_t socket, bool readable, bool writable);
    void wait(const std::shared_ptr<Watch>& watch, ares_socket_t socket);
    void process(ares_socket_t readable, ares_socket_t writable);
    void follow_timeout();

    asio::io_context& io;
    asio::steady_timer timer;
    std::unordered_map<ares_socket_t, std::shared_ptr<Watch>> watches;
    ChannelHandle handle; // last: its destruction calls back into the members above
};

Channel::State::State(asio::io_context& io_, const std::vector<std::string>& servers,
                      std::chrono::milliseconds try_timeout)
    : io(io_), timer(io_) {
    initialise_library();
    ares_options options{};
    options.flags = ARES_FLAG_EDNS;
    options.ednspsz = udp_payload;
    options.timeout = static_cast<int>(try_timeout.count());
    options.tries = tries;
    options.sock_state_cb = on_socket_state;
    options.sock_state_cb_data = this;
    ares_channeldata* made = nullptr;
    const int status = ares_init_options(&made, &options,
                                         ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
                                             ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    require_success(status, "the name servers cannot be set up");
    handle.reset(made);
    if (servers.empty()) {
        return;
    }
    std::string list;
    for (const std::string& server : servers) {
        list += list.empty() ? server : "," + server;
    }
    require_success(ares_set_servers_ports_csv(handle.get(), list.c_str()),
                    "dns.upstream is not a list of addresses");
}

void Channel::State::on_socket_state(void* data, ares_socket_t socket, int readable, int writable) noexcept {
    static_cast<State*>(data)->follow(socket, readable != 0, writable != 0);
}

void Channel::State::follow(ares_socket_t socket, bool readable, bool writable) {
    std::shared_ptr<Watch>& watch = watches[socket];
    if (!watch) {
        watch = std::make_shared<Watch>(io);
        boost::system::error_code error;
        watch->descriptor.assign(socket,
                                 error); // where it fails, nothing is waited for and the query times out
        watch->open = !error;
    }
    watch->wants_read = readable;
    watch->wants_write = writable;
    if (readable || writable) {
        wait(watch, socket);
        return;
    }
    if (watch->open) {
        watch->open = false;
        watch->descriptor.release(); // ends its waits with operation_aborted
    }
    watches.erase(socket);
}

void Channel::State::wait(const std::shared_ptr<Watch>& watch, ares_socket_t socket) {
    using Descriptor = asio::posix::stream_descriptor;
    // `this` is touched only while the watch is open: the channel closes every watch before it goes.
    if (watch->open && watch->wants_read && !watch->waits_read) {
        watch->waits_read = true;
        watch->descriptor.async_wait(Descriptor::wait_read,
                                     [this, watch, socket](boost::system::error_code error) {
                                         watch->waits_read = false;
                                         if (!error && watch->open) {
                                             process(socket, ARES_SOCKET_BAD);
                                             wait(watch, socket);
                                         }
                                     });
    }
    if (watch->open && watch->wants_write && !watch->waits_write) {
        watch->waits_write = true;
        watch->descriptor.async_wait(Descriptor::wait_write,
                                     [this, watch, socket](boost::system::error_code error) {
                                         watch->waits_write = false;
                                         if (!error && watch->open) {
                                             process(ARES_SOCKET_BAD, socket);
                                             wait(watch, socket);
                                         }
                                     });
    }
}

void Channel::State::process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(handle.get(), readable, writable);
    follow_timeout();
}

void Channel::State::follow_timeout() {
    timeval left{};
    if (ares_timeout(handle.get(), nullptr, &left) == nullptr) {
        timer.cancel();
        return;
    }
    timer.expires_after(std::chrono::seconds{left.tv_sec} + std::chrono::microseconds{left.tv_usec});
    // Weak: a wait that has ended is still queued when the channel goes.
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const std::shared_ptr<State> self = weak.lock();
        if (!error && self) {
            self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        }
    });
}

Channel::Channel(asio::io_context& io, const std::vector<std::string>& servers,
                 std::chrono::milliseconds try_timeout)
    : state_(std::make_shared<State>(io, servers, try_timeout)) {}

Channel::~Channel() = default;

void Channel::query(const std::string& name, Type type, Done done) {
    auto query = std::make_unique<Query>(Query{type, std::move(done)});
    ares_query(state_->handle.get(), name.c_str(), ns_c_in, type == Type::a ? ns_t_a : ns_t_aaaa, on_answer,
               query.release());
    state_->follow_timeout();
}

void Channel::cancel() {
    ares_cancel(state_->handle.get());
    state_->follow_timeout();
}

} // namespace egressd::dns
