// The life of one question for a name: what session.cpp is for a request. Decide, look for secrets in the
// name, write it down, and only then ask a name server; whatever happens, the entry files the end record.
// Names that are denied cause no query, nor do those that get an address that stands for them.
#pragma once

#include "dns/answer.hpp"
#include "dns/memo.hpp"
#include "dns/responder.hpp"
#include "dns/synthetic.hpp"
#include "proxy/inspection.hpp"
#include "proxy/session.hpp"

#include <functional>
#include <optional>
#include <string>

namespace egressd::proxy {

class NameQuery final : public dns::Waiting {
public:
    /// `asked` was taken apart into `parsed`, and is copied.
    NameQuery(Worker& worker, const std::string& task, const dns::Asked& asked, const dns::Parsed& parsed);
    ~NameQuery() override;

    /// Decides it. False where the log and a name server have to be waited for: then reply() answers, and
    /// `on_end` is called when it is gone.
    bool settle();
    std::function<void()> on_end;

    /// Says no without looking at it: there are too many.
    void turn_away(policy::Reason reason);

    /// Once it is settled: the size of the reply; 0 where none is due.
    std::size_t write(std::span<char, dns::max_reply> out) const;
    /// With what later questions like this one may be answered, unseen; nullopt while each has its own
    /// record.
    std::optional<dns::KeptReply> kept() const;

    boost::asio::awaitable<std::string> reply() override;

private:
    struct Conclusion;

    void judge();
    void look_for_secrets(const std::string& spelled);
    bool is_affordable(bool lookup);
    void answer_synthetically();
    dns::Addresses synthetic_answer(dns::Synthetic::Kind kind);
    Conclusion conclusion_of(const dns::Outcome& outcome) const;
    void answer_here(Conclusion conclusion);
    void deny(policy::Reason reason);
    void file();
    void say(Conclusion conclusion);
    void alert_of_address() const;

    Worker& worker_;
    std::string message_; // what the query's views point into
    std::string peer_;
    dns::Parsed parsed_;
    bool in_stream_;
    Exchange exchange_;
    HeadReport report_;
    bool no_data_ = false;
    bool is_passing_ = false; // refused for what may be over in a moment, and has nothing to do with the name
    dns::KeptReply said_;
};

/// `kept` said to `query`, which came as `asked`. In a datagram a refusal is at most twice as long as what it
/// refuses: nobody can make egressd shout at a third.
std::size_t write_kept(const dns::Query& query, const dns::KeptReply& kept, const dns::Asked& asked,
                       std::span<char, dns::max_reply> out);

} // namespace egressd::proxy
