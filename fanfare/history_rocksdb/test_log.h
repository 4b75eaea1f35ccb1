// A durable log in a directory that goes with it, and blocking calls to it. For tests.
// One thread, but for what the log does by itself.
#pragma once

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/history_rocksdb/rocksdb_log.h"

namespace fanfare {

inline constexpr Position kEnd = std::numeric_limits<Position>::max();

class TestDirectory {
 public:
  TestDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "fanfare-log-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TestDirectory() { std::filesystem::remove_all(path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The largest file of a log with this ending (".sst", ".log"); empty if there is none.
inline std::filesystem::path largest_file(const std::string& directory, const std::string& extension) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != extension) continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  return largest;
}

// Changes the byte that stands at that share of the file (0: the first).
inline void damage(const std::string& path, double where) {
  std::fstream bytes(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(static_cast<double>(std::filesystem::file_size(path)) * where);
  bytes.seekg(at);
  const int old = bytes.get();
  bytes.seekp(at);
  bytes.put(static_cast<char>(old ^ 0x55));
}

// Updates whose canonical topic is this; all if it is empty.
class TopicFilter final : public UpdateFilter {
 public:
  explicit TopicFilter(std::string topic) : topic_(std::move(topic)) {}
  bool wants(const Update& update) const override { return topic_.empty() || update.topics.front() == topic_; }
  bool selects(std::string_view topic) const override { return topic_.empty() || topic == topic_; }

 private:
  const std::string topic_;
};

// The base of a fixture: a log in a directory of its own, on a clock that the test moves. It is opened at its first
// use: set the options before.
class LogOnTestClock {
 protected:
  LogOnTestClock() {
    options_.directory = directory_.path();
    options_.durability = Durability::kOs;
    options_.retention.check_ms = 5;
    options_.unix_ms = options_.steady_ms = [this] { return now_ms_.load(); };
  }
  ~LogOnTestClock() = default;

  EventLog& log() {
    if (!log_) log_ = open_rocksdb_log(options_).value();
    return *log_;
  }
  void reopen() {
    log_.reset();
    log();
  }

  RocksDbLogOptions options_;
  std::atomic<std::uint64_t> now_ms_ = 1'000'000;

 private:
  const TestDirectory directory_;
  std::unique_ptr<EventLog> log_;
};

inline Update make_update(std::string data, std::string id = {}, std::string topic = "t") {
  Update update;
  update.topics = {std::move(topic)};
  update.data = std::move(data);
  update.id = std::move(id);
  return update;
}

inline std::future<Result<Appended>> append_later(EventLog& log, Update update) {
  std::promise<Result<Appended>> promise;
  auto future = promise.get_future();
  log.append(std::move(update),
             [promise = std::move(promise)](Result<Appended> result) mutable { promise.set_value(std::move(result)); });
  return future;
}

inline Result<Appended> append(EventLog& log, Update update) {
  return append_later(log, std::move(update)).get();
}

inline std::future<Result<std::vector<Appended>>> append_all_later(EventLog& log, std::vector<Update> updates) {
  std::promise<Result<std::vector<Appended>>> promise;
  auto future = promise.get_future();
  log.append_all(std::move(updates), [promise = std::move(promise)](Result<std::vector<Appended>> result) mutable {
    promise.set_value(std::move(result));
  });
  return future;
}

inline Result<std::vector<Appended>> append_all(EventLog& log, std::vector<Update> updates) {
  return append_all_later(log, std::move(updates)).get();
}

inline Result<ReadResult> read_once(EventLog& log, ReadRequest request) {
  std::promise<Result<ReadResult>> promise;
  auto future = promise.get_future();
  log.read_after(std::move(request), [&](Result<ReadResult> result) { promise.set_value(std::move(result)); });
  return future.get();
}

inline ReadResult read(EventLog& log, Position after, Position through = kEnd, std::string topic = {},
                       std::size_t bytes_max = 1 << 20, std::size_t scan_updates_max = 1'000) {
  return read_once(log, {.after = after,
                         .through = through,
                         .filter = std::make_shared<TopicFilter>(std::move(topic)),
                         .bytes_max = bytes_max,
                         .scan_updates_max = scan_updates_max})
      .value();
}

// Everything that follows, in as many reads as it takes.
inline std::vector<LoggedUpdatePtr> read_all(EventLog& log, Position after = kBeforeAll) {
  std::vector<LoggedUpdatePtr> all;
  while (true) {
    ReadResult result = read(log, after);
    if (result.read_through <= after) return all;
    all.insert(all.end(), result.updates.begin(), result.updates.end());
    after = result.read_through;
  }
}

inline FindResult find(EventLog& log, std::string id) {
  std::promise<Result<FindResult>> promise;
  auto future = promise.get_future();
  log.find(std::move(id), [&](Result<FindResult> result) { promise.set_value(std::move(result)); });
  return future.get().value();
}

inline std::vector<std::string> data_of(const std::vector<LoggedUpdatePtr>& updates) {
  std::vector<std::string> all;
  for (const auto& each : updates) all.push_back(each->update.data);
  return all;
}

}  // namespace fanfare
