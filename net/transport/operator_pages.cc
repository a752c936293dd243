#include "net/transport/operator_pages.h"

#include "net/dialect/json_writer.h"

namespace sluice {
namespace {

void append_check(std::string& out, const OperatorPages::Check& check) {
  out.append("{\"name\":");
  append_json_string(out, check.name);
  out.append(check.ok ? ",\"ok\":true" : ",\"ok\":false").append(",\"detail\":");
  append_json_string(out, check.detail);
  out.append("}");
}

void answer_ready(const ServerShared& shared, Reply& reply) {
  const bool draining = shared.draining.load(std::memory_order_relaxed);
  std::vector<OperatorPages::Check> checks;
  if (shared.pages.ready) checks = shared.pages.ready();
  checks.push_back({"serving", !draining, draining ? "draining" : ""});
  bool ready = true;
  bool whole = true;
  std::string list;
  for (const OperatorPages::Check& check : checks) {
    ready = ready && (check.ok || !check.needed);
    whole = whole && check.ok;
    if (!list.empty()) list.append(",");
    append_check(list, check);
  }
  reply.status = ready ? 200 : 503;
  reply.body.assign(R"({"status":")")
      .append(!ready ? "not_ready" : whole ? "ok" : "degraded")
      .append(R"(","checks":[)")
      .append(list)
      .append("]}");
}

}  // namespace

void answer_operator_page(const CompiledRoute& route, const ServerShared& shared, Reply& reply) {
  switch (route.page) {
    case OperatorPage::none:
      break;
    case OperatorPage::livez:
      reply.body = R"({"status":"ok"})";
      break;
    case OperatorPage::readyz:
      answer_ready(shared, reply);
      break;
    case OperatorPage::version:
      reply.body = shared.pages.version_json;
      break;
    case OperatorPage::metrics:
      reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
      reply.body = shared.metrics_text();
      if (shared.pages.metrics) reply.body += shared.pages.metrics();
      break;
    case OperatorPage::checkpoint: {
      OperatorPages::Answer answer{503, R"({"state":"failed","message":"this server has no log to copy"})"};
      if (shared.pages.checkpoint) answer = shared.pages.checkpoint(route.method == Method::post);
      reply.status = answer.status;
      reply.body = std::move(answer.body);
      break;
    }
  }
}

}  // namespace sluice
