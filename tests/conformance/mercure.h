// What the cases of the Mercure protocol share: requests, the servers that get them, and streams. For tests. One
// thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "testing/live/server_process.h"

namespace fanfare::conformance {

using live::Answer;
using live::ServerProcess;
using live::ServerProcessOptions;
using live::Subscriber;

inline constexpr std::string_view kHub = "/.well-known/mercure";

inline std::string token_for(std::vector<std::string> publish, std::vector<std::string> subscribe,
                             std::optional<std::int64_t> expires_at_s = {}) {
  return ServerProcess::token_with({std::move(publish), std::move(subscribe), expires_at_s});
}

inline std::string request(std::string_view method, std::string_view query, const std::vector<std::string>& headers,
                           std::string_view body = {}) {
  std::string text =
      std::string(method) + " " + std::string(kHub) + std::string(query) + " HTTP/1.1\r\nHost: hub.example\r\n";
  for (const auto& header : headers) text += header + "\r\n";
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

inline const std::string kForm = "Content-Type: application/x-www-form-urlencoded";
inline const std::string kAll = "Authorization: Bearer " + token_for({"*"}, {"*"});

inline std::string post(std::string_view form, std::string authorization = kAll) {
  return request("POST", "", {std::move(authorization), kForm}, form);
}

// The servers of all cases: one that anybody may subscribe to, and one that takes tokens.
class Hubs : public testing::Environment {
 public:
  void SetUp() override {
    const std::vector<std::string> origins = {"--cors-origin", "https://app.example", "--publish-origin",
                                              "https://app.example", "--subscriptions"};
    open = std::make_unique<ServerProcess>(ServerProcessOptions{.arguments = origins});
    closed = std::make_unique<ServerProcess>(ServerProcessOptions{.arguments = origins, .anonymous = false});
  }
  void TearDown() override {
    open.reset();
    closed.reset();
  }

  static inline std::unique_ptr<ServerProcess> open;
  static inline std::unique_ptr<ServerProcess> closed;
};

// One request, one answer.
enum class At { kOpen, kClosed };

struct Case {
  const char* name;
  const char* rule;
  At hub;
  std::string request;
  int status;
  std::vector<std::string> headers = {};  // fields that the answer has, as "Name: value"
  std::string body = {};                  // a part of the answer's body
};

inline void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name << ": " << one.rule;
}

// A hub for each test: replays see nothing of other cases.
class MercureStream : public testing::Test {
 protected:
  std::string publish(std::string_view form) { return live::request(hub_.port(), post(form)).body; }
  Answer subscribe(live::Connection& connection, std::string_view query, const std::vector<std::string>& headers = {}) {
    connection.send(request("GET", query, headers));
    return live::read_answer(connection);
  }
  // What the stream brings up to and with this text.
  std::string through(live::Connection& connection, std::string_view text) {
    EXPECT_TRUE(connection.receive_until(text)) << connection.received();
    return connection.received();
  }

  const ServerProcess hub_;
};

}  // namespace fanfare::conformance
