#include <algorithm>
#include <charconv>

#include "engine/base/limits.h"
#include "net/dialect/dialect.h"
#include "net/dialect/json_writer.h"
#include "net/dialects/native/flat_body.h"
#include "net/dialects/native/native_dialect.h"
#include "net/dialects/native/parameters.h"
#include "net/dialects/native/replies.h"

namespace sluice::native {
namespace {

struct ScopeName {
  std::string_view name;
  Scope scope;
};
constexpr ScopeName kScopes[] = {{"ingest", kIngest}, {"read", kRead}, {"manage", kManage}, {"admin", kAdmin}};
constexpr std::string_view kScopesText = "scopes must be a list of at least one of ingest, read, manage, admin.";

void append_scopes(std::string& out, std::uint8_t scopes) {
  append_json_key(out, "scopes");
  out += '[';
  for (const ScopeName& each : kScopes) {
    if ((scopes & each.scope) == 0) continue;
    if (out.back() != '[') out += ',';
    append_json_string(out, each.name);
  }
  out += ']';
}

void append_rates(std::string& out, const RateLimits& rates) {
  append_json_key(out, "rates");
  const auto append = [&out](std::string_view name, const std::optional<std::uint64_t>& rate) {
    append_json_key(out, name);
    out += rate ? std::to_string(*rate) : "null";
  };
  out += '{';
  append("requests", rates.requests);
  append("scores", rates.scores);
  append("bytes", rates.bytes);
  out += '}';
}

/// Without the closing brace. The secret is never stored, so that it is shown when the key is made and never again.
void append_key(std::string& out, const ApiKey& key, const CatalogueSnapshot& catalogue) {
  out += '{';
  append_json_field(out, "id", key.id);
  append_text_or_null(out, "name", key.name);
  const Workspace* const workspace = catalogue.workspace(key.workspace);
  append_text_or_null(out, "workspace", workspace == nullptr ? std::string_view() : std::string_view(workspace->name));
  append_json_key(out, "annotator");
  append_annotator(out, catalogue.annotator(key.annotator));
  append_scopes(out, key.scopes);
  append_rates(out, key.rates);
  append_json_key(out, "revoked");
  out += key.revoked ? "true" : "false";
  append_json_key(out, "created_at");
  append_json_time(out, key.created_at);
  append_time_or_null(out, "revoked_at", key.revoked ? std::optional(key.revoked_at) : std::nullopt);
}

void append_secret(std::string& out, std::string_view id, std::string_view secret) {
  append_json_field(out, "secret", secret);
  append_json_key(out, "key");
  (((out += '"') += id) += '.') += secret;
  out += '"';
}

struct KeyBody {
  std::optional<std::string> workspace, name, annotator_name, annotator_email, annotator_id;
  std::optional<bool> strict_sources;
  std::uint8_t scopes = 0;
  RateLimits rates;
};

void read_rates(FlatBody& body, JsonValue& value, RateLimits& out) {
  const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
    std::optional<std::uint64_t>* const rate = key == "requests" ? &out.requests
                                               : key == "scores" ? &out.scores
                                               : key == "bytes"  ? &out.bytes
                                                                 : nullptr;
    if (rate == nullptr) return Errc::unknown_field;
    if (member.kind() == JsonKind::null) return member.skip();
    std::string_view token;
    if (const Errc read = member.number(token); read != Errc::ok) return read;
    std::uint64_t number = 0;
    const auto result = std::from_chars(token.data(), token.data() + token.size(), number);
    const bool whole = result.ec == std::errc() && result.ptr == token.data() + token.size();
    if (!whole || number > limits::kRateMax) return Errc::parameter_out_of_range;
    *rate = number;
    return Errc::ok;
  });
  if (code == Errc::ok) return;
  body.refuse(code, "rates",
              "rates must be an object with the members requests, scores and bytes, each a whole number per second up "
              "to " + std::to_string(limits::kRateMax) + " (0: no limit; null: the server's).");
}

