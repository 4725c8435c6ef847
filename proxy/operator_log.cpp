#include "proxy/operator_log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <unistd.h>

namespace egressd::proxy {

namespace {

bool is_terminal = false;

std::string render(std::string_view level, std::string_view event, std::string_view message,
                   LogFields fields) {
    if (is_terminal) {
        std::string line(message);
        for (const auto& [name, value] : fields)
            line.append("  ").append(name).append("=").append(value);
        return line;
    }
    boost::json::object object{{"level", level}, {"event", event}, {"message", message}};
    for (const auto& [name, value] : fields)
        object[name] = value;
    return boost::json::serialize(object).substr(1); // the pattern writes "{" and the time before it
}

void log(spdlog::level::level_enum level, std::string_view name, std::string_view event,
         std::string_view message, LogFields fields) {
    spdlog::default_logger_raw()->log(level, render(name, event, message, fields));
}

} // namespace

void start_operator_log() {
    is_terminal = ::isatty(STDERR_FILENO) == 1;
    std::shared_ptr<spdlog::logger> logger;
    if (is_terminal) {
        logger = std::make_shared<spdlog::logger>(
            "egressd", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>());
        logger->set_pattern("%H:%M:%S %^%l%$ %v");
    } else {
        logger =
            std::make_shared<spdlog::logger>("egressd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        logger->set_pattern("{\"ts\":\"%Y-%m-%dT%H:%M:%S.%fZ\",%v", spdlog::pattern_time_type::utc);
    }
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

void log_info(std::string_view event, std::string_view message, LogFields fields) {
    log(spdlog::level::info, "info", event, message, fields);
}

void log_warning(std::string_view event, std::string_view message, LogFields fields) {
    log(spdlog::level::warn, "warning", event, message, fields);
}

void log_error(std::string_view event, std::string_view message, LogFields fields) {
    log(spdlog::level::err, "error", event, message, fields);
}

} // namespace egressd::proxy
