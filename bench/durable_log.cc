// What the durable log costs: how many updates a second it takes when publishers wait for the disk, how soon a server
// is ready after a crash, and how long a subscriber of one topic takes to resume from a large log and from a small one.
// Each figure comes with what it is to be compared with, measured in the same run on the same disk.
// What it is not: a test. It makes and removes directories of its own below --directory.
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/arguments.h"
#include "bench/measured_server.h"
#include "fanfare/history_rocksdb/record.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"
#include "testing/live/http_client.h"

namespace fanfare {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kDataBytes = 128;
constexpr std::size_t kUpdatesPerTopic = 50;
constexpr std::size_t kSmallLogUpdates = 5'000;
constexpr std::size_t kResumedTopics = 100;
constexpr std::size_t kResumes = 2'000;
constexpr std::ptrdiff_t kFillingInFlight = 4'096;
constexpr std::chrono::seconds kSettling{15};  // compaction of what was written last
constexpr double kSharingGoal = 5;
constexpr double kBareGoal = 1.5;
constexpr double kResumeGoal = 2;
constexpr double kOpeningGoalSeconds = 2;

// What the program asks of itself: this, a directory, the number of updates.
constexpr std::string_view kFill = "--fill-and-crash";

struct Settings {
  std::string program = live::kProgram;
  std::string directory = std::filesystem::temp_directory_path();
  std::size_t updates = 5'000'000;
  std::size_t publishers = 64;
  std::size_t turns = 3;
  std::size_t seconds = 3;  // of each throughput
};

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[(values.size() - 1) / 2];
}

// Gone with the object.
class Directory {
 public:
  Directory(const std::string& parent, const char* name)
      : path_(parent + "/fanfare-bench-" + std::to_string(::getpid()) + "-" + name) {
    std::filesystem::remove_all(path_);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<EventLog> open_log(const std::string& directory, Durability durability) {
  RocksDbLogOptions options;
  options.directory = directory;
  options.durability = durability;
  auto log = open_rocksdb_log(std::move(options));
  if (!log) {
    std::fprintf(stderr, "durable_log_bench: %s\n", log.error().message.c_str());
    std::exit(1);
  }
  return std::move(*log);
}

Update update_of(std::string topic, std::size_t number) {
  Update update;
  update.topics = {std::move(topic)};
  // Digits that do not repeat: hardly compresses.
  for (std::uint64_t noise = number; update.data.size() < kDataBytes;) {
    noise = noise * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
    update.data.append(std::to_string(noise));
  }
  return update;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "durable_log_bench: %s\n", why.c_str());
  std::exit(1);
}

// --- Throughput ----------------------------------------------------------------------------------------------------

// Each publisher is a thread that waits until its update is on the disk before it sends the next. How many updates a
// second they get in together; the sizes of the log's batches are appended to `batches`.
class BatchSizes final : public LogFollower {
 public:
  void on_committed(std::span<const LoggedUpdatePtr> batch) override { sizes_.push_back(batch.size()); }
  // Once the log is gone.
  std::vector<std::size_t> take() { return std::move(sizes_); }

 private:
  std::vector<std::size_t> sizes_;
};

struct Throughput {
  double updates_per_second;
  std::vector<std::size_t> batches;
};

Throughput publish_for(const Settings& settings, std::size_t publishers) {
  const Directory directory(settings.directory, "throughput");
  BatchSizes batches;
  std::atomic<std::size_t> published = 0;
  double seconds = 0;
  {
    const auto log = open_log(directory.path(), Durability::kFsync);
    log->follow(batches);
    const auto begun = Clock::now();
    const auto until = begun + std::chrono::seconds(settings.seconds);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < publishers; ++i) {
      threads.emplace_back([&, i] {
        std::binary_semaphore answered(0);
        const std::string topic = "topic/" + std::to_string(i);
        for (std::size_t number = 0; Clock::now() < until; ++number) {
          log->append(update_of(topic, number), [&](const Result<Appended>& result) {
            if (!result) give_up(result.error().message);
            answered.release();
          });
          answered.acquire();
          ++published;
        }
      });
    }
    threads.clear();
    seconds = seconds_since(begun);
  }
  return {static_cast<double>(published) / seconds, batches.take()};
}

