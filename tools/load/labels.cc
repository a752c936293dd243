#include "tools/load/labels.h"

#include <stdexcept>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace sluice::load {
namespace {

// Every label the server lists, by name. The list is an array, alone or as a member of an object; pages follow
// next_cursor.
std::unordered_map<std::string, std::string> existing_labels(HttpClient& client) {
  std::unordered_map<std::string, std::string> ids;
  std::string cursor;
  do {
    const HttpAnswer reply = client.request("GET", "/v1/labels" + (cursor.empty() ? "" : "?cursor=" + cursor));
    if (reply.status != 200) throw std::runtime_error("GET /v1/labels answered " + std::to_string(reply.status));
    const nlohmann::json page = nlohmann::json::parse(reply.body);
    cursor.clear();
    nlohmann::json list = page;
    if (page.is_object()) {
      for (const auto& [key, member] : page.items()) {
        if (member.is_array()) list = member;
        if (key == "next_cursor" && member.is_string()) cursor = member;
      }
    }
    for (const auto& label : list) {
      if (!label.value("archived", false)) ids.emplace(label.at("name"), label.at("id"));
    }
  } while (!cursor.empty());
  return ids;
}

}  // namespace

std::vector<LoadLabel> ensure_labels(const Plan& plan, HttpClient& client) {
  std::vector<LoadLabel> labels = planned_labels(plan);
  const Api api = plan.options().api;
  if (api == Api::evalguard || api == Api::twosignal) return labels;
  std::unordered_map<std::string, std::string> existing;
  for (std::uint32_t i = 0; i < labels.size(); ++i) {
    const auto known = existing.find(labels[i].name);
    if (known != existing.end()) {
      labels[i].id = known->second;
      continue;
    }
    const LabelShape& shape = label_shape(i);
    const nlohmann::json body{{"name", labels[i].name},
                              {"type", shape.type},
                              {"settings", nlohmann::json::parse(shape.settings)},
                              {"allow_notes", true}};
    const HttpAnswer reply = client.request("POST", "/v1/labels", body.dump());
    if (reply.status == 200 || reply.status == 201) {
      labels[i].id = nlohmann::json::parse(reply.body).at("id");
      continue;
    }
    if (reply.body.find("name_taken") != std::string::npos || reply.status == 409) {
      if (existing.empty()) existing = existing_labels(client);
      const auto found = existing.find(labels[i].name);
      if (found != existing.end()) {
        labels[i].id = found->second;
        continue;
      }
    }
    throw std::runtime_error("POST /v1/labels answered " + std::to_string(reply.status) + ": " + reply.body);
  }
  return labels;
}

}  // namespace sluice::load
