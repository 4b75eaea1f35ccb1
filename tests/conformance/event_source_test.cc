// Plays the conformance cases of scripted servers end to end on the client's event source (the standard's policy): each
// with Content-Length, in chunks, and until the connection ends; whole, and byte by byte. One test for each case; those
// that need more than one server or a browser are reported as skipped, by name.
#include "fanfare/client/event_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/client/scripted_server.h"
#include "tests/conformance/case_file.h"

namespace fanfare::conformance {
namespace {

using namespace std::chrono_literals;
using client_testing::ScriptedAnswer;
using client_testing::ScriptedRequest;
using client_testing::ScriptedServer;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr auto kPatience = 15s;
constexpr std::uint64_t kReconnectionTimeMs = 20;  // unless the case says when

enum class Framing : std::uint8_t { kLength, kChunks, kClose };

struct Way {
  Framing framing;
  std::size_t piece_bytes;  // 0: all at once
};

std::string text_of(const Json& json) {
  return json.get<std::string>();
}

std::string body_of(const Json& connection) {
  if (connection.contains("body")) return *bytes_of(text_of(connection["body"]));
  std::string body;
  for (const Json& chunk : connection.at("chunks")) body += *bytes_of(text_of(chunk.at("bytes")));
  return body;
}

ScriptedAnswer answer_of(const Json& connection, Way way) {
  const std::string body = body_of(connection);
  const bool holds = connection.at("then") == "hold";
  ScriptedAnswer answer;
  answer.bytes = "HTTP/1.1 " + std::to_string(connection.at("status").get<int>()) + " " +
                 text_of(connection.at("reason")) + "\r\nConnection: close\r\n";
  for (const Json& header : connection.at("headers")) {
    answer.bytes.append(*bytes_of(text_of(header[0])))
        .append(": ")
        .append(*bytes_of(text_of(header[1])))
        .append("\r\n");
  }
  if (way.framing == Framing::kLength) {
    answer.bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  } else if (way.framing == Framing::kChunks) {
    answer.bytes += "Transfer-Encoding: chunked\r\n\r\n";
    for (const char c : body) answer.bytes.append("1\r\n").append(1, c).append("\r\n");
    if (!holds) answer.bytes += "0\r\n\r\n";
  } else {
    answer.bytes += "\r\n" + body;
  }
  answer.then = holds ? ScriptedAnswer::Then::kHold : ScriptedAnswer::Then::kEnd;
  answer.piece_bytes = way.piece_bytes;
  answer.delay_ms = connection.value("delay_before_headers_ms", 0);
  return answer;
}

std::string call_of(const Json& notification) {
  for (const auto& [name, its] : notification.items()) {
    if (name == "event")
      return "event " + text_of(its["type"]) + " [" + text_of(its["data"]) + "] " + text_of(its["lastEventId"]);
    return name + " " + std::to_string(its["readyState"].get<int>());
  }
  return {};
}

// One run of a case: what its application has seen.
class Run {
 public:
  Run(const Json& one, Way way) : one_(one), way_(way) {}

