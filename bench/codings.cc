// What content codings cost and save on a real server (DESIGN section 8): N subscribers of one topic that accept one
// coding, against N that accept none, in turn; and the memory of N audiences of one subscriber each. Starts the server
// itself, a fresh one for each case; publishes 128-byte JSON updates at a fixed rate. Some of the subscribers decode
// what they get and check each update; all others must have received as many bytes as those. Measured from outside: CPU
// time of all the server's threads by schedstat, resident memory, metrics.
// What it is not: a test. Two threads: the main one receives, one publishes.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/coded_farm.h"
#include "bench/measured_server.h"
#include "fanfare/base/error.h"
#include "fanfare/coding/coding.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWarmingUpdates = 3;
constexpr std::chrono::milliseconds kSettling{500};
constexpr double kCostGoal = 1.2;
constexpr double kAudienceBytesGoal = 2048;
constexpr std::array kCodings = {Coding::kIdentity, Coding::kZstd, Coding::kBr, Coding::kGzip, Coding::kDeflate};

struct Settings {
  std::string program = live::kProgram;
  std::size_t subscribers = 2'000;
  std::size_t audiences = 10'000;
  std::size_t updates = 150;
  std::size_t rate = 30;  // updates a second
  std::size_t turns = 3;
};

// Whose ids the updates have: the hub's are random, and such bytes do not shrink.
enum class Ids { kPublisher, kHub };

struct Figures {
  double ns_per_delivery = 0;
  double bytes_per_update = 0;  // on the wire, framing included
};

// 128 bytes of JSON, as events of a market would be.
std::string update_text(std::size_t number) {
  std::array<char, 160> text;
  const int length = std::snprintf(
      text.data(), text.size(),
      R"({"symbol":"%s","price":%zu.%02zu,"volume":%zu,"side":"%s","at":"2026-11-22T10:%02zu:%02zu.%03zuZ","venue":"XETR","note":")",
      number % 3 == 0 ? "ACME" : "INIT", 100 + number * 7 % 50, number * 37 % 100, number * 91 % 10'000,
      number % 2 == 0 ? "buy" : "sell", number / 60 % 60, number % 60, number * 613 % 1'000);
  std::string data(text.data(), static_cast<std::size_t>(length));
  data.append(126 - std::min<std::size_t>(126, data.size()), '-');
  return data + "\"}";
}

std::string id_of(std::size_t number, Ids ids) {
  return ids == Ids::kHub ? std::string() : "trade-" + std::to_string(number);
}

Result<void> publish(const MeasuredServer& server, CodedFarm& farm, std::size_t first, std::size_t last,
                     const Settings& settings, Ids ids, std::size_t receivers) {
  bool refused = false;
  std::jthread publishing([&, token = publisher_token()](const std::stop_token& stop) {
    live::Publisher publisher(server.port(), token);
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / settings.rate;
    auto when = Clock::now();
    for (std::size_t number = first; number <= last && !refused && !stop.stop_requested(); ++number) {
      std::this_thread::sleep_until(when);
      refused = publisher.publish("shared", update_text(number), id_of(number, ids)).status != 200;
      when += interval;
    }
  });
  auto received = farm.receive_until([&] { return farm.checked_updates() == farm.checkers() * (last + 1); });
  publishing.request_stop();
  publishing.join();
  if (refused) return fail("the server refused an update");
  if (!received) return received;
  const auto expected = static_cast<double>(receivers * (last + 1));
  return farm.receive_until([&] { return server.metric("fanfare_deliveries_total") == expected; });
}

Result<Figures> measure(const Settings& settings, Coding coding, Ids ids) {
  const MeasuredServer server(settings.program,
                              {"--log", "memory", "--threads", "1", "--anonymous", "--no-access-log"});
  if (server.port() == 0) return fail("the server did not start: " + server.log());
  CodedFarm farm(server.port(), coding, update_text);
  const auto target = [](std::size_t) { return std::string("topic=shared"); };
  if (auto opened = farm.open(settings.subscribers, target); !opened) return std::unexpected(opened.error());
  const std::size_t last = kWarmingUpdates + settings.updates - 1;
  auto done = publish(server, farm, 0, kWarmingUpdates - 1, settings, ids, settings.subscribers);
  if (!done) return std::unexpected(done.error());
  const double cpu_before = server.cpu_ns();
  const double sent_before = server.metric("fanfare_sent_bytes_total");
  done = publish(server, farm, kWarmingUpdates, last, settings, ids, settings.subscribers);
  if (!done) return std::unexpected(done.error());
  const double deliveries = static_cast<double>(settings.subscribers) * static_cast<double>(settings.updates);
  return Figures{.ns_per_delivery = (server.cpu_ns() - cpu_before) / deliveries,
                 .bytes_per_update = (server.metric("fanfare_sent_bytes_total") - sent_before) / deliveries};
}

