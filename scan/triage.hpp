// Is anything in this block encoded at all? Cheap tests, so that ordinary text is not read twice. They may
// say yes too often, and never no where scan/view or scan/packed would find a secret.
#pragma once

#include "scan/letters.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace egressd::scan {

struct Marks {
    std::vector<Run> escapes; // escapes that can hide something, with what stands around them
    bool quoted_printable = false;
    bool utf16 = false;
    bool unusual_letters = false;        // outside ASCII
    std::vector<std::size_t> compressed; // where a coding's magic number or a ZIP member's header stands
};

Marks find_marks(std::string_view block);

} // namespace egressd::scan
