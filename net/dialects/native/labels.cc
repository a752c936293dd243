#include <algorithm>
#include <charconv>

#include "net/dialect/dialect.h"
#include "net/dialect/label_settings.h"
#include "net/dialects/native/flat_body.h"
#include "net/dialects/native/native_dialect.h"
#include "net/dialects/native/parameters.h"
#include "net/dialects/native/replies.h"

namespace sluice::native {
namespace {

constexpr std::size_t kDescriptionBytes = 4096;
constexpr std::string_view kMembers = "name, type, settings, description, project, allow_notes, archived";

/// What POST and PATCH take.
struct LabelBody {
  std::optional<std::string> name, description, project;
  std::optional<LabelType> type;
  std::optional<std::string_view> settings;  ///< Raw, in the body.
  std::optional<bool> allow_notes, archived;
};

void read_type(FlatBody& body, JsonValue& value, LabelBody& out) {
  std::string_view name;
  const Errc code = value.text(name, limits::kNameBytes);
  if (code == Errc::ok) out.type = label_type(name);
  if (!out.type)
    body.refuse(code == Errc::ok ? Errc::bad_choice : code, "type",
                "type must be text, categorical, numeric, star or thumbs_up_down.");
}

void read_settings(FlatBody& body, JsonValue& value, LabelBody& out) {
  std::string_view raw;
  const Errc code = value.raw(raw);
  if (code == Errc::duplicate_key) {
    body.refuse(code, "settings", "settings has the key '" + std::string(body.document().bad_key()) + "' twice.");
  } else if (code != Errc::ok) {
    body.refuse(code, "settings", "settings must be a JSON object, nested at most 16 levels deep.");
  } else {
    out.settings = raw;
  }
}

void read_body(FlatBody& body, LabelBody& out) {
  body.walk(kMembers, [&](std::string_view key, JsonValue& value) {
    if (key == "name") return body.text(value, "name", 1, limits::kNameBytes, out.name);
    if (key == "description") return body.text(value, "description", 0, kDescriptionBytes, out.description);
    if (key == "project") return body.text(value, "project", 0, limits::kNameBytes, out.project);
    if (key == "allow_notes") return body.flag(value, "allow_notes", out.allow_notes);
    if (key == "archived") return body.flag(value, "archived", out.archived);
    if (key == "type") return read_type(body, value, out), true;
    if (key == "settings") return read_settings(body, value, out), true;
    return false;
  });
}

/// Checks the settings for the type; the body's parse is over, so the parser is free.
void check_settings(Exchange& exchange, FlatBody& body, LabelType type, const LabelBody& in, LabelRules& rules) {
  std::string why;
  if (!read_label_settings(*exchange.json, exchange.arena, type, in.settings.value_or(std::string_view()),
                           SettingsKeys::any, rules, why))
    body.refuse(Errc::bad_settings, "settings", "The label was not saved: " + why + ".");
}

std::string limit_text(std::string_view where) {
  const std::string step = "; nothing was saved. Shorten the descriptions and settings of labels that are not needed, "
                           "archived ones too";
  if (where == kLabelBytesOfWorkspace)
    return "The labels of a workspace hold at most " + std::to_string(limits::kLabelBytesPerWorkspace >> 20) +
           " MiB" + step + ", or use another workspace.";
  if (where == kLabelBytesOfAll)
    return "The labels of all workspaces hold at most " + std::to_string(limits::kLabelBytes >> 20) +
           " MiB together" + step + ".";
  return "A workspace holds at most " + std::to_string(limits::kLabelsPerWorkspace) + " labels.";
}

Next change_failed(Exchange& exchange) {
  switch (const Errc code = exchange.changed.error().code) {
    case Errc::name_taken:
      return refuse(exchange, code, "A label with this name and type already exists in the selected project.", "name");
    case Errc::label_not_found:
      return refuse(exchange, code, "No label has this id in this workspace.");
    case Errc::limit_reached:
      return refuse(exchange, code, limit_text(exchange.changed.error().where));
    default:
      return refuse(exchange, code);
  }
}

/// The label as it is after a durable change.
Next changed_label(Exchange& exchange, int status) {
  if (!exchange.changed) return change_failed(exchange);
  if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
  exchange.reply.status = status;
  append_label(exchange.reply.body, *exchange.changed->label);
  return Next::reply;
}

class PostLabel final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    const WorkspaceNumber workspace = parameters.workspace();
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    FlatBody body(exchange);
    LabelBody in;
    read_body(body, in);
    if (!in.name) body.refuse(Errc::field_missing, "name", "name is required.");
    if (!in.type)
      body.refuse(Errc::field_missing, "type", "type is required: text, categorical, numeric, star or thumbs_up_down.");
    if (in.archived)
      body.refuse(Errc::unknown_field, "archived", "A new label is not archived; archive it with DELETE.");
    CreateLabel change;
    if (!body.refusal()) check_settings(exchange, body, *in.type, in, change.rules);
    if (body.refusal()) return refuse(exchange, *body.refusal());
    change.workspace = workspace;
    change.type = *in.type;
    change.name = std::move(*in.name);
    change.description = in.description.value_or("");
    change.project = in.project.value_or("");
    change.settings_json = in.settings.value_or("{}");
    change.allow_notes = in.allow_notes.value_or(false);
    exchange.change = std::move(change);
    return Next::change;
  }
  Next resume(Exchange& exchange) const override { return changed_label(exchange, 201); }
};

