// A name server on loopback whose every answer is written in the test: UDP and TCP on one port, in the test's
// own io_context. It counts what it was asked, because what egressd must not ask matters as much as what it
// does with the answers.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace egressd::dns::test {

namespace asio = boost::asio;

enum class Type : std::uint16_t { a = 1, cname = 5, aaaa = 28 };

inline std::string u16(std::size_t value) {
    return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

inline std::string u32(std::uint32_t value) {
    return u16(value >> 16) + u16(value & 0xffff);
}

/// "x.test" as labels.
inline std::string wire_name(const std::string& name) {
    std::string wire;
    std::size_t begin = 0;
    while (begin < name.size()) {
        const std::size_t end = std::min(name.find('.', begin), name.size());
        wire += static_cast<char>(end - begin) + name.substr(begin, end - begin);
        begin = end + 1;
    }
    return wire + '\0';
}

struct Record {
    std::string owner;
    Type type = Type::a;
    std::uint32_t ttl = 0;
    std::string data;

    std::string wire() const {
        return wire_name(owner) + u16(static_cast<std::size_t>(type)) + u16(1) + u32(ttl) + u16(data.size()) +
               data;
    }
};

inline Record address_record(const std::string& owner, const std::string& text, std::uint32_t ttl) {
    const asio::ip::address address = asio::ip::make_address(text);
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {owner, Type::a, ttl, std::string(bytes.begin(), bytes.end())};
    }
    const auto bytes = address.to_v6().to_bytes();
    return {owner, Type::aaaa, ttl, std::string(bytes.begin(), bytes.end())};
}

inline Record alias_record(const std::string& owner, const std::string& target, std::uint32_t ttl) {
    return {owner, Type::cname, ttl, wire_name(target)};
}

inline constexpr unsigned no_error = 0;
inline constexpr unsigned server_failure = 2;
inline constexpr unsigned name_error = 3;

struct Reply {
    std::vector<Record> records;
    unsigned code = no_error;
    unsigned lost = 0;      // this many queries get no answer
    bool truncated = false; // over UDP: an empty answer with TC
    bool wrong_id = false;  // as somebody would send who guesses
};

inline constexpr unsigned every = ~0U;

class ScriptedDnsServer {
public:
    explicit ScriptedDnsServer(asio::io_context& io) : udp_(io), acceptor_(io) {
        while (!bind_one_port()) {
        }
        receive();
        accept();
    }

    std::string address() const { return "127.0.0.1:" + std::to_string(udp_.local_endpoint().port()); }

    /// What to say from now on. Names without a script do not exist; other types of a name with one have no
    /// record.
    void script(const std::string& name, Type type, Reply reply) {
        replies_[{name, type}] = std::move(reply);
    }

    unsigned queries() const { return queries_; }
    unsigned queries(const std::string& name, Type type) const {
        const auto found = asked_.find({name, type});
        return found == asked_.end() ? 0 : found->second;
    }
    unsigned tcp_queries() const { return tcp_queries_; }

private:
    using Key = std::pair<std::string, Type>;

    struct Stream {
        explicit Stream(asio::ip::tcp::socket socket_) : socket(std::move(socket_)) {}
        asio::ip::tcp::socket socket;
        std::array<char, 512> in{};
        std::string out;
    };

    /// A port that is free for UDP may be somebody's for TCP: then the next one is tried.
    bool bind_one_port() {
        udp_ = asio::ip::udp::socket(udp_.get_executor(), {asio::ip::address_v4::loopback(), 0});
        acceptor_ = asio::ip::tcp::acceptor(udp_.get_executor(), asio::ip::tcp::v4());
        boost::system::error_code error;
        acceptor_.bind({asio::ip::address_v4::loopback(), udp_.local_endpoint().port()}, error);
        if (!error) {
            acceptor_.listen();
        }
        return !error;
    }

    void receive() {
        udp_.async_receive_from(
            asio::buffer(buffer_), peer_, [this](boost::system::error_code error, std::size_t size) {
                if (error) {
                    return;
                }
                const std::string reply = reply_to(std::string(buffer_.data(), size), true);
                if (!reply.empty()) {
                    udp_.send_to(asio::buffer(reply), peer_);
                }
                receive();
            });
    }

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code error, asio::ip::tcp::socket socket) {
            if (error) {
                return;
            }
            serve(std::make_shared<Stream>(std::move(socket)));
            accept();
        });
    }

    void serve(const std::shared_ptr<Stream>& stream) {
        asio::async_read(stream->socket, asio::buffer(stream->in, 2),
                         [this, stream](boost::system::error_code error, std::size_t) {
                             if (error) {
                                 return;
                             }
                             const std::size_t size = number(std::string(stream->in.data(), 2), 0);
                             asio::async_read(
                                 stream->socket, asio::buffer(stream->in, size),
                                 [this, stream](boost::system::error_code failed, std::size_t got) {
                                     if (failed) {
                                         return;
                                     }
                                     ++tcp_queries_;
                                     const std::string reply =
                                         reply_to(std::string(stream->in.data(), got), false);
                                     stream->out = u16(reply.size()) + reply;
                                     asio::async_write(stream->socket, asio::buffer(stream->out),
                                                       [this, stream](boost::system::error_code,
                                                                      std::size_t) { serve(stream); });
                                 });
                         });
    }

    static std::size_t number(const std::string& bytes, std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(at))) << 8 |
               static_cast<unsigned char>(bytes.at(at + 1));
    }

    std::string reply_to(const std::string& query, bool over_udp) {
        std::string name;
        std::size_t at = 12;
        while (query.at(at) != 0) {
            const auto length = static_cast<std::size_t>(query.at(at));
            name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
            at += 1 + length;
        }
        const auto type = static_cast<Type>(number(query, at + 1));
        const std::string question = query.substr(12, at + 5 - 12);
        ++queries_;
        ++asked_[{name, type}];

        Reply* reply = find(name, type);
        if (reply != nullptr && reply->lost > 0) {
            reply->lost -= reply->lost == every ? 0 : 1;
            return {};
        }
        const bool known = find(name, Type::a) != nullptr || find(name, Type::aaaa) != nullptr;
        const unsigned code = reply != nullptr ? reply->code : known ? no_error : name_error;
        const bool cut = reply != nullptr && reply->truncated && over_udp;
        const std::string id =
            reply != nullptr && reply->wrong_id ? u16(number(query, 0) ^ 1) : query.substr(0, 2);
        const std::size_t count = reply != nullptr && !cut ? reply->records.size() : 0;
        std::string wire =
            id + u16(0x8180 | (cut ? 0x0200 : 0) | code) + u16(1) + u16(count) + u16(0) + u16(0) + question;
        for (std::size_t i = 0; i < count; ++i) {
            wire += reply->records[i].wire();
        }
        return wire;
    }

    Reply* find(const std::string& name, Type type) {
        const auto found = replies_.find({name, type});
        return found == replies_.end() ? nullptr : &found->second;
    }

    asio::ip::udp::socket udp_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::udp::endpoint peer_;
    std::array<char, 2048> buffer_{};
    std::map<Key, Reply> replies_;
    std::map<Key, unsigned> asked_;
    unsigned queries_ = 0;
    unsigned tcp_queries_ = 0;
};

} // namespace egressd::dns::test
