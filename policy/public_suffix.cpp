#include "policy/public_suffix.hpp"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <memory>

namespace egressd::policy {
namespace {

struct FreePsl {
    void operator()(psl_ctx_t* list) const { psl_free(list); }
};

/// On the list to keep the cookies of content hosts apart, yet nobody can register a name below them.
constexpr std::array<std::string_view, 1> closed_suffixes{"githubusercontent.com"};

} // namespace

bool is_public_suffix(const std::string& name) {
    if (std::find(closed_suffixes.begin(), closed_suffixes.end(), name) != closed_suffixes.end())
        return false;
    static const std::unique_ptr<psl_ctx_t, FreePsl> latest(psl_latest(nullptr));
    const psl_ctx_t* list = latest ? latest.get() : psl_builtin();
    // Without any list nothing can be told apart, so everything is one.
    return list == nullptr || psl_is_public_suffix2(list, name.c_str(), PSL_TYPE_ANY) != 0;
}

std::string_view registered_domain(std::string_view name) {
    std::size_t dot = name.rfind('.');
    while (dot != std::string_view::npos) {
        const std::string_view candidate = name.substr(dot + 1);
        if (!is_public_suffix(std::string(candidate)))
            return candidate;
        dot = dot == 0 ? std::string_view::npos : name.rfind('.', dot - 1);
    }
    return name;
}

} // namespace egressd::policy