/// The label that the path names, or a refusal.
const Label* named_label(Exchange& exchange, Parameters& parameters) {
  const WorkspaceNumber workspace = parameters.workspace();
  const std::optional<Uuid> id = path_uuid(exchange);
  if (!id) parameters.refuse(Errc::bad_uuid, "id", "The label's id in the path must be a UUID.");
  if (parameters.refusal()) return nullptr;
  const Label* const label = exchange.catalogue->label_by_id(workspace, *id);
  if (label == nullptr)
    parameters.refuse(Errc::label_not_found, {}, "No label " + to_text(*id) + " exists in this workspace.");
  return label;
}

class GetLabel final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    const Label* const label = named_label(exchange, parameters);
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    append_label(exchange.reply.body, *label);
    return Next::reply;
  }
};

class PatchLabel final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    const Label* const label = named_label(exchange, parameters);
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    FlatBody body(exchange);
    LabelBody in;
    read_body(body, in);
    if (in.type && *in.type != label->type)
      body.refuse(Errc::type_is_fixed, "type",
                  "A label's type cannot change; it is " + std::string(sluice::to_string(label->type)) + ".");
    UpdateLabel change;
    if (in.settings && !body.refusal()) {
      check_settings(exchange, body, label->type, in, change.rules.emplace());
      change.settings_json = std::string(*in.settings);
    }
    if (body.refusal()) return refuse(exchange, *body.refusal());
    change.workspace = label->workspace;
    change.id = label->id;
    change.name = std::move(in.name);
    change.description = std::move(in.description);
    change.project = std::move(in.project);
    change.allow_notes = in.allow_notes;
    change.archived = in.archived;
    exchange.change = std::move(change);
    return Next::change;
  }
  Next resume(Exchange& exchange) const override { return changed_label(exchange, 200); }
};

/// DELETE {id} and POST {id}/restore.
class SetArchived final : public Endpoint {
 public:
  explicit SetArchived(bool archived) : archived_(archived) {}
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    const Label* const label = named_label(exchange, parameters);
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    UpdateLabel change;
    change.workspace = label->workspace;
    change.id = label->id;
    change.archived = archived_;
    exchange.change = std::move(change);
    return Next::change;
  }
  Next resume(Exchange& exchange) const override { return changed_label(exchange, 200); }

 private:
  const bool archived_;
};

class ListLabels final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {"name", "type", "archived", "limit", "cursor"});
    const WorkspaceNumber workspace = parameters.workspace();
    const std::string_view archived = parameters.choice("archived", {"false", "true", "all"});
    const std::size_t limit = parameters.limit();
    const std::optional<LabelType> type = label_type(parameters.text("type"));
    if (parameters.has("type") && !type)
      parameters.refuse(Errc::parameter_out_of_range, "type",
                        "type must be text, categorical, numeric, star or thumbs_up_down.");
    const LabelNumber after = cursor(parameters);
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());

    std::string& out = exchange.reply.body;
    out += "{\"labels\":[";
    std::size_t listed = 0;
    LabelNumber last = 0;
    bool more = false;
    for (const Label* const label : exchange.catalogue->labels(workspace)) {
      if (label->number <= after || (type && label->type != *type)) continue;
      if (parameters.has("name") && label->name != parameters.text("name")) continue;
      if (archived != "all" && label->archived != (archived == "true")) continue;
      if ((more = listed == limit)) break;
      if (listed++ != 0) out += ',';
      append_label(out, *label);
      last = label->number;
    }
    out += ']';
    append_text_or_null(out, "next_cursor", more ? std::to_string(last) : std::string());
    out += '}';
    return Next::reply;
  }

 private:
  static LabelNumber cursor(Parameters& parameters) {
    const std::string_view text = parameters.text("cursor");
    LabelNumber after = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), after);
    if (parameters.has("cursor") && (result.ec != std::errc() || result.ptr != text.data() + text.size()))
      parameters.refuse(Errc::bad_cursor, "cursor",
                        "The cursor is not one of this listing; take next_cursor of the page before.");
    return after;
  }
};

}  // namespace

const Endpoint& post_label() noexcept {
  static const PostLabel kEndpoint;
  return kEndpoint;
}
const Endpoint& list_labels() noexcept {
  static const ListLabels kEndpoint;
  return kEndpoint;
}
const Endpoint& get_label() noexcept {
  static const GetLabel kEndpoint;
  return kEndpoint;
}
const Endpoint& patch_label() noexcept {
  static const PatchLabel kEndpoint;
  return kEndpoint;
}
const Endpoint& archive_label() noexcept {
  static const SetArchived kEndpoint(true);
  return kEndpoint;
}
const Endpoint& restore_label() noexcept {
  static const SetArchived kEndpoint(false);
  return kEndpoint;
}

}  // namespace sluice::native
