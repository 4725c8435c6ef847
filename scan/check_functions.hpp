// The checks themselves, each in the file of its kind; checks.cpp gives them their names. Every one takes a
// candidate of any bytes and any length.
#pragma once

#include <string_view>

namespace egressd::scan::checks {

// checks_crc.cpp: a CRC-32 at the end.
bool github(std::string_view token);
bool npm(std::string_view token);
bool gitlab_routable(std::string_view token);
bool grafana(std::string_view token);
bool atlassian(std::string_view token);
bool cloudflare(std::string_view token);
bool vercel(std::string_view token);
bool apify(std::string_view token);
bool confluent(std::string_view token);
bool zuplo(std::string_view token);
bool canva(std::string_view token);
bool salad(std::string_view token);

// checks_proof.cpp: another checksum.
bool github_fine(std::string_view token);
bool age(std::string_view token);
bool nats(std::string_view token);
bool wif(std::string_view token);
bool xprv(std::string_view token);
bool luhn(std::string_view token);
bool iban(std::string_view token);

// checks_azure.cpp
bool azure_devops(std::string_view token);
bool azure_cask(std::string_view token);
bool azure_his(std::string_view token);
bool entra(std::string_view token);

// checks_json.cpp: JSON in base64.
bool jwt(std::string_view token);
bool sentry(std::string_view token);
bool grafana_cloud(std::string_view token);
bool grafana_legacy(std::string_view token);
bool onepassword(std::string_view token);
bool base64_json(std::string_view token);

// checks_structure.cpp: another structure, most in base64.
bool macaroon(std::string_view token);
bool discord(std::string_view token);
bool slack_xoxe(std::string_view token);
bool jfrog(std::string_view token);
bool fly(std::string_view token);
bool aws_key_id(std::string_view token);

// checks_pem.cpp
bool pem(std::string_view token);

// checks_password.cpp
bool basic_auth(std::string_view token);
bool url_password(std::string_view token);

} // namespace egressd::scan::checks
