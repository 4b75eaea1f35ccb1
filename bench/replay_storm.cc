// A replay storm on a real server: many readers resume at once, each from the beginning, while others follow what is
// published now. Prints what the server's memory comes to, and what the storm does to those who are live: the time from
// publishing to receiving, quiet and in the storm. Every reader must get every update, in order.
// Both the updates' places are tried: in the server's memory, and on disk only (after a restart).
// What it is not: a test. Two threads: one receives the storm, the other publishes, and receives what is live.
#include <sys/resource.h>
#include <unistd.h>

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
#include "fanfare/base/error.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kReplayedTopic = "replayed";
constexpr std::string_view kLiveTopic = "live";
constexpr std::size_t kUpdateBytes = 128;
constexpr std::size_t kLiveSubscribers = 10;
constexpr std::chrono::milliseconds kLivePause{2};
constexpr std::chrono::seconds kQuiet{5};
constexpr int kReadersNice = 10;
constexpr double kLatencyGoal = 3;

struct Settings {
  std::string program = live::kProgram;
  std::string directory = std::filesystem::temp_directory_path();
  std::size_t readers = 1'000;
  std::size_t updates = 10'000;
  std::size_t threads = 1;  // of the server
};

std::string update_text(std::size_t number) {
  return live::numbered(number, kUpdateBytes);
}

std::string subscribe_request(std::string_view topic, std::string_view more) {
  return "GET /.well-known/mercure?topic=" + std::string(topic) + std::string(more) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

struct Latency {
  std::vector<double> ms;

  double quantile(double share) {
    std::ranges::sort(ms);
    return ms.empty() ? 0 : ms[static_cast<std::size_t>(static_cast<double>(ms.size() - 1) * share)];
  }
};

// Publishes to those who are live, one update after the other with a pause between, and notes how long each takes from
// the publisher's request until all of them have it. So a stall counts once, however long it is: p99 tells how long.
class LiveTraffic {
 public:
  explicit LiveTraffic(std::uint16_t port) : farm_(port, update_text), publisher_(port, publisher_token()) {}

  Result<void> open() {
    return farm_.open(kLiveSubscribers, [](std::size_t) { return subscribe_request(kLiveTopic, ""); });
  }

  // Until `ended` holds.
  template <typename Ended>
  Result<Latency> run(Ended ended) {
    Latency latency;
    while (!ended()) {
      const auto begun = Clock::now();
      if (publisher_.publish(kLiveTopic, update_text(next_)).status != 200) return fail("the server refused an update");
      if (auto received = farm_.receive_all_before(++next_); !received) return std::unexpected(received.error());
      latency.ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
      std::this_thread::sleep_for(kLivePause);
    }
    return latency;
  }

 private:
  Farm farm_;
  live::Publisher publisher_;
  std::size_t next_ = 0;
};

Result<void> storm(const Settings& settings, const MeasuredServer& server, const char* where) {
  LiveTraffic traffic(server.port());
  if (auto opened = traffic.open(); !opened) return opened;
  const auto quiet_until = Clock::now() + kQuiet;
  auto quiet = traffic.run([&] { return Clock::now() > quiet_until; });
  if (!quiet) return std::unexpected(quiet.error());

  server.forget_peak();
  const double before = server.resident_bytes();
  std::atomic<bool> over = false;
  Result<void> replayed;
  const auto begun = Clock::now();
  std::jthread readers([&] {
    ::setpriority(PRIO_PROCESS, 0, kReadersNice);  // of this thread; else those who are live would wait for it here
    Farm farm(server.port(), update_text);
    replayed = farm.open(settings.readers,
                         [](std::size_t) { return subscribe_request(kReplayedTopic, "&lastEventID=earliest"); });
    if (replayed) replayed = farm.receive_all_before(settings.updates);
    over = true;
  });
  auto stormy = traffic.run([&] { return over.load(); });
  readers.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  if (!replayed) return replayed;
  if (!stormy) return std::unexpected(stormy.error());

  const double events = static_cast<double>(settings.readers * settings.updates);
  std::printf("%s: %zu readers got %zu updates each in %.1f s, %.2f million a second\n", where, settings.readers,
              settings.updates, seconds, events / seconds / 1e6);
  std::printf("  memory: %.0f MB before, at most %.0f MB meanwhile: %.0f KB for each reader\n", before / 1e6,
              server.peak_resident_bytes() / 1e6,
              (server.peak_resident_bytes() - before) / 1e3 / static_cast<double>(settings.readers));
  std::printf(
      "  live: quiet p50 %.2f ms p99 %.2f ms; in the storm p50 %.2f ms p99 %.2f ms: %.1f and %.1f times as long "
      "(goal: at most %.0f)\n",
      quiet->quantile(0.5), quiet->quantile(0.99), stormy->quantile(0.5), stormy->quantile(0.99),
      stormy->quantile(0.5) / quiet->quantile(0.5), stormy->quantile(0.99) / quiet->quantile(0.99), kLatencyGoal);
  std::fflush(stdout);
  return {};
}

Result<void> run(const Settings& settings) {
  raise_file_limit();
  const std::string data = settings.directory + "/fanfare-replay-storm-" + std::to_string(::getpid());
  const auto serve = [&] {
    return MeasuredServer(settings.program, {"--data", data, "--threads", std::to_string(settings.threads)});
  };
  Result<void> done;
  {
    const MeasuredServer server = serve();
    if (server.port() == 0) return fail("the server did not start: " + server.log());
    live::Publisher publisher(server.port(), publisher_token());
    if (!publisher.publish_series(kReplayedTopic, 0, settings.updates - 1, kUpdateBytes)) {
      return fail("the server refused an update");
    }
    done = storm(settings, server, "from memory");
  }
  if (done) {
    const MeasuredServer server = serve();
    if (server.port() == 0) return fail("the server did not start: " + server.log());
    done = storm(settings, server, "from disk");
  }
  std::filesystem::remove_all(data);
  return done;
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(int count, char** arguments) {
  Settings settings;
  const Argument known[] = {
      {"--program", "FILE", &settings.program}, {"--directory", "DIR", &settings.directory},
      {"--readers", "N", &settings.readers},    {"--updates", "N", &settings.updates},
      {"--threads", "N", &settings.threads},
  };
  if (!read_arguments("replay_storm_bench", known, count, arguments)) return std::nullopt;
  return settings;
}

}  // namespace
}  // namespace fanfare::bench

int main(int count, char** arguments) {
  const auto settings = fanfare::bench::settings_from(count, arguments);
  if (!settings) return 2;
  if (const auto done = fanfare::bench::run(*settings); !done) {
    std::fprintf(stderr, "replay_storm_bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