// What RocksDB itself takes of such batches: one thread, no queue, nobody to answer; the same three tables.
double bare_updates_per_second(const Settings& settings, const std::vector<std::size_t>& batches) {
  const Directory directory(settings.directory, "bare");
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (const auto status = rocksdb::DB::Open(options, directory.path(), &opened); !status.ok()) {
    give_up(status.ToString());
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::array<rocksdb::ColumnFamilyHandle*, 2> tables{};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (const auto made = db->CreateColumnFamily(options, std::to_string(i), &tables[i]); !made.ok()) {
      give_up(made.ToString());
    }
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  Position position = 0;
  const auto begun = Clock::now();
  const auto until = begun + std::chrono::seconds(settings.seconds);
  for (std::size_t i = 0; Clock::now() < until; ++i) {
    rocksdb::WriteBatch batch;
    for (std::size_t count = batches[i % batches.size()]; count > 0; --count) {
      ++position;
      const std::string topic = "topic/" + std::to_string(count);
      batch.Put(tables[0], stored::position_key(position),
                stored::encode_update(update_of(topic, position), IdOrigin::kHub, system_unix_ms()));
      batch.Put(tables[1], stored::topic_key(topic, position), "");
    }
    if (const auto written = db->Write(synced, &batch); !written.ok()) give_up(written.ToString());
  }
  const double rate = static_cast<double>(position) / seconds_since(begun);
  for (auto* table : tables) db->DestroyColumnFamilyHandle(table);
  return rate;
}

void measure_throughput(const Settings& settings) {
  std::printf("Appending, fsync, %zu bytes of data, %zu turns of %zu s each:\n", kDataBytes, settings.turns,
              settings.seconds);
  std::vector<double> alone;
  std::vector<double> together;
  std::vector<double> bare;
  for (std::size_t turn = 0; turn < settings.turns; ++turn) {
    alone.push_back(publish_for(settings, 1).updates_per_second);
    Throughput shared = publish_for(settings, settings.publishers);
    together.push_back(shared.updates_per_second);
    bare.push_back(bare_updates_per_second(settings, shared.batches));
    std::printf(
        "  turn %zu: %.0f/s one fsync for each, %.0f/s from %zu publishers, %.0f/s bare RocksDB, same batches\n",
        turn + 1, alone.back(), together.back(), settings.publishers, bare.back());
    std::fflush(stdout);
  }
  std::printf(
      "  median: %.1f times one fsync for each (goal: at least %.0f); bare RocksDB is %.2f times as fast "
      "(goal: at most %.1f)\n",
      median(together) / median(alone), kSharingGoal, median(bare) / median(together), kBareGoal);
}

// --- A large log ---------------------------------------------------------------------------------------------------

std::string topic_name(std::size_t number) {
  return "https://example.com/books/" + std::to_string(number);
}

std::string first_id(std::size_t topic) {
  return "first-" + std::to_string(topic);
}

// The first update of each topic has an id of its publisher. Ends the process without closing the log.
[[noreturn]] void fill_and_crash(const std::string& directory, std::size_t updates) {
  const std::size_t topics = updates / kUpdatesPerTopic;
  const auto log = open_log(directory, Durability::kOs);
  std::counting_semaphore<kFillingInFlight> room(kFillingInFlight);
  for (std::size_t i = 0; i < updates; ++i) {
    room.acquire();
    Update update = update_of(topic_name(i % topics), i);
    if (i < topics) update.id = first_id(i);
    log->append(std::move(update), [&](const Result<Appended>& result) {
      if (!result) give_up(result.error().message);
      room.release();
    });
  }
  for (std::ptrdiff_t i = 0; i < kFillingInFlight; ++i) room.acquire();
  ::_exit(0);
}

// Runs this program again to do so: RocksDB's threads would not live through a fork alone.
void have_it_filled(const std::string& directory, std::size_t updates) {
  const std::string count = std::to_string(updates);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "durable_log_bench", kFill.data(), directory.c_str(), count.c_str(), nullptr);
    ::_exit(1);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) give_up("the log could not be filled");
}

