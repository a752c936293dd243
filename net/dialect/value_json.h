#pragma once

#include <string>
#include <string_view>

#include "engine/model/label.h"
#include "engine/model/value.h"

/// How a stored value looks in JSON, shared by the dialects that show values in their canonical one-key objects.

namespace sluice {

/// By label type: {"text":…}, {"selected":[…]}, {"value":n}, {"rating":n}, {"value":"up"}. A failure is {"error":…};
/// nothing is null. A verdict that is not empty stands beside the payload as "label" (alone, when there is no payload).
void append_value_json(std::string& out, const Value& value, LabelType type, std::string_view verdict = {});
/// The payload alone: a number, "up", a text, a list, null (also for a failure).
void append_bare_value_json(std::string& out, const Value& value);

}  // namespace sluice
