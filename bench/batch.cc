// Personalised updates, one for each subscriber, published to a real server in one request, and one request for each.
// Prints the time until the publisher has its answer, and until every subscriber has its update.
// What it is not: a test. One thread, which publishes and then receives, so the second time is an upper bound.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/arguments.h"
#include "bench/farm.h"
#include "bench/measured_server.h"
#include "fanfare/base/error.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kUpdateBytes = 128;
constexpr double kGoalMs = 50;

struct Settings {
  std::string program = live::kProgram;
  std::string directory = std::filesystem::temp_directory_path();
  std::size_t updates = 3'000;
  std::size_t turns = 15;
  std::size_t threads = 1;  // of the server
};

std::string update_text(std::size_t turn) {
  return live::numbered(turn, kUpdateBytes);
}

std::string topic_of(std::size_t subscriber) {
  return "https://example.com/users/" + std::to_string(subscriber) + "/inbox";
}

std::string subscribe_request(std::size_t subscriber) {
  return "GET /.well-known/mercure?topic=" + topic_of(subscriber) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string batch_request(std::string_view token, std::size_t turn, std::size_t updates) {
  std::string lines;
  for (std::size_t i = 0; i < updates; ++i) {
    lines += R"({"topic":")" + topic_of(i) + R"(","data":")" + update_text(turn) + "\"}\n";
  }
  std::string text = "POST /.well-known/mercure HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ";
  text.append(token).append("\r\nContent-Type: application/x-ndjson\r\nContent-Length: ");
  return text.append(std::to_string(lines.size())).append("\r\n\r\n").append(lines);
}

struct Times {
  std::vector<double> answered_ms;
  std::vector<double> received_ms;
};

double median(std::vector<double>& all) {
  std::ranges::sort(all);
  return all[all.size() / 2];
}

double ms_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

void print(const char* how, const Settings& settings, Times& times) {
  const double answered_ms = median(times.answered_ms);
  const double received_ms = median(times.received_ms);
  std::printf("%zu updates %s: answered after %.1f ms (%.1f to %.1f), all received after %.1f ms (%.1f to %.1f)\n",
              settings.updates, how, answered_ms, times.answered_ms.front(), times.answered_ms.back(), received_ms,
              times.received_ms.front(), times.received_ms.back());
  std::fflush(stdout);
}

Result<void> measure(const Settings& settings, std::uint16_t port) {
  Farm farm(port, update_text);
  if (auto opened = farm.open(settings.updates, subscribe_request); !opened) return opened;
  const std::string token = publisher_token();
  live::Publisher publisher(port, token);
  std::size_t turn = 0;
  // publish: whether every update was taken.
  const auto take_turns = [&](Times& times, const std::function<bool()>& publish) -> Result<void> {
    for (const std::size_t end = turn + settings.turns; turn < end;) {
      const auto begun = Clock::now();
      if (!publish()) return fail("the server refused updates");
      times.answered_ms.push_back(ms_since(begun));
      if (auto received = farm.receive_all_before(++turn); !received) return received;
      times.received_ms.push_back(ms_since(begun));
    }
    return {};
  };
  const auto in_one_request = [&] {
    return publisher.connection().send(batch_request(token, turn, settings.updates)) &&
           live::read_answer(publisher.connection()).status == 200;
  };
  const auto in_a_request_each = [&] {
    for (std::size_t i = 0; i < settings.updates; ++i) {
      if (publisher.publish(topic_of(i), update_text(turn)).status != 200) return false;
    }
    return true;
  };
  Times batch;
  Times single;
  if (auto done = take_turns(batch, in_one_request); !done) return done;
  if (auto done = take_turns(single, in_a_request_each); !done) return done;
  print("in one request", settings, batch);
  print("in a request each", settings, single);
  std::printf("one request takes %.0f times less (goal for 3,000: answered within %.0f ms)\n",
              median(single.answered_ms) / median(batch.answered_ms), kGoalMs);
  return {};
}

Result<void> run(const Settings& settings) {
  raise_file_limit();
  const std::string data = settings.directory + "/fanfare-batch-" + std::to_string(::getpid());
  Result<void> done;
  {
    const MeasuredServer server(settings.program, {"--data", data, "--threads", std::to_string(settings.threads)});
    done = server.port() == 0 ? fail("the server did not start: " + server.log()) : measure(settings, server.port());
  }
  std::filesystem::remove_all(data);
  return done;
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(int count, char** arguments) {
  Settings settings;
  const Argument known[] = {
      {"--program", "FILE", &settings.program}, {"--directory", "DIR", &settings.directory},
      {"--updates", "N", &settings.updates},    {"--turns", "N", &settings.turns},
      {"--threads", "N", &settings.threads},
  };
  if (!read_arguments("batch_bench", known, count, arguments)) return std::nullopt;
  return settings;
}

}  // namespace
}  // namespace fanfare::bench

int main(int count, char** arguments) {
  const auto settings = fanfare::bench::settings_from(count, arguments);
  if (!settings) return 2;
  if (const auto done = fanfare::bench::run(*settings); !done) {
    std::fprintf(stderr, "batch_bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