  void play() {
    std::vector<ScriptedAnswer> answers;
    for (const Json& each : one_["server"]["connections"]) answers.push_back(answer_of(each, way_));
    if (!one_["server"].value("repeat_last", false)) answers.push_back({client_testing::empty_answer(404)});
    const ScriptedServer server(std::move(answers));
    for (const Json& each : one_["expect"]["notifications"]) expected_.push_back(call_of(each));
    client::Policy policy = client::Policy::standard();
    policy.reconnection_time_ms = kReconnectionTimeMs;
    std::unique_lock lock(mutex_);  // until source_ is there
    auto opened = client::EventSource::open({.url = server.url("/eventsource-test")}, {.policy = policy}, handlers());
    ASSERT_TRUE(opened) << opened.error().message;
    source_ = std::move(*opened);
    if (expected_.empty()) {
      EXPECT_TRUE(is_reached(server));
      source_->close();
    }
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return seen_.size() >= expected_.size(); }));
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(one_["expect"].value("settle_ms", 0)));
    EXPECT_EQ(seen_, expected_);
    const int state = static_cast<int>(source_->ready_state());
    EXPECT_EQ(state, one_["expect"].value("final_readyState", state));
    source_.reset();
    check_requests(server.requests());
    check_times();
  }

 private:
  client::Handlers handlers() {
    return {.on_event =
                [this](const event_stream::Event& event) {
                  note("event " + std::string(event.type) + " [" + std::string(event.data) + "] " +
                       std::string(event.last_event_id));
                },
            .on_open = [this](const client::Opened&) { note("open 1"); },
            .on_error = [this](const client::Failure& failure) { note(failure.is_final() ? "error 2" : "error 0"); }};
  }

  // The application closes after the last notification that is told of.
  void note(std::string call) {
    const std::lock_guard lock(mutex_);
    times_.emplace_back(call, Clock::now());
    seen_.push_back(std::move(call));
    if (seen_.size() == expected_.size()) source_->close();
    changed_.notify_all();
  }

  static bool is_reached(const ScriptedServer& server) {
    const auto until = Clock::now() + kPatience;
    while (server.requests().empty() && Clock::now() < until) std::this_thread::sleep_for(1ms);
    return !server.requests().empty();
  }

  void check_requests(const std::vector<ScriptedRequest>& requests) const {
    const Json& expect = one_["expect"];
    EXPECT_EQ(requests.size(), expect.value("exact_request_count", requests.size()));
    if (!expect.contains("requests")) return;
    ASSERT_GE(requests.size(), expect["requests"].size());
    for (std::size_t i = 0; i < expect["requests"].size(); ++i) {
      const Json& its = expect["requests"][i];
      const std::string line = requests[i].head.substr(0, requests[i].head.find("\r\n"));
      EXPECT_TRUE(line.starts_with(its.value("method", "GET") + " ")) << line;
      EXPECT_NE(line.find(" " + its.value("path", "/")), line.npos) << line;
      for (const Json& name : its.value("headers_absent", Json::array())) {
        EXPECT_EQ(requests[i].field(text_of(name)), "");
      }
      const Json equal = its.value("headers_equal", Json::object());
      for (const auto& [name, value] : equal.items()) {
        EXPECT_EQ(requests[i].field(name), *bytes_of(text_of(value)));
      }
    }
  }

  // Between two opens: at least what was asked for. That a busy machine takes longer is no fault of the client.
  void check_times() const {
    for (const Json& its : one_["expect"].value("timing", Json::array())) {
      if (!its.contains("ms")) continue;
      std::vector<Clock::time_point> opens;
      for (const auto& [call, time] : times_) {
        if (call.starts_with("open")) opens.push_back(time);
      }
      ASSERT_GE(opens.size(), 2U);
      const double least_ms = its["ms"].get<double>() * (1 - its["tolerance"].get<double>());
      EXPECT_GE(std::chrono::duration<double>(opens[1] - opens[0]).count() * 1000, least_ms);
    }
  }

  const Json& one_;
  const Way way_;
  std::vector<std::string> expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
  std::vector<std::pair<std::string, Clock::time_point>> times_;
  std::optional<client::EventSource> source_;
};

// Why it cannot be played here; empty if it can.
std::string skip_reason(const Json& one) {
  if (text_of(one.at("portability")).starts_with("browser-only")) return text_of(one["portability"]);
  if (one.contains("client") && one["client"].contains("withCredentials"))
    return "the client has no cookies of its own yet";
  if (!one.contains("server") || !one["server"].contains("connections")) return "it tells of no scripted connections";
  return {};
}

void play(const Json& one) {
  bool holds = false;
  for (const Json& each : one["server"]["connections"]) holds |= each.at("then") == "hold";
  const bool is_slow = one["expect"].contains("timing") || one["expect"].contains("settle_ms");
  for (const Framing framing : {Framing::kChunks, Framing::kLength, Framing::kClose}) {
    if (holds && framing == Framing::kLength) continue;  // it would end there
    for (const std::size_t piece_bytes : {std::size_t{0}, std::size_t{1}}) {
      SCOPED_TRACE("framing " + std::to_string(static_cast<int>(framing)) + ", pieces of " +
                   std::to_string(piece_bytes));
      Run(one, {framing, piece_bytes}).play();
      if (testing::Test::HasFailure() || is_slow) return;
    }
  }
}

std::filesystem::path case_file() {
  const char* from_environment = std::getenv("FANFARE_CONFORMANCE_DIR");
  const std::filesystem::path folder =
      from_environment != nullptr ? std::filesystem::path(from_environment)
                                  : std::filesystem::path(FANFARE_SOURCE_DIR).parent_path() / "shared" / "conformance";
  return folder / "wpt_eventsource_cases.json";
}

class Body final : public testing::Test {
 public:
  explicit Body(Json one) : one_(std::move(one)) {}
  void TestBody() override {
    if (one_.is_null()) GTEST_SKIP() << "there is no case file " << case_file();
    if (const std::string why = skip_reason(one_); !why.empty()) GTEST_SKIP() << one_["id"] << ": " << why;
    play(one_);
  }

 private:
  const Json one_;
};

void add(std::string name, const Json& one) {
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  testing::RegisterTest("event_source", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [one] { return static_cast<testing::Test*>(new Body(one)); });
}

}  // namespace
}  // namespace fanfare::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::ifstream file(fanfare::conformance::case_file());
  if (!file) fanfare::conformance::add("cases_are_there", nullptr);
  const auto cases = file ? nlohmann::json::parse(file).at("wpt") : nlohmann::json::array();
  for (const auto& one : cases) fanfare::conformance::add(one.at("id").get<std::string>(), one);
  return RUN_ALL_TESTS();
}