// Resident memory of a subscriber that is an audience of its own, after some updates of the topic that all share.
Result<double> measure_audiences(const Settings& settings, Coding coding) {
  const MeasuredServer server(settings.program,
                              {"--log", "memory", "--threads", "1", "--anonymous", "--no-access-log"});
  if (server.port() == 0) return fail("the server did not start: " + server.log());
  const double before = server.resident_bytes();
  CodedFarm farm(server.port(), coding, update_text);
  const auto target = [](std::size_t number) { return "topic=shared&topic=own-" + std::to_string(number); };
  if (auto opened = farm.open(settings.audiences, target); !opened) return std::unexpected(opened.error());
  Settings slowly = settings;
  slowly.rate = 4;
  auto done = publish(server, farm, 0, 19, slowly, Ids::kHub, settings.audiences);
  if (!done) return std::unexpected(done.error());
  std::this_thread::sleep_for(kSettling);
  return (server.resident_bytes() - before) / static_cast<double>(settings.audiences);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[(values.size() - 1) / 2];
}

Result<void> run(const Settings& settings) {
  const std::size_t files = raise_file_limit();
  if (files < std::max(settings.subscribers, settings.audiences) + 128) {
    return fail("only " + std::to_string(files) + " files may be open (ulimit -n)");
  }
  std::printf("%zu subscribers of one topic, %zu updates of 128 bytes at %zu/s, one server thread\n",
              settings.subscribers, settings.updates, settings.rate);
  std::map<Coding, std::vector<double>> ratios;
  for (std::size_t turn = 1; turn <= 2 * settings.turns; ++turn) {
    const Ids ids = turn % 2 == 0 ? Ids::kHub : Ids::kPublisher;
    double identity_ns = 0;
    double identity_bytes = 0;
    std::printf("turn %zu, ids %s\n", turn, ids == Ids::kHub ? "of the hub" : "of the publisher");
    for (const Coding coding : kCodings) {
      const auto figures = measure(settings, coding, ids);
      if (!figures) return fail(std::string(coding_name(coding)) + ": " + figures.error().message);
      if (coding == Coding::kIdentity) {
        identity_ns = figures->ns_per_delivery;
        identity_bytes = figures->bytes_per_update;
      }
      ratios[coding].push_back(figures->ns_per_delivery / identity_ns);
      std::printf("  %-8s %6.0f ns CPU a delivery, ratio %.2f; %5.1f B an update, %.1f times smaller\n",
                  std::string(coding_name(coding)).c_str(), figures->ns_per_delivery, ratios[coding].back(),
                  figures->bytes_per_update, identity_bytes / figures->bytes_per_update);
      std::fflush(stdout);
    }
  }
  for (const Coding coding : kCodings) {
    std::printf("median  %-8s ratio %.2f (goal: at most %.1f)\n", std::string(coding_name(coding)).c_str(),
                median(ratios[coding]), kCostGoal);
  }
  std::printf("%zu audiences of one subscriber each, 20 updates that all get\n", settings.audiences);
  double identity = 0;
  for (const Coding coding : kCodings) {
    const auto bytes = measure_audiences(settings, coding);
    if (!bytes) return std::unexpected(bytes.error());
    if (coding == Coding::kIdentity) identity = *bytes;
    std::printf("%-8s %6.0f B a subscriber, %5.0f more than identity (goal for the audience: at most %.0f)\n",
                std::string(coding_name(coding)).c_str(), *bytes, *bytes - identity, kAudienceBytesGoal);
    std::fflush(stdout);
  }
  return {};
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(int count, char** arguments) {
  Settings settings;
  const Argument known[] = {
      {"--program", "FILE", &settings.program},  {"--subscribers", "N", &settings.subscribers},
      {"--audiences", "N", &settings.audiences}, {"--updates", "N", &settings.updates},
      {"--rate", "N", &settings.rate},           {"--turns", "N", &settings.turns},
  };
  if (!read_arguments("codings_bench", known, count, arguments)) return std::nullopt;
  return settings;
}

}  // namespace
}  // namespace fanfare::bench

int main(int count, char** arguments) {
  const auto settings = fanfare::bench::settings_from(count, arguments);
  if (!settings) return 2;
  if (const auto done = fanfare::bench::run(*settings); !done) {
    std::fprintf(stderr, "codings_bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