void read_scopes(FlatBody& body, JsonValue& value, KeyBody& out) {
  bool good = true;
  const Errc code = value.array([&](std::size_t, JsonValue& element) -> Errc {
    std::string_view name;
    const Errc read = element.text(name, limits::kNameBytes);
    const auto* const found =
        std::find_if(std::begin(kScopes), std::end(kScopes), [&](const ScopeName& each) { return each.name == name; });
    if (read != Errc::ok || found == std::end(kScopes)) {
      good = false;
    } else {
      out.scopes = static_cast<std::uint8_t>(out.scopes | found->scope);
    }
    return Errc::ok;
  });
  if (code != Errc::ok || !good || out.scopes == 0)
    body.refuse(code == Errc::ok ? Errc::bad_choice : code, "scopes", std::string(kScopesText));
}

void read_annotator(FlatBody& body, JsonValue& value, KeyBody& out) {
  const Errc code = value.object([&](std::string_view key, JsonValue& member) -> Errc {
    if (key == "name") {
      body.text(member, "annotator.name", 1, limits::kNameBytes, out.annotator_name);
    } else if (key == "email") {
      body.text(member, "annotator.email", 1, limits::kNameBytes, out.annotator_email);
    } else if (key == "id") {
      body.text(member, "annotator.id", 1, limits::kNameBytes, out.annotator_id);
    } else {
      body.refuse(Errc::unknown_field, "annotator", "annotator has the members name, email and id, and no other.");
    }
    return Errc::ok;
  });
  if (code != Errc::ok)
    body.refuse(code, "annotator",
                "annotator must be an object with the members name, email and id, each at most once.");
}

class PostKey final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    FlatBody body(exchange);
    KeyBody in;
    body.walk("workspace, annotator, name, scopes, strict_sources, rates", [&](std::string_view key, JsonValue& value) {
      if (key == "workspace") return body.text(value, "workspace", 1, limits::kNameBytes, in.workspace);
      if (key == "name") return body.text(value, "name", 0, limits::kNameBytes, in.name);
      if (key == "strict_sources") return body.flag(value, "strict_sources", in.strict_sources);
      if (key == "scopes") return read_scopes(body, value, in), true;
      if (key == "annotator") return read_annotator(body, value, in), true;
      if (key == "rates") return read_rates(body, value, in.rates), true;
      return false;
    });
    if (!in.workspace)
      body.refuse(Errc::field_missing, "workspace",
                  "workspace is required: the name of one, which is made when it does not exist.");
    if (in.scopes == 0) body.refuse(Errc::field_missing, "scopes", std::string(kScopesText));
    CreateKey change;
    if (in.annotator_id) {
      change.annotator_id = parse_any_uuid(*in.annotator_id);
      if (!change.annotator_id) body.refuse(Errc::bad_uuid, "annotator.id", "annotator.id must be a UUID.");
    }
    if (body.refusal()) return refuse(exchange, *body.refusal());
    const MintedKey minted = exchange.key_maker->mint();
    change.workspace_name = std::move(*in.workspace);
    change.strict_sources = in.strict_sources.value_or(false);
    change.key_id = minted.id;
    change.digest = exchange.key_maker->digest(minted.secret);
    change.name = in.name.value_or("");
    change.annotator_name = in.annotator_name.value_or("");
    change.annotator_email = in.annotator_email.value_or("");
    // An annotator needs a name to be recognised by; the key's own is the next best.
    if (change.annotator_name.empty() && change.annotator_email.empty() && !change.annotator_id)
      change.annotator_name = change.name.empty() ? change.key_id : change.name;
    change.scopes = in.scopes;
    change.rates = in.rates;
    exchange.change = std::move(change);
    exchange.reply.body = minted.secret;  // Waits here: a refusal in between replaces the body.
    return Next::change;
  }

  Next resume(Exchange& exchange) const override {
    if (!exchange.changed) return change_failed(exchange);
    if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
    const std::string secret = std::move(exchange.reply.body);
    std::string& out = exchange.reply.body;
    out.clear();
    append_key(out, *exchange.changed->key, *exchange.changed->snapshot);
    append_secret(out, exchange.changed->key->id, secret);
    out += '}';
    exchange.reply.status = 201;
    return Next::reply;
  }

 private:
  static Next change_failed(Exchange& exchange) {
    switch (const Errc code = exchange.changed.error().code) {
      case Errc::limit_reached:
        return refuse(exchange, code, "The server holds as many keys or workspaces as it may.");
      case Errc::name_taken:
        return refuse(exchange, code, "A key with this id exists.");
      case Errc::bad_choice:
        return refuse(exchange, code,
                      "annotator.id names an annotator that does not fit: it belongs to another name or e-mail.",
                      "annotator.id");
      default:
        return refuse(exchange, code);
    }
  }
};

