#include "cli/process.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>

using namespace egressd;

TEST_CASE("no core is dumped, whatever the kernel does with cores") {
    const int before = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    cli::forbid_core_dumps();
    rlimit limit{1, 1};
    CHECK(::getrlimit(RLIMIT_CORE, &limit) == 0);
    CHECK(limit.rlim_cur == 0);
    CHECK(limit.rlim_max == 0);
    CHECK(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    // What egressd reads of itself stays readable, also for others than root.
    std::error_code problem;
    CHECK_FALSE(std::filesystem::read_symlink("/proc/self/exe", problem).empty());
    cli::forbid_core_dumps();
    ::prctl(PR_SET_DUMPABLE, before, 0, 0, 0); // for the checkers of leaks that trace the tests
}
