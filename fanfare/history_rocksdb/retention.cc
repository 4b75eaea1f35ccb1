#include "fanfare/history_rocksdb/retention.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

// The indexes, and topics' surplus updates, are gone through again when so much of the log is new; and not for less.
constexpr std::uint64_t kSweepDivisor = 4;
constexpr std::uint64_t kSweepUpdatesLeast = 10'000;

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

std::unique_ptr<rocksdb::Iterator> updates_after(const Database& database, Position position) {
  rocksdb::ReadOptions options;
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
                                 const std::atomic<std::uint64_t>& appended, std::function<std::uint64_t()> unix_ms,
                                 std::function<Position()> last, Log* log)
    : database_(database),
      bounds_(bounds),
      appended_(appended),
      unix_ms_(std::move(unix_ms)),
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
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_for(lock, std::chrono::milliseconds(bounds_.check_ms), [this] { return stopping_; })) return;
    }
    if (const auto kept = keep(); !kept && log_ != nullptr) {
      log_->write(LogLevel::kError, "event_log_not_trimmed", {{"reason", kept.error().message}});
    }
  }
}

Result<void> RetentionKeeper::keep() {
  const auto old = too_old();
  if (!old) return std::unexpected(old.error());
  const auto trim = too_many(std::max({database_.trimmed_through(), *old, too_large()}));
  if (!trim) return std::unexpected(trim.error());
  if (*trim > database_.trimmed_through()) {
    if (auto trimmed = database_.trim_through(*trim); !trimmed) return trimmed;
  }
  give_files_back(database_, database_.trimmed_through());

  const std::uint64_t held = number_of(database_, database_.updates(), rocksdb::DB::Properties::kEstimateNumKeys);
  const std::uint64_t appended = appended_;
  if (appended - swept_appended_ < std::max(kSweepUpdatesLeast, held / kSweepDivisor)) return {};
  swept_appended_ = appended;
  sweep(database_, database_.topics());
  sweep(database_, database_.ids());
  if (bounds_.updates_per_topic_max != 0) sweep(database_, database_.updates());
  return {};
}

// Times in the log never go back, so that a few lookups find the place.
Result<Position> RetentionKeeper::too_old() {
  const std::uint64_t now = unix_ms_();
  if (bounds_.age_ms_max == 0 || now <= bounds_.age_ms_max) return kBeforeAll;
  const std::uint64_t oldest_kept = now - bounds_.age_ms_max;
  Position old = database_.trimmed_through();  // updates up to here are too old
  Position young = last_() + 1;                // from here on none is
  while (young - old > 1) {
    const Position middle = old + (young - old) / 2;
    const auto next = updates_after(database_, middle - 1);
    if (!next->status().ok()) return unreadable(*next);
    if (!next->Valid()) {
      young = middle;  // nothing is stored beyond
      continue;
    }
    const bool is_old = stored::unix_ms_of(next->value().ToStringView()).value_or(0) < oldest_kept;
    if (is_old) {
      old = std::min(position_of(*next), young - 1);
    } else {
      young = middle;
    }
  }
  return old;
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
