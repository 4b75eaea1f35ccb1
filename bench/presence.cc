// What telling of active subscriptions costs on a real server: N subscribers of a topic of their own each, as quickly
// as they can, (1) without it, (2) told to nobody, (3) told to one watcher, who must get an update for each. Where work
// were quadratic, its cost a subscriber would grow with N. Starts the server itself, a fresh one for each case, in
// turn. What it is not: a test. One thread.

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "bench/arguments.h"
#include "bench/farm.h"
#include "bench/measured_server.h"
#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"
#include "fanfare/url/form.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

constexpr std::size_t kFilesBesides = 128;
constexpr std::string_view kWatchedTopics = "/.well-known/mercure/subscriptions/{topic}/{subscriber}";

enum class Case { kSilent, kTold, kWatched };
constexpr std::array kCases = {Case::kSilent, Case::kTold, Case::kWatched};
constexpr std::array<const char*, 3> kNames = {"not told", "told to nobody", "told to a watcher"};

struct Settings {
  std::string program = live::kProgram;
  std::size_t subscribers = 10'000;
  std::size_t turns = 3;
};

std::string request_of(std::size_t number) {
  return "GET /.well-known/mercure?topic=own-" + std::to_string(number) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string watch_request() {
  Grants grants;
  grants.subscribe = {std::string(kWatchedTopics)};
  return "GET /.well-known/mercure?topic=" + url::percent_encode(kWatchedTopics) +
         " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + make_token(kKey, grants) + "\r\n\r\n";
}

// Receives until so many have been told of.
Result<void> watch(live::Connection& watcher, std::size_t count) {
  constexpr std::string_view kActive = "\"active\":true";
  std::string& received = watcher.received();
  for (std::size_t seen = 0;;) {
    std::size_t from = 0;
    for (auto at = received.find(kActive); at != received.npos; at = received.find(kActive, from)) {
      from = at + kActive.size();
      ++seen;
    }
    received.erase(0, from);
    if (seen >= count) return {};
    if (!watcher.receive()) return fail("the watcher was told of " + std::to_string(seen) + " subscriptions only");
  }
}

// The server's CPU time for each subscriber that comes, ns.
Result<double> measure(const Settings& settings, Case which, std::size_t subscribers) {
  std::vector<std::string> arguments = {"--log", "memory", "--threads", "1"};
  if (which != Case::kSilent) arguments.emplace_back("--subscriptions");
  const MeasuredServer server(settings.program, arguments);
  if (server.port() == 0) return fail("the server did not start: " + server.log());
  live::Connection watcher(server.port());
  if (which == Case::kWatched && (!watcher.send(watch_request()) || live::read_answer(watcher).status != 200)) {
    return fail("the watcher was refused");
  }
  Farm farm(server.port(), [](std::size_t number) { return std::to_string(number); });
  const double before = server.cpu_ns();
  if (auto opened = farm.open(subscribers, request_of); !opened) return std::unexpected(opened.error());
  if (which == Case::kWatched) {
    if (auto told = watch(watcher, subscribers); !told) return std::unexpected(told.error());
  }
  return (server.cpu_ns() - before) / static_cast<double>(subscribers);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[(values.size() - 1) / 2];
}

int run(const Settings& settings) {
  if (const std::size_t files = raise_file_limit(); files < settings.subscribers + kFilesBesides) {
    std::fprintf(stderr, "presence_bench: only %zu files may be open (ulimit -n)\n", files);
    return 1;
  }
  for (const std::size_t subscribers : {settings.subscribers / 10, settings.subscribers}) {
    std::array<std::vector<double>, kCases.size()> ns;
    for (std::size_t turn = 0; turn < settings.turns; ++turn) {
      for (std::size_t i = 0; i < kCases.size(); ++i) {
        const auto measured = measure(settings, kCases[i], subscribers);
        if (!measured) {
          std::fprintf(stderr, "presence_bench: %s\n", measured.error().message.c_str());
          return 1;
        }
        ns[i].push_back(*measured);
      }
    }
    for (std::size_t i = 0; i < kCases.size(); ++i) {
      const auto [least, most] = std::ranges::minmax(ns[i]);
      std::printf("%6zu subscribers, %-18s %6.1f us CPU each (%.1f to %.1f), %.2f times\n", subscribers, kNames[i],
                  median(ns[i]) / 1e3, least / 1e3, most / 1e3, median(ns[i]) / median(ns[0]));
      std::fflush(stdout);
    }
  }
  return 0;
}

}  // namespace
}  // namespace fanfare::bench

int main(int count, char** arguments) {
  fanfare::bench::Settings settings;
  const std::array known = {fanfare::bench::Argument{"--program", "FILE", &settings.program},
                            fanfare::bench::Argument{"--subscribers", "N", &settings.subscribers},
                            fanfare::bench::Argument{"--turns", "N", &settings.turns}};
  if (!fanfare::bench::read_arguments("presence_bench", known, count, arguments)) return 2;
  return fanfare::bench::run(settings);
}
