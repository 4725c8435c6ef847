#include "cli/process.hpp"

#include <cerrno>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>

namespace egressd::cli {

void forbid_core_dumps() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot forbid core dumps (RLIMIT_CORE)");
    // The limit does not hold where the kernel pipes cores into a program, as systemd has it do.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot forbid core dumps (PR_SET_DUMPABLE)");
}

} // namespace egressd::cli
