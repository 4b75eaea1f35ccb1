#include "fanfare/history_rocksdb/retention.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history_rocksdb/reading.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The indexes, and the updates that topics' rules give up, are gone through again when so much of the log is new; and
// for less, but for something, when that does not take more than a twentieth of the time.
constexpr std::uint64_t kSweepDivisor = 4;
constexpr std::uint64_t kSweepUpdatesLeast = 10'000;
constexpr int kSweepTimeDivisor = 20;
constexpr std::chrono::seconds kSweepPauseLeast{60};

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

std::unique_ptr<rocksdb::Iterator> updates_after(const Database& database, Position position) {
  rocksdb::ReadOptions options = iterator_options();
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.updates()));
  next->Seek(slice(stored::position_key(position + 1)));
  return next;
}

Position position_of(const rocksdb::Iterator& iterator) {
  return stored::read_position_key(iterator.key().ToStringView()).value_or(kBeforeAll);
}

std::unexpected<Error> unreadable(const rocksdb::Iterator& iterator) {
  return fail("the event log cannot be trimmed: " + iterator.status().ToString());
}

std::uint64_t number_of(const Database& database, rocksdb::ColumnFamilyHandle* table, const std::string& property) {
  std::uint64_t value = 0;
  return database.db().GetIntProperty(table, property, &value) ? value : 0;
}

std::uint64_t table_bytes(const Database& database) {
  std::uint64_t bytes = 0;
  for (auto* table : {database.updates(), database.topics(), database.ids()}) {
    bytes += number_of(database, table, rocksdb::DB::Properties::kTotalSstFilesSize);
  }
  return bytes;
}

// The files of the table of updates, the oldest first: they do not overlap.
std::vector<rocksdb::LiveFileMetaData> update_files(const Database& database) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db().GetLiveFilesMetaData(&files);
  std::erase_if(files, [](const auto& file) { return file.column_family_name != "updates"; });
  std::ranges::sort(files, {}, &rocksdb::LiveFileMetaData::smallestkey);
  return files;
}

// Gives back the files of trimmed updates. DeleteFilesInRange leaves level 0, where a log that is quiet has its last.
void give_files_back(const Database& database, Position trimmed) {
  const std::string first = stored::position_key(kBeforeAll);
  const std::string last = stored::position_key(trimmed);
  const rocksdb::Slice begin = slice(first);
  const rocksdb::Slice end = slice(last);
  rocksdb::DeleteFilesInRange(&database.db(), database.updates(), &begin, &end).PermitUncheckedError();
  const auto files = update_files(database);
  if (std::ranges::none_of(files, [&](const auto& file) { return file.largestkey <= last; })) return;
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  database.db().CompactRange(options, database.updates(), &begin, &end).PermitUncheckedError();
}

void sweep(const Database& database, rocksdb::ColumnFamilyHandle* table) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  database.db().CompactRange(options, table, nullptr, nullptr).PermitUncheckedError();
}

}  // namespace

RetentionKeeper::RetentionKeeper(Database& database, const Retention& bounds,
                                 const std::atomic<std::uint64_t>& appended, TrustedClock& clock,
                                 std::function<Position()> last, Log* log)
    : database_(database),
      bounds_(bounds),
      appended_(appended),
      clock_(clock),
      last_(std::move(last)),
      log_(log),
      thread_([this] { keep_until_stopped(); }) {}

RetentionKeeper::~RetentionKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  database_.db().DisableManualCompaction();
  thread_.join();
}

void RetentionKeeper::keep_until_stopped() {
  const std::chrono::milliseconds pause(std::max<std::uint64_t>(1, bounds_.check_ms));
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, pause, [this] { return stopping_; })) return;
    }
    if (const auto kept = keep(); !kept && log_ != nullptr) {
      log_->write(LogLevel::kError, "event_log_not_trimmed", {{"reason", kept.error().message}});
    }
  }
}

