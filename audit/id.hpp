// The decision id: a UUIDv7 (RFC 9562 5.7), the one name of an attempt in the log, in the reply and in the
// metrics.
#pragma once

#include <string>

namespace egressd::audit {

/// 36 characters of lower-case text; sortable by time; the random part is from the kernel's generator through
/// a per-thread buffer, so that one agent cannot guess another's id.
std::string new_id();

} // namespace egressd::audit