class ListKeys final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {"limit", "cursor"});
    const std::size_t limit = parameters.limit();
    KeyNumber after = 0;
    const std::string_view cursor = parameters.text("cursor");
    const auto result = std::from_chars(cursor.data(), cursor.data() + cursor.size(), after);
    if (parameters.has("cursor") && (result.ec != std::errc() || result.ptr != cursor.data() + cursor.size()))
      parameters.refuse(Errc::bad_cursor, "cursor",
                        "The cursor is not one of this listing; take next_cursor of the page before.");
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    std::string& out = exchange.reply.body;
    out += "{\"keys\":[";
    std::size_t listed = 0;
    bool more = false;
    KeyNumber last = 0;
    for (const ApiKey* const key : exchange.catalogue->keys()) {
      if (key->number <= after) continue;
      if ((more = listed == limit)) break;
      if (listed++ != 0) out += ',';
      append_key(out, *key, *exchange.catalogue);
      out += '}';
      last = key->number;
    }
    out += ']';
    append_text_or_null(out, "next_cursor", more ? std::to_string(last) : std::string());
    out += '}';
    return Next::reply;
  }
};

class RevokeApiKey final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    Parameters parameters(exchange, {});
    if (parameters.refusal()) return refuse(exchange, *parameters.refusal());
    exchange.change = RevokeKey{path_text(exchange)};
    return Next::change;
  }
  Next resume(Exchange& exchange) const override {
    if (!exchange.changed) return refuse(exchange, Errc::not_found, "No key has this id.");
    if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
    append_key(exchange.reply.body, *exchange.changed->key, *exchange.changed->snapshot);
    exchange.reply.body += '}';
    return Next::reply;
  }
};

class PatchWorkspace final : public Endpoint {
 public:
  Next start(Exchange& exchange) const override {
    FlatBody body(exchange);
    std::optional<bool> strict;
    body.walk("strict_sources", [&](std::string_view key, JsonValue& value) {
      return key == "strict_sources" && body.flag(value, "strict_sources", strict);
    });
    if (!strict) body.refuse(Errc::field_missing, "strict_sources", "strict_sources is required: true or false.");
    if (body.refusal()) return refuse(exchange, *body.refusal());
    exchange.change = SetWorkspace{path_text(exchange), *strict};
    return Next::change;
  }
  Next resume(Exchange& exchange) const override {
    if (!exchange.changed) return refuse(exchange, Errc::not_found, "No workspace has this name.");
    if (exchange.batch.status != Errc::ok) return refuse_batch(exchange);
    const Workspace& workspace = *exchange.changed->workspace;
    std::string& out = exchange.reply.body;
    out += "{\"id\":";
    append_json_uuid(out, workspace.id);
    append_json_field(out, "name", workspace.name);
    append_json_key(out, "strict_sources");
    out += workspace.strict_sources ? "true" : "false";
    append_json_key(out, "created_at");
    append_json_time(out, workspace.created_at);
    out += '}';
    return Next::reply;
  }
};

}  // namespace

const Endpoint& post_key() noexcept {
  static const PostKey kEndpoint;
  return kEndpoint;
}
const Endpoint& list_keys() noexcept {
  static const ListKeys kEndpoint;
  return kEndpoint;
}
const Endpoint& revoke_key() noexcept {
  static const RevokeApiKey kEndpoint;
  return kEndpoint;
}
const Endpoint& patch_workspace() noexcept {
  static const PatchWorkspace kEndpoint;
  return kEndpoint;
}

}  // namespace sluice::native
