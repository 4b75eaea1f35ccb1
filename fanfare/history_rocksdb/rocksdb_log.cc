#include "fanfare/history_rocksdb/rocksdb_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/reading.h"
#include "fanfare/history_rocksdb/reading_threads.h"
#include "fanfare/history_rocksdb/retention.h"
#include "fanfare/history_rocksdb/tail.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

using Clock = std::chrono::steady_clock;

// After a failed write, how long until the next is tried; appends fail at once meanwhile.
constexpr std::chrono::milliseconds kRetryWriting{250};

std::uint64_t system_unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::vector<EventIdCodec> make_codecs(const Database& database, std::size_t count) {
  std::vector<EventIdCodec> codecs;
  for (std::size_t i = 0; i < count; ++i) codecs.push_back(database.make_codec());
  return codecs;
}

RocksDbLogOptions with_clock(RocksDbLogOptions options) {
  if (!options.unix_ms) options.unix_ms = system_unix_ms;
  return options;
}

ReadResult gap() {
  ReadResult result;
  result.gap = true;
  return result;
}

class RocksDbLog final : public EventLog {
 public:
  RocksDbLog(RocksDbLogOptions options, std::unique_ptr<Database> database);
  ~RocksDbLog() override;

  void append(Update update, AppendDone done) override;
  Position follow(LogFollower& follower) override;
  void unfollow(LogFollower& follower) override;
  void read_after(ReadRequest request, ReadDone done) override;
  void find(std::string id, FindDone done) override;

 private:
  struct Append {
    Update update;
    AppendDone done;
  };

  // The writing thread.
  void write_until_stopped();
  std::vector<Append> wait_for_appends();
  void commit(std::vector<Append> appends);
  std::vector<NewUpdate> place(std::vector<Append>& appends);
  std::expected<void, WriteError> write(const std::vector<NewUpdate>& placed);
  void note_failure(const WriteError& error);
  void tell_followers(const std::vector<LoggedUpdatePtr>& batch);

  // A reading thread.
  Result<ReadResult> read_disk(const ReadRequest& request, Position asked_after, std::size_t thread) const;
  FindResult found_at(Position position) const;

  const RocksDbLogOptions options_;
  const std::unique_ptr<Database> database_;
  Tail tail_;

  std::mutex codec_mutex_;
  const EventIdCodec finding_codec_;  // with codec_mutex_

  std::mutex queue_mutex_;
  std::condition_variable queue_wake_;
  std::deque<Append> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;

  std::mutex followers_mutex_;
  std::vector<LogFollower*> followers_;
  Position told_through_;  // the followers know all of it

  // The writing thread's.
  const EventIdCodec writing_codec_;
  Position last_;
  std::uint64_t last_unix_ms_;
  std::optional<WriteError> failing_;
  Clock::time_point retry_at_;

  std::vector<EventIdCodec> reading_codecs_;  // one for each reading thread
  ReadingThreads readers_;
  std::atomic<std::uint64_t> appended_ = 0;
  std::thread writer_;  // uses all of the above
  std::optional<RetentionKeeper> keeper_;
};

RocksDbLog::RocksDbLog(RocksDbLogOptions options, std::unique_ptr<Database> database)
    : options_(with_clock(std::move(options))),
      database_(std::move(database)),
      tail_(options_.tail_bytes_max, database_->last()),
      finding_codec_(database_->make_codec()),
      told_through_(database_->last()),
      writing_codec_(database_->make_codec()),
      last_(database_->last()),
      last_unix_ms_(database_->last_unix_ms()),
      reading_codecs_(make_codecs(*database_, std::max<std::size_t>(1, options_.reading_threads))),
      readers_(reading_codecs_.size()),
      writer_([this] { write_until_stopped(); }) {
  const Retention& bounds = options_.retention;
  if ((bounds.age_ms_max | bounds.bytes_max | bounds.updates_max | bounds.updates_per_topic_max) == 0) return;
  keeper_.emplace(*database_, bounds, appended_, options_.unix_ms, [this] { return tail_.last(); }, options_.log);
}

