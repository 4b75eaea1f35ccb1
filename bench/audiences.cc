// What audiences cost on a real server (DESIGN section 8, last row): N subscribers with {shared topic, own topic} and a
// token of their own each, which makes N audiences, against N subscribers of the shared topic alone, one audience.
// Starts the server itself, a fresh one for each case, in turn; publishes to the shared topic at a fixed rate and
// checks that each subscriber gets every update, in order. Measured from outside: CPU time of all the server's threads
// by schedstat, resident memory. What it is not: a test, or a comparison with other servers. Two threads: the main one
// receives, one publishes.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/farm.h"
#include "bench/measured_server.h"
#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kSharedTopic = "shared";
constexpr std::size_t kUpdateBytes = 128;
constexpr std::size_t kWarmingUpdates = 3;  // each audience has had its first allocations
constexpr std::size_t kFilesBesides = 128;
constexpr std::chrono::milliseconds kSettling{500};
constexpr double kRatioGoal = 1.5;
constexpr double kAudienceBytesGoal = 2048;

enum class Case { kOneAudience, kOwnAudiences };

struct Settings {
  std::string program = live::kProgram;
  std::size_t subscribers = 10'000;
  std::size_t updates = 60;
  std::size_t rate = 6;  // updates a second
  std::size_t turns = 3;
  std::size_t threads = 1;  // of the server
};

struct Figures {
  double ns_per_delivery = 0;
  double deliveries_per_write = 0;  // 1: nothing coalesced, so every delivery has paid for its write
  double idle_bytes = 0;            // resident memory of a subscriber that has received nothing
  double used_bytes = 0;            // … and after the last update
};

std::string update_text(std::size_t number) {
  return live::numbered(number, kUpdateBytes);
}

std::string subscribe_request(Case which, std::size_t number) {
  std::string text = "GET /.well-known/mercure?topic=" + std::string(kSharedTopic);
  if (which == Case::kOneAudience) return text + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string own_topic = "own-" + std::to_string(number);
  Grants grants;
  grants.subscribe = {own_topic};
  return text + "&topic=" + own_topic + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + make_token(kKey, grants) +
         "\r\n\r\n";
}

// Publishes the updates first … last at the rate, in a thread of its own, while the farm receives them all.
Result<void> publish_and_receive(const MeasuredServer& server, Farm& farm, std::size_t first, std::size_t last,
                                 std::size_t rate) {
  std::atomic<bool> refused = false;
  std::jthread publishing([&, token = publisher_token()](const std::stop_token& stop) {
    live::Publisher publisher(server.port(), token);
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / rate;
    auto when = Clock::now();
    for (std::size_t number = first; number <= last && !refused && !stop.stop_requested(); ++number) {
      std::this_thread::sleep_until(when);
      refused = publisher.publish(kSharedTopic, update_text(number)).status != 200;
      when += interval;
    }
  });
  auto received = farm.receive_all_before(last + 1);
  publishing.request_stop();
  publishing.join();
  if (refused) return fail("the server refused an update");
  return received;
}

Result<Figures> measure(const Settings& settings, Case which) {
  const MeasuredServer server(settings.program, {"--log", "memory", "--threads", std::to_string(settings.threads)});
  if (server.port() == 0) return fail("the server did not start: " + server.log());
  const double resident_before = server.resident_bytes();
  Farm farm(server.port(), update_text);
  const auto request = [which](std::size_t number) { return subscribe_request(which, number); };
  if (auto opened = farm.open(settings.subscribers, request); !opened) return std::unexpected(opened.error());
  std::this_thread::sleep_for(kSettling);
  const double resident_idle = server.resident_bytes();
  const double audiences = server.metric("fanfare_audiences");
  const bool is_meant = which == Case::kOwnAudiences
                            ? audiences == static_cast<double>(settings.subscribers)
                            : audiences >= 1 && audiences <= static_cast<double>(settings.threads);
  if (!is_meant) return fail("the server has " + std::to_string(audiences) + " audiences");

  auto received = publish_and_receive(server, farm, 0, kWarmingUpdates - 1, settings.rate);
  if (!received) return std::unexpected(received.error());
  const double writes_before = server.metric("fanfare_writes_total");
  const double cpu_before = server.cpu_ns();
  received = publish_and_receive(server, farm, kWarmingUpdates, kWarmingUpdates + settings.updates - 1, settings.rate);
  if (!received) return std::unexpected(received.error());
  const double cpu = server.cpu_ns() - cpu_before;
  const double writes = server.metric("fanfare_writes_total") - writes_before;

  const auto subscribers = static_cast<double>(settings.subscribers);
  const double deliveries = subscribers * static_cast<double>(settings.updates);
  return Figures{.ns_per_delivery = cpu / deliveries,
                 .deliveries_per_write = deliveries / writes,
                 .idle_bytes = (resident_idle - resident_before) / subscribers,
                 .used_bytes = (server.resident_bytes() - resident_before) / subscribers};
}

