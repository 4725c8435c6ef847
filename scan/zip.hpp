// Where does a compressed member of a ZIP file begin (.zip, .jar, .whl, .docx ...)? Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace egressd::scan {

/// A member begins here, compressed or not.
bool begins_member(std::string_view bytes);

/// Of a local file header (APPNOTE 4.3.7) at the beginning of `bytes`: how many bytes behind it the deflated
/// data begins. nullopt where there is none, or it is stored, encrypted, packed otherwise, or cut short.
std::optional<std::size_t> deflated_member(std::string_view bytes);

} // namespace egressd::scan
