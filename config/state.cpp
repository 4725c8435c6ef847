#include "config/state.hpp"

#include "config/lookup.hpp"

#include <filesystem>

namespace egressd::config {
namespace {

using Kind = yaml::Node::Kind;

std::string absolute_path(const yaml::Node& node, std::string_view key, const FileReport& report,
                          const Settings& settings) {
    if (node.text.starts_with('~'))
        report.error(node.at, std::string(key) + ": \"~\" is not expanded; write the path out");
    return std::filesystem::absolute(beside(settings.file, node.text)).string();
}

/// The certificate is looked at, so that a wrong path shows at once; the key is not, because whoever checks a
/// policy need not be able to read it.
void read_own_ca(const yaml::Node& certificate, const yaml::Node& key, const Surroundings& surroundings,
                 const FileReport& report, Settings& settings) {
    settings.ca.certificate = absolute_path(certificate, "inspection.ca.cert", report, settings);
    settings.ca.key = absolute_path(key, "inspection.ca.key", report, settings);
    const Result<std::string> text = surroundings.read_file(settings.ca.certificate);
    if (!text)
        report.error(certificate.at, "inspection.ca.cert: cannot read " + in_quotes(certificate.text) + ": " +
                                         text.error().message);
    else if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
        report.error(certificate.at, "inspection.ca.cert: " + in_quotes(certificate.text) +
                                         " holds no certificate in PEM form");
}

} // namespace

/// The XDG base directory specification: a relative XDG_STATE_HOME is to be ignored.
std::optional<std::string> default_state(const Surroundings& surroundings) {
    if (surroundings.is_root)
        return "/var/lib/egressd";
    const std::optional<std::string> state = surroundings.variable("XDG_STATE_HOME");
    if (state && state->starts_with('/'))
        return *state + "/egressd";
    const std::optional<std::string> home = surroundings.variable("HOME");
    if (home && home->starts_with('/'))
        return *home + "/.local/state/egressd";
    return std::nullopt;
}

void read_state(const yaml::Node& root, const Surroundings& surroundings, const FileReport& report,
                Settings& settings) {
    const yaml::Node* state = scalar_at(root, "state");
    settings.state = state != nullptr ? absolute_path(*state, "state", report, settings)
                                      : default_state(surroundings).value_or("");
    while (settings.state.size() > 1 && settings.state.ends_with('/')) // other names are made from this one
        settings.state.pop_back();
    const yaml::Node* certificate = scalar_at(root, "inspection.ca.cert");
    const yaml::Node* key = scalar_at(root, "inspection.ca.key");
    if (certificate != nullptr && key != nullptr)
        return read_own_ca(*certificate, *key, surroundings, report, settings);
    if (settings.state.empty())
        return report.error(
            {}, "state is missing, and there is neither XDG_STATE_HOME nor HOME to put the directory below");
    settings.ca = own_ca_in(settings.state);
}

} // namespace egressd::config