void print(const char* what, const char* name, const Figures& figures) {
  std::printf(
      "%-7s %-14s %6.0f ns CPU a delivery, %.2f deliveries a write; %5.0f B a subscriber, %5.0f B after updates\n",
      what, name, figures.ns_per_delivery, figures.deliveries_per_write, figures.idle_bytes, figures.used_bytes);
  std::fflush(stdout);
}

Figures median(const std::vector<Figures>& turns) {
  const auto middle = [&](double Figures::* member) {
    std::vector<double> values;
    for (const auto& each : turns) values.push_back(each.*member);
    std::ranges::sort(values);
    return values[(values.size() - 1) / 2];
  };
  return {middle(&Figures::ns_per_delivery), middle(&Figures::deliveries_per_write), middle(&Figures::idle_bytes),
          middle(&Figures::used_bytes)};
}

Result<void> run(const Settings& settings) {
  const std::size_t files = raise_file_limit();
  if (files < settings.subscribers + kFilesBesides) {
    return fail("only " + std::to_string(files) + " files may be open (ulimit -n)");
  }
  std::printf("%zu subscribers, %zu updates of %zu bytes at %zu/s, %zu server thread(s)\n", settings.subscribers,
              settings.updates, kUpdateBytes, settings.rate, settings.threads);
  std::vector<Figures> one_turns;
  std::vector<Figures> own_turns;
  for (std::size_t turn = 1; turn <= settings.turns; ++turn) {
    const std::string what = "turn " + std::to_string(turn);
    const auto one = measure(settings, Case::kOneAudience);
    if (!one) return std::unexpected(one.error());
    print(what.c_str(), "one audience", *one);
    const auto own = measure(settings, Case::kOwnAudiences);
    if (!own) return std::unexpected(own.error());
    print(what.c_str(), "own audiences", *own);
    std::printf("%-7s ratio %.2f\n", what.c_str(), own->ns_per_delivery / one->ns_per_delivery);
    one_turns.push_back(*one);
    own_turns.push_back(*own);
  }
  const Figures one = median(one_turns);
  const Figures own = median(own_turns);
  print("median", "one audience", one);
  print("median", "own audiences", own);
  std::printf(
      "median  ratio %.2f (goal: at most %.2f); an audience: %.0f B idle, %.0f B after updates (goal: at most %.0f)\n",
      own.ns_per_delivery / one.ns_per_delivery, kRatioGoal, own.idle_bytes - one.idle_bytes,
      own.used_bytes - one.used_bytes, kAudienceBytesGoal);
  return {};
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(int count, char** arguments) {
  Settings settings;
  const Argument known[] = {
      {"--program", "FILE", &settings.program}, {"--subscribers", "N", &settings.subscribers},
      {"--updates", "N", &settings.updates},    {"--rate", "N", &settings.rate},
      {"--turns", "N", &settings.turns},        {"--threads", "N", &settings.threads},
  };
  if (!read_arguments("audiences_bench", known, count, arguments)) return std::nullopt;
  return settings;
}

}  // namespace
}  // namespace fanfare::bench

int main(int count, char** arguments) {
  const auto settings = fanfare::bench::settings_from(count, arguments);
  if (!settings) return 2;
  if (const auto done = fanfare::bench::run(*settings); !done) {
    std::fprintf(stderr, "audiences_bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
