#include "scan/checks.hpp"

#include "scan/check_functions.hpp"

#include <algorithm>
#include <array>

namespace egressd::scan {

namespace {

struct Named {
    std::string_view name;
    Check check;
};

constexpr std::array named = {
    Named{"age", checks::age},
    Named{"apify", checks::apify},
    Named{"atlassian", checks::atlassian},
    Named{"aws-key-id", checks::aws_key_id},
    Named{"azure-cask", checks::azure_cask},
    Named{"azure-devops", checks::azure_devops},
    Named{"azure-his", checks::azure_his},
    Named{"base64-json", checks::base64_json},
    Named{"basic-auth", checks::basic_auth},
    Named{"canva", checks::canva},
    Named{"cloudflare", checks::cloudflare},
    Named{"confluent", checks::confluent},
    Named{"discord", checks::discord},
    Named{"entra", checks::entra},
    Named{"fly", checks::fly},
    Named{"github", checks::github},
    Named{"github-fine", checks::github_fine},
    Named{"gitlab-routable", checks::gitlab_routable},
    Named{"grafana", checks::grafana},
    Named{"grafana-cloud", checks::grafana_cloud},
    Named{"grafana-legacy", checks::grafana_legacy},
    Named{"iban", checks::iban},
    Named{"jfrog", checks::jfrog},
    Named{"jwt", checks::jwt},
    Named{"luhn", checks::luhn},
    Named{"macaroon", checks::macaroon},
    Named{"mongodb-url", checks::url_password},
    Named{"nats", checks::nats},
    Named{"npm", checks::npm},
    Named{"onepassword", checks::onepassword},
    Named{"pem", checks::pem},
    Named{"salad", checks::salad},
    Named{"sentry", checks::sentry},
    Named{"slack-xoxe", checks::slack_xoxe},
    Named{"url-password", checks::url_password},
    Named{"vercel", checks::vercel},
    Named{"wif", checks::wif},
    Named{"xprv", checks::xprv},
    Named{"zuplo", checks::zuplo},
};

static_assert(std::is_sorted(named.begin(), named.end(),
                             [](const Named& a, const Named& b) { return a.name < b.name; }));

} // namespace

Check find_check(std::string_view name) {
    const auto* found = std::lower_bound(named.begin(), named.end(), name,
                                         [](const Named& row, std::string_view n) { return row.name < n; });
    return found != named.end() && found->name == name ? found->check : nullptr;
}

const std::vector<std::string_view>& check_names() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> all;
        for (const Named& row : named) {
            all.push_back(row.name);
        }
        return all;
    }();
    return names;
}

} // namespace egressd::scan