RocksDbLog::~RocksDbLog() {
  keeper_.reset();
  {
    std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_wake_.notify_all();
  writer_.join();
}

// --- Appending -----------------------------------------------------------------------------------------------------

void RocksDbLog::append(Update update, AppendDone done) {
  FANFARE_CHECK(!update.topics.empty());
  const std::size_t bytes = update.memory_bytes();
  {
    std::lock_guard lock(queue_mutex_);
    if (queued_bytes_ <= options_.append_queue_bytes_max) {
      queued_bytes_ += bytes;
      queue_.push_back({std::move(update), std::move(done)});
      if (queue_.size() == 1) queue_wake_.notify_one();
      return;
    }
  }
  done(fail("the event log's disk cannot keep up; try again later"));
}

void RocksDbLog::write_until_stopped() {
  while (true) {
    std::vector<Append> appends = wait_for_appends();
    if (appends.empty()) return;
    commit(std::move(appends));
  }
}

// All that have come while the last write was under way: they share the next one.
std::vector<RocksDbLog::Append> RocksDbLog::wait_for_appends() {
  std::vector<Append> appends;
  std::unique_lock lock(queue_mutex_);
  queue_wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  for (std::size_t bytes = 0; !queue_.empty() && bytes < options_.commit_bytes_max;) {
    const std::size_t next_bytes = queue_.front().update.memory_bytes();
    bytes += next_bytes;
    queued_bytes_ -= next_bytes;
    appends.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return appends;
}

void RocksDbLog::commit(std::vector<Append> appends) {
  const std::vector<NewUpdate> placed = place(appends);
  if (const auto written = write(placed); !written) {
    note_failure(written.error());
    for (auto& each : appends) each.done(fail(written.error().message));
    return;
  }
  std::vector<LoggedUpdatePtr> batch;
  batch.reserve(placed.size());
  for (const auto& each : placed) batch.push_back(each.logged);
  tail_.push(batch);
  appended_ += batch.size();
  // Publishers first: their answers shall not wait behind what their updates set going.
  for (std::size_t i = 0; i < appends.size(); ++i) {
    appends[i].done(Appended{batch[i]->position, batch[i]->update.id});
  }
  tell_followers(batch);
}

std::vector<NewUpdate> RocksDbLog::place(std::vector<Append>& appends) {
  std::vector<NewUpdate> placed;
  placed.reserve(appends.size());
  for (auto& each : appends) {
    const Position position = ++last_;
    const auto origin = each.update.id.empty() ? stored::IdOrigin::kHub : stored::IdOrigin::kPublisher;
    if (origin == stored::IdOrigin::kHub) each.update.id = writing_codec_.encode(position);
    placed.push_back({std::make_shared<LoggedUpdate>(position, std::move(each.update)), origin});
  }
  return placed;
}

std::expected<void, WriteError> RocksDbLog::write(const std::vector<NewUpdate>& placed) {
  if (failing_) {
    if (Clock::now() < retry_at_) return std::unexpected(*failing_);
    if (const auto resumed = database_->resume(); !resumed) return resumed;
  }
  // Times in the log never go back, whatever the clock does.
  last_unix_ms_ = std::max(last_unix_ms_, options_.unix_ms());
  const auto written = database_->append(placed, last_unix_ms_, options_.durability);
  if (written && failing_) {
    failing_.reset();
    if (options_.log != nullptr) options_.log->write(LogLevel::kInfo, "event_log_writes_again");
  }
  return written;
}

void RocksDbLog::note_failure(const WriteError& error) {
  if (!failing_ && options_.log != nullptr) {
    options_.log->write(LogLevel::kError, "event_log_write_failed", {{"reason", error.message}});
  }
  if (!failing_ || Clock::now() >= retry_at_) retry_at_ = Clock::now() + kRetryWriting;
  failing_ = error;
}

void RocksDbLog::tell_followers(const std::vector<LoggedUpdatePtr>& batch) {
  std::lock_guard lock(followers_mutex_);
  told_through_ = batch.back()->position;
  for (LogFollower* follower : followers_) follower->on_committed(batch);
}

Position RocksDbLog::follow(LogFollower& follower) {
  std::lock_guard lock(followers_mutex_);
  followers_.push_back(&follower);
  return told_through_;
}

void RocksDbLog::unfollow(LogFollower& follower) {
  std::lock_guard lock(followers_mutex_);
  std::erase(followers_, &follower);
}

// --- Reading -------------------------------------------------------------------------------------------------------

void RocksDbLog::read_after(ReadRequest request, ReadDone done) {
  const Position trimmed = database_->trimmed_through();
  if (request.after != kBeforeAll && request.after < trimmed) {
    done(gap());
    return;
  }
  request.through = std::max(request.after, std::min(request.through, tail_.last()));
  const Position asked_after = request.after;
  request.after = std::max(request.after, std::min(trimmed, request.through));
  if (auto recent = tail_.read(request)) {
    done(std::move(*recent));
    return;
  }
  readers_.run([this, request = std::move(request), asked_after, done = std::move(done)](std::size_t thread) mutable {
    done(read_disk(request, asked_after, thread));
  });
}

Result<ReadResult> RocksDbLog::read_disk(const ReadRequest& request, Position asked_after, std::size_t thread) const {
  Result<ReadResult> result = read_stored(*database_, reading_codecs_[thread], request);
  // What was trimmed while it was read may be missing from it.
  if (asked_after != kBeforeAll && asked_after < database_->trimmed_through()) return gap();
  return result;
}

void RocksDbLog::find(std::string id, FindDone done) {
  std::optional<Position> own;
  {
    std::lock_guard lock(codec_mutex_);
    own = finding_codec_.decode(id);
  }
  if (own && *own <= tail_.last()) {
    done(found_at(*own));
    return;
  }
  readers_.run([this, id = std::move(id), done = std::move(done)](std::size_t) mutable {
    const auto chosen = find_chosen_id(*database_, id, database_->trimmed_through());
    if (!chosen) {
      done(std::unexpected(chosen.error()));
    } else {
      done(*chosen ? found_at(**chosen) : FindResult{});
    }
  });
}

FindResult RocksDbLog::found_at(Position position) const {
  return {position < database_->trimmed_through() ? FindStatus::kTrimmed : FindStatus::kHeld, position};
}

}  // namespace

Result<std::unique_ptr<EventLog>> open_rocksdb_log(RocksDbLogOptions options) {
  auto database = Database::open(options);
  if (!database) return std::unexpected(std::move(database.error()));
  return std::make_unique<RocksDbLog>(std::move(options), std::move(*database));
}

}  // namespace fanfare