Result<void> RetentionKeeper::keep() {
  const auto old = bounds_.age_ms_max == 0 ? kBeforeAll : older_than(bounds_.age_ms_max);
  if (!old) return std::unexpected(old.error());
  const auto trim = too_many(std::max({database_.trimmed_through(), *old, too_large()}));
  if (!trim) return std::unexpected(trim.error());
  if (*trim > database_.trimmed_through()) {
    if (auto trimmed = database_.trim_through(*trim); !trimmed) return trimmed;
  }
  give_files_back(database_, database_.trimmed_through());
  if (auto aged = age_topics(); !aged) return aged;
  sweep_if_due();
  return {};
}

Result<void> RetentionKeeper::age_topics() {
  TrimState& trim = database_.trim();
  const auto rules = trim.rules->rules();
  for (std::size_t rule = 0; rule < rules.size(); ++rule) {
    if (rules[rule].age_ms_max == 0) continue;
    const auto old = older_than(rules[rule].age_ms_max);
    if (!old) return std::unexpected(old.error());
    if (*old <= trim.too_old_through[rule]) continue;
    trim.too_old_through[rule] = *old;
    is_sweep_wanted_ = true;
  }
  return {};
}

void RetentionKeeper::sweep_if_due() {
  const bool has_bounds = database_.trim().has_bounds;
  const std::uint64_t held = number_of(database_, database_.updates(), rocksdb::DB::Properties::kEstimateNumKeys);
  const std::uint64_t appended = appended_;
  const bool much_is_new = appended - swept_appended_ >= std::max(kSweepUpdatesLeast, held / kSweepDivisor);
  const bool some_is_new = has_bounds && (is_sweep_wanted_ || appended != swept_appended_);
  const auto begun = SteadyClock::now();
  if (!much_is_new && (!some_is_new || begun < next_sweep_)) return;
  swept_appended_ = appended;
  is_sweep_wanted_ = false;
  sweep(database_, database_.topics());
  sweep(database_, database_.ids());
  if (has_bounds) sweep(database_, database_.updates());
  const auto ended = SteadyClock::now();
  next_sweep_ = ended + std::max<SteadyClock::duration>(kSweepPauseLeast, kSweepTimeDivisor * (ended - begun));
}

Result<Position> RetentionKeeper::older_than(std::uint64_t age_ms) {
  const std::uint64_t now = clock_.unix_ms();
  if (now <= age_ms) return kBeforeAll;
  return find_time_stored(database_, now - age_ms, database_.trimmed_through(), last_());
}

// Counted by walking, at either end: positions are not dense.
Result<Position> RetentionKeeper::too_many(Position given_up) {
  if (bounds_.updates_max == 0) return given_up;
  Position position = database_.trimmed_through();
  if (counted_after_ != position) {
    counted_after_ = counted_through_ = position;
    held_ = 0;
  }
  const auto newest = updates_after(database_, counted_through_);
  for (; newest->Valid(); newest->Next(), ++held_) counted_through_ = position_of(*newest);
  if (!newest->status().ok()) return unreadable(*newest);
  const auto oldest = updates_after(database_, position);
  for (; oldest->Valid() && (held_ > bounds_.updates_max || position_of(*oldest) <= given_up);
       oldest->Next(), --held_) {
    position = position_of(*oldest);
  }
  if (!oldest->status().ok()) return unreadable(*oldest);
  counted_after_ = std::max(position, given_up);
  return counted_after_;
}

Position RetentionKeeper::too_large() const {
  if (bounds_.bytes_max == 0) return kBeforeAll;
  const std::uint64_t bytes = table_bytes(database_);
  if (bytes <= bounds_.bytes_max) return kBeforeAll;
  // Each update that goes takes its share of the indexes with it.
  const std::uint64_t update_bytes =
      number_of(database_, database_.updates(), rocksdb::DB::Properties::kTotalSstFilesSize);
  const double share = static_cast<double>(update_bytes) / static_cast<double>(bytes);
  double excess = static_cast<double>(bytes - bounds_.bytes_max) * share;
  Position trim = kBeforeAll;
  for (const auto& file : update_files(database_)) {
    if (excess <= 0) break;
    excess -= static_cast<double>(file.size);
    trim = stored::read_position_key(file.largestkey).value_or(trim);
  }
  return trim;
}

}  // namespace fanfare
