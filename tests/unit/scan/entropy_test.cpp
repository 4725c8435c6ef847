#include "scan/checks.hpp"

#include <catch2/catch.hpp>

#include <string>

using egressd::scan::entropy;

TEST_CASE("entropy is zero where nothing varies") {
    CHECK(entropy("") == 0);
    CHECK(entropy("a") == 0);
    CHECK(entropy("aaaaaaaa") == 0);
}

TEST_CASE("entropy of equally frequent bytes is the logarithm of their number") {
    CHECK(entropy("ab") == Approx(1));
    CHECK(entropy("abcdabcd") == Approx(2));
    CHECK(entropy("0123456789abcdef") == Approx(4));
    std::string all;
    for (int byte = 0; byte < 256; ++byte) {
        all += static_cast<char>(byte);
    }
    CHECK(entropy(all) == Approx(8));
}

TEST_CASE("entropy weighs each byte by its share") {
    // 1/2 * 1 + 1/4 * 2 + 1/4 * 2
    CHECK(entropy("aabc") == Approx(1.5));
    // 3/4 * log2(4/3) + 1/4 * 2
    CHECK(entropy("aaab") == Approx(0.811278).epsilon(1e-5));
}
