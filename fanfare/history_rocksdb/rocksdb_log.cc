#include "fanfare/history_rocksdb/rocksdb_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history/read_bounds.h"
#include "fanfare/history/recent_updates.h"
#include "fanfare/history/state.h"
#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/reading.h"
#include "fanfare/history_rocksdb/reading_threads.h"
#include "fanfare/history_rocksdb/repair.h"
#include "fanfare/history_rocksdb/retention.h"
#include "fanfare/history_rocksdb/trusted_clock.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

using Clock = std::chrono::steady_clock;

// After a failed write, how long until the next is tried; appends fail at once meanwhile.
constexpr std::chrono::milliseconds kRetryWriting{250};

std::vector<EventIdCodec> make_codecs(const Database& database, std::size_t count) {
  std::vector<EventIdCodec> codecs;
  for (std::size_t i = 0; i < count; ++i) codecs.push_back(database.make_codec());
  return codecs;
}

Error error_of(const WriteError& error) {
  return {error.message, error.failure == WriteFailure::kNoSpace ? ErrorKind::kNoSpace : ErrorKind::kOther};
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

  void append_all(std::vector<Update> updates, AppendAllDone done) override;
  Position follow(LogFollower& follower) override;
  void unfollow(LogFollower& follower) override;
  void read_after(ReadRequest request, ReadDone done) override;
  void find(std::string id, FindDone done) override;
  void find_time(std::uint64_t unix_ms, FindDone done) override;
  Position transient_after() const override { return recent_.transient_after(); }
  std::string id_of(Position position) const override;

 private:
  // Updates that are stored together or not at all.
  struct Append {
    std::vector<Update> updates;
    AppendAllDone done;
    std::size_t bytes;
  };

  // The writing thread.
  void write_until_stopped();
  std::vector<Append> wait_for_appends();
  void commit(std::vector<Append> appends);
  std::vector<NewUpdate> place(std::vector<Append>& appends);
  bool holds_in_memory(std::span<const NewUpdate> placed) const;
  std::expected<void, WriteError> write(std::span<const NewUpdate> placed);
  void note_failure(const WriteError& error);
  void tell_followers(std::span<const LoggedUpdatePtr> batch);

  // A reading thread.
  Result<ReadResult> read_disk(ReadRequest request, Position asked_after, std::size_t thread) const;
  Result<FindResult> find_on_disk(const std::string& id) const;
  FindResult found_at(Position position) const;

  void read_on_in_memory(ReadRequest request, ReadResult& result) const;
  void leave_out_the_old(ReadResult& result) const;

  const RocksDbLogOptions options_;
  const std::unique_ptr<Database> database_;
  TrustedClock clock_;
  RecentUpdates recent_;

  mutable std::mutex codec_mutex_;
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
    : options_(std::move(options)),
      database_(std::move(database)),
      clock_(options_.unix_ms, options_.steady_ms),
      recent_({.updates_max = SIZE_MAX, .bytes_max = options_.tail_bytes_max}, database_->last()),
      finding_codec_(database_->make_codec()),
      told_through_(database_->last()),
      writing_codec_(database_->make_codec()),
      last_(database_->last()),
      last_unix_ms_(database_->last_unix_ms()),
      reading_codecs_(make_codecs(*database_, std::max<std::size_t>(1, options_.reading_threads))),
      readers_(reading_codecs_.size()),
      writer_([this] { write_until_stopped(); }) {
  const Retention& bounds = options_.retention;
  const bool is_bounded = (bounds.age_ms_max | bounds.bytes_max | bounds.updates_max) != 0;
  if (!is_bounded && !database_->trim().has_bounds) return;
  keeper_.emplace(*database_, bounds, appended_, clock_, [this] { return recent_.last(); }, options_.log);
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

void RocksDbLog::append_all(std::vector<Update> updates, AppendAllDone done) {
  FANFARE_CHECK(!updates.empty());
  std::size_t bytes = 0;
  for (const auto& update : updates) {
    FANFARE_CHECK(!update.topics.empty());
    bytes += update.memory_bytes();
  }
  {
    std::lock_guard lock(queue_mutex_);
    if (queued_bytes_ <= options_.append_queue_bytes_max) {
      queued_bytes_ += bytes;
      queue_.push_back({std::move(updates), std::move(done), bytes});
      if (queue_.size() == 1) queue_wake_.notify_one();
      return;
    }
  }
  done(fail("the event log's disk cannot keep up; try again later", ErrorKind::kOverloaded));
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
  for (std::size_t bytes = 0; !queue_.empty() && (appends.empty() || bytes < options_.commit_bytes_max);) {
    bytes += queue_.front().bytes;
    queued_bytes_ -= queue_.front().bytes;
    appends.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return appends;
}

void RocksDbLog::commit(std::vector<Append> appends) {
  const TopicRules& rules = *database_->trim().rules;
  std::vector<NewUpdate> placed = place(appends);
  std::vector<NewUpdate> durable;
  for (const auto& each : placed) {
    if (is_durable(rules, each.logged->update)) durable.push_back(each);
  }
  const auto written = write(durable);
  if (!written) note_failure(written.error());

  std::vector<LoggedUpdatePtr> batch;
  std::vector<NewUpdate> kept;
  std::vector<std::pair<AppendAllDone, std::vector<Appended>>> answers;
  for (std::span<NewUpdate> rest = placed; auto& append : appends) {
    const std::span<NewUpdate> of_append = rest.first(append.updates.size());
    rest = rest.subspan(of_append.size());
    if (!written && !holds_in_memory(of_append)) {
      append.done(std::unexpected(error_of(written.error())));
      continue;
    }
    auto& [done, appended] = answers.emplace_back(std::move(append.done), std::vector<Appended>());
    for (auto& each : of_append) {
      appended.push_back({each.logged->position, each.logged->update.id});
      batch.push_back(each.logged);
      kept.push_back(std::move(each));
    }
  }
  if (batch.empty()) return;
  recent_.push(kept);
  appended_ += batch.size();
  // Publishers first: their answers shall not wait behind what their updates set going.
  for (auto& [done, appended] : answers) done(std::move(appended));
  tell_followers(batch);
}

// Whether they need no disk. Such updates do not fail with the others, once nobody else can get their positions.
bool RocksDbLog::holds_in_memory(std::span<const NewUpdate> placed) const {
  const TopicRules& rules = *database_->trim().rules;
  return placed.back().logged->position <= database_->reserved_through() &&
         std::ranges::none_of(placed, [&](const NewUpdate& each) { return is_durable(rules, each.logged->update); });
}

std::vector<NewUpdate> RocksDbLog::place(std::vector<Append>& appends) {
  // Times in the log never go back, whatever the clock does.
  last_unix_ms_ = std::max(last_unix_ms_, clock_.unix_ms());
  std::vector<NewUpdate> placed;
  placed.reserve(appends.size());
  for (auto& append : appends) {
    for (auto& update : append.updates) {
      const Position position = ++last_;
      const auto origin = update.id.empty() ? IdOrigin::kHub : IdOrigin::kPublisher;
      if (origin == IdOrigin::kHub) update.id = writing_codec_.encode(position);
      placed.push_back({std::make_shared<LoggedUpdate>(position, std::move(update), last_unix_ms_), origin});
    }
  }
  return placed;
}

std::expected<void, WriteError> RocksDbLog::write(std::span<const NewUpdate> placed) {
  if (placed.empty() && last_ <= database_->reserved_through()) return {};
  if (failing_) {
    if (Clock::now() < retry_at_) return std::unexpected(*failing_);
    if (const auto resumed = database_->resume(); !resumed) return resumed;
  }
  const auto written = database_->append(placed, last_, options_.durability);
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

void RocksDbLog::tell_followers(std::span<const LoggedUpdatePtr> batch) {
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
  request.through = std::max(request.after, std::min(request.through, recent_.last()));
  const Position asked_after = request.after;
  request.after = std::max(request.after, std::min(trimmed, request.through));
  if (auto recent = recent_.read(request)) {
    leave_out_the_old(*recent);
    done(has_transient_gap(request, transient_after()) ? gap() : std::move(*recent));
    return;
  }
  readers_.run([this, request = std::move(request), asked_after, done = std::move(done)](std::size_t thread) mutable {
    auto result = read_disk(request, asked_after, thread);
    request.after = asked_after;
    done(result && has_transient_gap(request, transient_after()) ? gap() : std::move(result));
  });
}

Result<ReadResult> RocksDbLog::read_disk(ReadRequest request, Position asked_after, std::size_t thread) const {
  const EventIdCodec& codec = reading_codecs_[thread];
  // What is in memory is read there: updates that are not durable stand only there.
  const Position asked_through = request.through;
  request.through = std::max(request.after, std::min(request.through, recent_.after()));
  const auto newest = [&](std::string_view topic) -> Result<LoggedUpdatePtr> {
    if (auto recent = recent_.newest_wanted(topic, *request.state_as_of, *request.filter)) return recent;
    return newest_wanted_stored(*database_, codec, topic, *request.state_as_of, *request.filter);
  };
  const auto forward = [&] { return read_stored(*database_, codec, request); };
  Result<ReadResult> result = request.state_as_of ? read_state(request, newest, forward) : forward();
  // What was trimmed while it was read may be missing from it.
  if (asked_after != kBeforeAll && asked_after < database_->trimmed_through()) return gap();
  if (!result) return result;
  if (result->read_through == request.through) {
    request.after = std::exchange(request.through, asked_through);
    read_on_in_memory(request, *result);
  }
  leave_out_the_old(*result);
  return result;
}

// If there is room for more. The bound of updates looked at counts anew.
void RocksDbLog::read_on_in_memory(ReadRequest request, ReadResult& result) const {
  std::size_t bytes = 0;
  for (const auto& logged : result.updates) bytes += counted_bytes(logged->update);
  if (!result.updates.empty() && bytes >= request.bytes_max) return;
  request.bytes_max -= std::min(bytes, request.bytes_max);
  auto more = recent_.read(request);
  if (!more) return;
  std::ranges::move(more->updates, std::back_inserter(result.updates));
  result.read_through = more->read_through;
}

// Those that a topic's rule gives up by age may be found for a while yet.
void RocksDbLog::leave_out_the_old(ReadResult& result) const {
  const TrimState& trim = database_->trim();
  if (!trim.has_ages) return;
  std::erase_if(result.updates,
                [&](const LoggedUpdatePtr& logged) { return !trim.is_young(logged->update, logged->position); });
}

void RocksDbLog::find(std::string id, FindDone done) {
  std::optional<Position> own;
  {
    std::lock_guard lock(codec_mutex_);
    own = finding_codec_.decode(id);
  }
  if (own && *own <= recent_.last()) {
    done(found_at(*own));
    return;
  }
  readers_.run([this, id = std::move(id), done = std::move(done)](std::size_t) mutable { done(find_on_disk(id)); });
}

Result<FindResult> RocksDbLog::find_on_disk(const std::string& id) const {
  auto chosen = find_chosen_id(*database_, id, database_->trimmed_through());
  if (!chosen) return std::unexpected(std::move(chosen.error()));
  const auto recent = recent_.find_chosen_id(id);  // it may stand there only
  if (!*chosen || (recent && *recent < **chosen)) *chosen = recent;
  return *chosen ? found_at(**chosen) : FindResult{};
}

void RocksDbLog::find_time(std::uint64_t unix_ms, FindDone done) {
  if (const auto recent = recent_.find_time(unix_ms)) {
    done(found_at(*recent));
    return;
  }
  readers_.run([this, unix_ms, done = std::move(done)](std::size_t) mutable {
    const Position trimmed = database_->trimmed_through();
    const auto position = find_time_stored(*database_, unix_ms, trimmed, recent_.last());
    if (!position) {
      done(std::unexpected(position.error()));
      return;
    }
    // Whether what was dropped last was earlier cannot be known any more.
    const bool is_known = *position > trimmed || trimmed == kBeginning;
    done(is_known ? found_at(*position) : FindResult{FindStatus::kTrimmed, *position});
  });
}

std::string RocksDbLog::id_of(Position position) const {
  if (position <= kBeginning) return {};
  std::lock_guard lock(codec_mutex_);
  return finding_codec_.encode(position);
}

FindResult RocksDbLog::found_at(Position position) const {
  if (position < database_->trimmed_through()) return {FindStatus::kTrimmed, position};
  return {database_->has_lost_after(position) ? FindStatus::kDamaged : FindStatus::kHeld, position};
}

void tell(Log& log, const Repaired& repaired) {
  for (const auto& damage : repaired.damage) log.write(LogLevel::kError, "event_log_damaged", {{"where", damage}});
  for (const auto& [after, through] : repaired.lost) {
    log.write(LogLevel::kError, "event_log_updates_lost",
              {{"after_position", static_cast<std::int64_t>(after)},
               {"through_position", static_cast<std::int64_t>(through)}});
  }
  log.write(LogLevel::kWarning, "event_log_repaired",
            {{"stands_through_position", static_cast<std::int64_t>(repaired.stands_through)},
             {"damaged_files_kept_in", repaired.kept_in}});
}

Result<std::unique_ptr<Database>> open_or_repair(const RocksDbLogOptions& options) {
  auto database = Database::open(options);
  if (database) return database;
  const auto repaired = repair(options, Damage::kThatKeepsItFromOpening, database.error().message);
  if (!repaired) return std::unexpected(repaired.error());
  if (*repaired && options.log != nullptr) tell(*options.log, **repaired);
  return Database::open(options);
}

}  // namespace

Result<std::unique_ptr<EventLog>> open_rocksdb_log(RocksDbLogOptions options) {
  const auto begun = Clock::now();
  const std::uint64_t recovered_bytes = write_ahead_bytes_of(options.directory);
  auto database = open_or_repair(options);
  if (!database) return std::unexpected(std::move(database.error()));
  if (options.log != nullptr) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
    options.log->write(LogLevel::kInfo, "event_log_opened",
                       {{"directory", options.directory},
                        {"about_updates", static_cast<std::int64_t>((*database)->about_updates())},
                        {"recovered_bytes", static_cast<std::int64_t>(recovered_bytes)},
                        {"took_ms", static_cast<std::int64_t>(took.count())}});
  }
  return std::make_unique<RocksDbLog>(std::move(options), std::move(*database));
}

}  // namespace fanfare
