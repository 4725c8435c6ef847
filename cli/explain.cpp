#include "cli/explain.hpp"

#include "cli/attempt.hpp"
#include "cli/commands.hpp"
#include "cli/findings.hpp"
#include "config/json.hpp"
#include "dns/verdict.hpp"
#include "policy/rule.hpp"
#include "proxy/intercept.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace egressd::cli {
namespace {

/// What is known without a query: the host itself, or its static answers.
std::vector<boost::asio::ip::address> known_addresses(const config::Settings& settings,
                                                      const net::Host& host) {
    if (host.is_address())
        return {host.address()};
    const auto found = settings.dns.hosts.find(host.text());
    return found == settings.dns.hosts.end() ? std::vector<boost::asio::ip::address>() : found->second;
}

/// Everything that is shown, made once for both forms of output.
struct Shown {
    std::string rule; // empty where none matched
    std::string message;
    std::string fix;
};

Shown describe(const Answer& answer) {
    Shown shown;
    if (answer.decision.rule != nullptr)
        shown.rule = answer.decision.rule->source.text();
    shown.message = policy::explanation(answer.decision, answer.attempt);
    shown.fix = policy::remedy(answer.decision, answer.attempt);
    return shown;
}

void print_json(std::ostream& out, const Answer& answer, const Shown& shown) {
    const policy::Attempt& attempt = answer.attempt;
    boost::json::object object;
    object["verdict"] = policy::to_text(answer.decision.verdict);
    object["reason"] = policy::to_text(answer.decision.reason);
    object["proto"] = policy::to_text(attempt.protocol);
    object["task"] = attempt.task;
    object["host"] = attempt.host.text();
    if (attempt.protocol == policy::Protocol::dns) {
        object["qtype"] = attempt.query_type;
        object["reply"] = answer.reply;
    } else {
        object["port"] = attempt.port;
    }
    if (answer.in_tls)
        object["tls"] = policy::to_text(policy::Tls::inspect);
    if (attempt.method)
        object["method"] = *attempt.method;
    if (attempt.path)
        object["path"] = *attempt.path;
    if (!answer.address.empty())
        object["ip"] = answer.address;
    if (!shown.rule.empty())
        object["rule"] = shown.rule;
    object["message"] = shown.message;
    if (!shown.fix.empty())
        object["fix"] = shown.fix;
    out << config::pretty(object);
}

void print_text(std::ostream& out, const Answer& answer, const Shown& shown) {
    out << policy::to_text(answer.decision.verdict) << "  " << text_of(answer.attempt, answer.in_tls) << '\n'
        << "  reason  " << policy::to_text(answer.decision.reason) << '\n'
        << "  rule    " << (shown.rule.empty() ? "none" : shown.rule) << '\n'
        << "  why     " << shown.message << '\n';
    if (!answer.address.empty())
        out << "  address " << answer.address << '\n';
    if (!answer.reply.empty())
        out << "  reply   " << answer.reply << '\n';
    if (!shown.fix.empty())
        out << "  fix     " << shown.fix << '\n';
    if (answer.decision.lets_through() && !answer.attempt.host.is_address() && answer.reply.empty())
        out << "  then    its addresses are judged when it is resolved: special-purpose ones need "
               "`private`\n";
}

/// As for live traffic: one address that passes is enough.
void refuse_forbidden(const config::Settings& settings, Answer& answer, std::uint16_t port) {
    policy::Reason refusal = policy::Reason::allowed;
    for (const boost::asio::ip::address& address : known_addresses(settings, answer.attempt.host)) {
        const policy::Reason reason =
            settings.policy->judge_address(answer.decision, address, port, {&settings.proxy_listen, 1});
        if (reason == policy::Reason::allowed) {
            answer.address.clear();
            return;
        }
        refusal = reason;
        answer.address = address.to_string();
    }
    if (refusal != policy::Reason::allowed) {
        answer.decision.verdict = policy::Verdict::deny;
        answer.decision.reason = refusal;
    }
}

Answer judge_attempt(const config::Settings& settings, const policy::Attempt& attempt) {
    Answer answer;
    answer.attempt = attempt;
    if (attempt.task != default_task) {
        answer.decision = {policy::Verdict::deny, policy::Reason::task_unknown, nullptr};
        return answer;
    }
    answer.decision = settings.policy->decide(attempt);
    if (answer.decision.lets_through())
        refuse_forbidden(settings, answer, attempt.port);
    return answer;
}

/// What a client would be answered for a name that is let through.
std::string reply_text(const config::Settings& settings, const Answer& answer, bool no_data) {
    if (no_data)
        return "NOERROR without records";
    if (settings.dns.synthetic)
        return "an address that stands for the name";
    if (!settings.dns.hosts.contains(answer.attempt.host.text()))
        return "its addresses, of those that may be dialled";
    std::string text;
    for (const boost::asio::ip::address& address : known_addresses(settings, answer.attempt.host)) {
        const bool is_asked_for = address.is_v4() == (answer.attempt.query_type == "A");
        const policy::Reason reason = settings.policy->judge_address(answer.decision, address, 0, {});
        if (is_asked_for && reason == policy::Reason::allowed)
            text += (text.empty() ? "" : ", ") + address.to_string();
    }
    return text.empty() ? "NOERROR without records" : text;
}

} // namespace

