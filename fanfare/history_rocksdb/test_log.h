// A durable log in a directory that goes with it, and blocking calls to it. For tests.
// One thread, but for what the log does by itself.
#pragma once

#include <stdlib.h>

#include <filesystem>
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

// Updates whose canonical topic is this; all if it is empty.
class TopicFilter final : public UpdateFilter {
 public:
  explicit TopicFilter(std::string topic) : topic_(std::move(topic)) {}
  bool wants(const Update& update) const override { return topic_.empty() || update.topics.front() == topic_; }
  bool selects(std::string_view topic) const override { return topic_.empty() || topic == topic_; }

 private:
  const std::string topic_;
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