struct LogFigures {
  double ready_seconds;
  double resume_us;       // kResumedTopics topics again and again: what they need is in the server's cache
  double cold_resume_us;  // … and topics that nobody has asked for; 0 where there are no others
};

// A subscriber of one topic with the id of the topic's first update, from connecting until it has the others.
double resume_us(std::uint16_t port, std::size_t topic) {
  const auto begun = Clock::now();
  live::Subscriber subscriber(port, {.topic = topic_name(topic), .last_event_id = first_id(topic)});
  if (!subscriber.read_events(kUpdatesPerTopic - 1)) {
    give_up("topic " + std::to_string(topic) + " has " + std::to_string(subscriber.events().size()) +
            " updates to resume with");
  }
  return seconds_since(begun) * 1e6;
}

LogFigures measure_log(const Settings& settings, std::size_t updates) {
  const Directory directory(settings.directory, "large");
  const auto filling = Clock::now();
  have_it_filled(directory.path(), updates);
  const double filled = seconds_since(filling);

  const auto opening = Clock::now();
  const bench::MeasuredServer server(settings.program, {"--data", directory.path()});
  LogFigures figures{.ready_seconds = seconds_since(opening), .resume_us = 0, .cold_resume_us = 0};
  if (server.port() == 0) give_up("the server did not start: " + server.log());
  std::this_thread::sleep_for(kSettling);
  const std::size_t topics = updates / kUpdatesPerTopic;
  std::vector<double> us;
  for (std::size_t i = 0; i < kResumes; ++i) {
    // Far from each other in the log, as the topics that come back together are.
    us.push_back(resume_us(server.port(), i % kResumedTopics * (topics / kResumedTopics)));
  }
  figures.resume_us = median(std::move(us));
  std::printf(
      "  %zu updates over %zu topics, written in %.1f s: ready %.2f s after a crash; resumed %zu topics again and "
      "again, %zu updates each, in %.0f us",
      updates, topics, filled, figures.ready_seconds, kResumedTopics, kUpdatesPerTopic - 1, figures.resume_us);
  if (topics > kResumes * 2) {
    us.clear();
    for (std::size_t i = 0; i < kResumes; ++i) us.push_back(resume_us(server.port(), i * (topics / kResumes) + 1));
    figures.cold_resume_us = median(std::move(us));
    std::printf(", and %zu others, once each, in %.0f us", kResumes, figures.cold_resume_us);
  }
  std::printf("\n");
  std::fflush(stdout);
  return figures;
}

void measure_large_logs(const Settings& settings) {
  std::printf("The server: ready after a crash, and resuming a subscriber of one topic, from disk:\n");
  const LogFigures small = measure_log(settings, kSmallLogUpdates);
  const LogFigures large = measure_log(settings, settings.updates);
  std::printf(
      "  resuming in the large log takes %.2f times as long (goal: at most %.0f); it was ready in %.2f s (goal: under "
      "%.0f)\n",
      large.resume_us / small.resume_us, kResumeGoal, large.ready_seconds, kOpeningGoalSeconds);
  if (large.cold_resume_us != 0) {
    std::printf("  topics that nobody has asked for take %.2f times as long\n", large.cold_resume_us / small.resume_us);
  }
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(int count, char** arguments) {
  Settings settings;
  const bench::Argument known[] = {
      {"--program", "FILE", &settings.program}, {"--directory", "DIR", &settings.directory},
      {"--updates", "N", &settings.updates},    {"--publishers", "N", &settings.publishers},
      {"--turns", "N", &settings.turns},        {"--seconds", "N", &settings.seconds},
  };
  if (!bench::read_arguments("durable_log_bench", known, count, arguments)) return std::nullopt;
  settings.updates = std::max(settings.updates, kSmallLogUpdates) / kUpdatesPerTopic * kUpdatesPerTopic;
  return settings;
}

}  // namespace
}  // namespace fanfare

int main(int count, char** arguments) {
  if (count == 4 && arguments[1] == fanfare::kFill) {
    fanfare::fill_and_crash(arguments[2], std::strtoull(arguments[3], nullptr, 10));
  }
  const auto settings = fanfare::settings_from(count, arguments);
  if (!settings) return 2;
  fanfare::measure_throughput(*settings);
  fanfare::measure_large_logs(*settings);
  return 0;
}
