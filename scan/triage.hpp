// Is anything in this block encoded at all? Cheap tests, so that ordinary text is not read twice. They may
// say yes too often, and never no where scan/view or scan/packed would find a secret.
#pragma once

#include "scan/letters.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace egressd::scan {

/// Of what is written in ASCII.
struct TextMarks {
    std::vector<Run> escapes; // escapes that can hide something, with what stands around them
    bool quoted_printable = false;
};
TextMarks find_text_marks(std::string_view text);

/// Of what is not.
struct ByteMarks {
    bool utf16 = false;
    bool unusual_letters = false;
    std::vector<std::size_t> compressed; // where a coding's magic number or a ZIP member's header stands
};
ByteMarks find_byte_marks(std::string_view block);

} // namespace egressd::scan
