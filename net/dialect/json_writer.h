#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/decimal.h"
#include "engine/base/time.h"
#include "engine/base/uuid.h"

/// Append-only JSON text. The caller writes structure ('{', ',', …) itself where speed counts; these write values.

namespace sluice {

/// Quoted and escaped; invalid UTF-8 cannot reach here (checked on the way in).
void append_json_string(std::string& out, std::string_view text);
void append_json_uuid(std::string& out, const Uuid& uuid);
void append_json_time(std::string& out, WallTime time);
void append_json_uint(std::string& out, std::uint64_t value);
/// "name":"text" with a leading comma unless the last character opens an object.
void append_json_field(std::string& out, std::string_view name, std::string_view text);
/// "name": with a leading comma as above. The name is written as it is: one of ours, never a client's.
void append_json_key(std::string& out, std::string_view name);

}  // namespace sluice
