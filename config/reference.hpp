// What can be written into allow.yaml? The schema table told twice: as Markdown for people and as a JSON
// Schema for editors. The copies in the repository are config/reference.md and config/allow.schema.json.
#pragma once

#include <string>

namespace egressd::config {

std::string reference_markdown();

/// JSON Schema draft-07, the one that editors' YAML plugins know.
std::string json_schema();

} // namespace egressd::config
