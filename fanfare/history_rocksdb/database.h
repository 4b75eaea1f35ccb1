// The database under the durable log: its directory, its four tables, and what a write of updates is. It opens and
// recovers, says who holds the directory, and translates RocksDB's errors.
//
//   meta: name -> value | updates: position -> record | topics: topic, position -> | ids: event id, position ->
//
// Writing and closing: one thread. Reading (reading.h): any thread.
#pragma once

#include <rocksdb/options.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "fanfare/base/error.h"
#include "fanfare/history/event_id.h"
#include "fanfare/history_rocksdb/record.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"
#include "fanfare/history_rocksdb/trim_filters.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Status;
}  // namespace rocksdb

namespace fanfare {

enum class WriteFailure { kNoSpace, kOther };
struct WriteError {
  WriteFailure failure;
  std::string message;
};

// For every iterator over a table. Where RocksDB 7.8 minds deletions of ranges, of which the log has none, an iterator
// takes a file whose first block cannot be read for the end of that file's level, and its status stays good:
// https://github.com/facebook/rocksdb/pull/11782
inline rocksdb::ReadOptions iterator_options() {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;
  return options;
}

class Database {
 public:
  // kReadOnly: as it stands now, also while another process has it open; nothing may be written or trimmed.
  enum class Access { kReadAndWrite, kReadOnly };
  static Result<std::unique_ptr<Database>> open(const RocksDbLogOptions& options,
                                                Access access = Access::kReadAndWrite);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // What was found when it was opened. last: no update has or ever had a position beyond it.
  Position last() const { return last_; }

  std::uint64_t last_unix_ms() const { return last_unix_ms_; }
  // RocksDB's estimate.
  std::uint64_t about_updates() const;
  // One thread at a time each.
  EventIdCodec make_codec() const { return EventIdCodec(key_, epoch_); }

  // One write, one fsync. After a failure nothing of it is visible, yet it may appear when the database is opened
  // again: its positions must not be used again. last: the newest position that has been given away, to these updates
  // or to others that are not stored.
  std::expected<void, WriteError> append(std::span<const NewUpdate> updates, Position last, Durability durability);
  // Positions up to this one will not be given away again, whatever happens.
  Position reserved_through() const { return reserved_through_; }
  // Makes writing possible again after a failed write, if its cause is gone. RocksDB 7.8 gives up for good where it is
  // asked to on a disk that is still full, so it is not.
  std::expected<void, WriteError> resume();

  // Updates up to this position are no longer held, whether or not their bytes are still there. Any thread.
  Position trimmed_through() const { return trim_->trimmed_through; }
  TrimState& trim() const { return *trim_; }
  // Stored before it returns, so that what is given back later is never missed silently. One thread.
  Result<void> trim_through(Position position);

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* updates() const { return updates_; }
  rocksdb::ColumnFamilyHandle* topics() const { return topics_; }
  rocksdb::ColumnFamilyHandle* ids() const { return ids_; }

 private:
  explicit Database(TopicRulesPtr rules);
  bool has_space() const;
  Result<void> open_tables(const RocksDbLogOptions& options, Access access);
  std::expected<void, WriteError> reserve_through(Position position);
  Result<void> load_meta();
  Result<void> make_meta();
  Result<void> find_last();

  const std::shared_ptr<TrimState> trim_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  rocksdb::ColumnFamilyHandle* updates_ = nullptr;
  rocksdb::ColumnFamilyHandle* topics_ = nullptr;
  rocksdb::ColumnFamilyHandle* ids_ = nullptr;
  EventIdCodec::Key key_{};
  std::uint64_t epoch_ = 0;
  Position last_ = kBeforeAll;
  Position reserved_through_ = kBeforeAll;
  std::uint64_t last_unix_ms_ = 0;
  std::uint64_t free_bytes_min_ = 0;
  Access access_ = Access::kReadAndWrite;
  bool in_memory_only_ = false;  // what is written since the last flush
};

}  // namespace fanfare
