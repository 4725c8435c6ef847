// Does one entry permit all that another does? For what compares policies instead of judging attempts: the
// warnings of `check` and of a reload. It compares what is written; two globs that mean the same but read
// differently are different.
#pragma once

#include "policy/rule.hpp"

namespace egressd::policy {

// Each: is everything that `narrow` names also named by `wide`? Without any, a rule names all.
bool covers_ports(const Rule& wide, const Rule& narrow);
bool covers_methods(const Rule& wide, const Rule& narrow);
bool covers_paths(const Rule& wide, const Rule& narrow);
/// Every private range of `narrow` lies in one of `wide`; no range is none.
bool covers_private(const Rule& wide, const Rule& narrow);
/// `raw` covers `tunnel`.
bool covers_tls(const Rule& wide, const Rule& narrow);
/// `off` covers `alert`.
bool covers_secrets(const Rule& wide, const Rule& narrow);
/// Every pin of `narrow` is one of `wide`, and every header that `wide` pins is pinned; without any, a rule
/// lets all credentials through.
bool covers_credentials(const Rule& wide, const Rule& narrow);

/// Ports, methods and paths: the attempts that an entry is about, whatever its pattern.
bool covers_attempts(const Rule& wide, const Rule& narrow);

/// "80, 443", "GET, HEAD", or "any".
std::string list_of_ports(const Rule& rule);
std::string list_of(const std::vector<std::string>& items);

} // namespace egressd::policy
