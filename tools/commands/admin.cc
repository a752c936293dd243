#include "tools/commands/admin.h"

#include <cstdio>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "store/data_dir.h"
#include "tools/app/app.h"
#include "tools/app/log.h"

namespace sluice {

int with_admin(const Settings& settings, const std::function<int(HttpClient&)>& work) {
  if (DataDir::is_locked(settings.data)) {
    HttpClient client = HttpClient::over_unix_socket(settings.data + "/admin.sock");
    return work(client);
  }
  start_logging("error");
  App app(settings, App::Listen::socket_only);
  app.start();
  int code = 0;
  {
    HttpClient client = HttpClient::over_unix_socket(app.admin_socket());
    code = work(client);
  }
  app.stop();
  return code;
}

void print_answer(const HttpAnswer& answer, bool json) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status < 200 || answer.status >= 300) {
    std::string message = "the server answered " + std::to_string(answer.status);
    if (body.is_object() && body.contains("message") && body["message"].is_string())
      message += ": " + body["message"].get<std::string>();
    throw std::runtime_error(message);
  }
  std::puts(json || body.is_discarded() ? answer.body.c_str() : body.dump(2).c_str());
}

std::string percent_encode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
        c == '.') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace sluice