Answer judge_question(const config::Settings& settings, const Question& question, dns::QueryType type) {
    dns::Verdict verdict = dns::judge(*settings.policy, question.task, question.target, type);
    Answer answer;
    answer.attempt = std::move(verdict.attempt);
    answer.decision = verdict.decision;
    if (question.task != default_task)
        answer.decision = {policy::Verdict::deny, policy::Reason::task_unknown, nullptr};
    if (answer.decision.lets_through())
        refuse_forbidden(settings, answer, 0);
    const policy::Reason reason = answer.decision.reason;
    const bool sinks = settings.dns.sinkhole &&
                       (reason == policy::Reason::not_listed || reason == policy::Reason::denied_by_rule);
    if (answer.decision.lets_through())
        answer.reply = reply_text(settings, answer, verdict.no_data);
    else if (sinks)
        answer.reply = "an address at which the connection is refused";
    else
        answer.reply = dns::refusal_text(reason);
    return answer;
}

Answer judge(const config::Settings& settings, const Asked& asked) {
    Answer connection = judge_attempt(settings, asked.first);
    if (!asked.inside || !connection.decision.lets_through() ||
        policy::treatment_of(connection.decision.rule) != policy::Tls::inspect)
        return connection;
    if (proxy::way_inside(asked.first.port) != proxy::Way::secure) {
        connection.decision.verdict = policy::Verdict::deny;
        connection.decision.reason = policy::Reason::not_tls;
        return connection;
    }
    Answer request = judge_attempt(settings, *asked.inside);
    request.in_tls = true;
    return request;
}

namespace {

Result<Answer> answer_to(const config::Settings& settings, const Question& question) {
    if (question.is_dns) {
        const std::optional<dns::QueryType> type = dns::parse_type(question.type);
        if (!type)
            return Error{Side::self,
                         net::sanitised(question.type) + " is no type of DNS query, such as AAAA"};
        return judge_question(settings, question, *type);
    }
    Result<Asked> asked = parse_asked(question.method, question.target);
    if (!asked)
        return Error{Side::self, net::sanitised(question.target) + ": " + asked.error().message};
    asked->first.task = question.task;
    if (asked->inside)
        asked->inside->task = question.task;
    return judge(settings, *asked);
}

} // namespace

int explain(const Question& question, std::ostream& out, std::ostream& err) {
    const config::Loaded loaded = config::load(question.config);
    print_findings(err, loaded.diagnostics);
    if (!loaded.settings)
        return exit_usage;
    const Result<Answer> judged = answer_to(*loaded.settings, question);
    if (!judged) {
        err << "egressd: " << judged.error().message << '\n';
        return exit_usage;
    }
    const Answer& answer = *judged;
    const Shown shown = describe(answer);
    if (question.as_json)
        print_json(out, answer, shown);
    else
        print_text(out, answer, shown);
    return answer.decision.lets_through() ? exit_ok : exit_refused;
}

void add_explain(CLI::App& app, int& exit_code) {
    CLI::App* command =
        app.add_subcommand("explain", "Say whether a request would be let through, and by which rule");
    command->footer(
        "The same decision as for live traffic; nothing is connected to and no name is looked "
        "up. An http:// URL is\n"
        "judged as the request. An https:// URL is judged as the connection that a client asks for "
        "(CONNECT) and, unless\n"
        "the rule says `tls: tunnel` or `tls: raw`, as the request inside it: the first line says "
        "which of them was judged\n"
        "last. A host or host:port is the connection alone. With --dns it is a question for a name, and "
        "of which type (A\n"
        "unless said).\n"
        "Exit code: 0 let through, 1 refused, 2 for a wrong command line or configuration.\n\n"
        "Examples:\n"
        "  egressd explain --config allow.yaml https://api.anthropic.com/\n"
        "  egressd explain --config allow.yaml POST https://packages.example/upload\n"
        "  egressd explain --config allow.yaml --json db.internal.example:5432\n"
        "  egressd explain --config allow.yaml --dns api.anthropic.com AAAA");
    const auto question = std::make_shared<Question>();
    const auto request = std::make_shared<std::vector<std::string>>();
    command->add_option("-c,--config", question->config, "The configuration, such as allow.yaml")->required();
    command->add_option("REQUEST", *request, "[METHOD] URL, or with --dns NAME [TYPE]")
        ->required()
        ->expected(1, 2)
        ->type_name("");
    command->add_flag("--dns", question->is_dns, "Ask as a DNS client does");
    command->add_option("--task", question->task, "Who asks")->capture_default_str();
    command->add_flag("--json", question->as_json, "Answer as one JSON object");
    command->callback([question, request, &exit_code] {
        question->target = question->is_dns ? request->front() : request->back();
        if (request->size() > 1 && question->is_dns)
            question->type = request->back();
        else if (request->size() > 1)
            question->method = request->front();
        exit_code = explain(*question, std::cout, std::cerr);
    });
}

} // namespace egressd::cli
