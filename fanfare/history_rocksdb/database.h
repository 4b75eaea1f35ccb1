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
#include <optional>
#include <span>
#include <string>
#include <vector>

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

// What damage took: updates may have stood after `after`, through `through`.
struct LostRange {
  Position after;
  Position through;
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
  enum class Access {
    kReadAndWrite,  // fails if it is damaged so that updates would be missing silently
    kReadOnly,      // as it stands now, also while another process has it open; nothing may be written or trimmed
    kRepair,        // as far as it can be opened: see repair.h
  };
  static Result<std::unique_ptr<Database>> open(const RocksDbLogOptions& options,
                                                Access access = Access::kReadAndWrite);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // What was found when it was opened. last: no update has or ever had a position beyond it.
  Position last() const { return last_; }

  std::uint64_t last_unix_ms() const { return last_unix_ms_; }
  // Only with kReadOnly: what is wrong with the write-ahead log, with the file and the place. All before it is read.
  const std::optional<std::string>& damage() const { return damage_; }
  // Whether damage took updates after this position that readers were not told of by a gap: all that are still noted.
  bool has_lost_after(Position position) const;
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
  rocksdb::ColumnFamilyHandle* updates() const { return tables_.updates; }
  rocksdb::ColumnFamilyHandle* topics() const { return tables_.topics; }
  rocksdb::ColumnFamilyHandle* ids() const { return tables_.ids; }

  // Repair writes updates and their indexes anew, in tables of the next generation: "updates.1" after "updates". meta
  // says which generation is in use; opening drops all others.
  struct Tables {
    rocksdb::ColumnFamilyHandle* updates = nullptr;
    rocksdb::ColumnFamilyHandle* topics = nullptr;
    rocksdb::ColumnFamilyHandle* ids = nullptr;
  };
  std::uint64_t generation() const { return generation_; }
  bool is_in_use(const std::string& table) const;
  bool is_of_updates(const std::string& table) const;
  Result<Tables> make_tables(const RocksDbLogOptions& options, std::uint64_t generation);
  // Stored before it returns, all or nothing. It is not for this opening: close it then.
  Result<void> note_repair(std::span<const LostRange> lost, Position reserved_through, std::uint64_t generation);

 private:
  explicit Database(TopicRulesPtr rules);
  bool has_space() const;
  Result<void> check_write_ahead(const RocksDbLogOptions& options, Access access);
  Result<void> open_tables(const RocksDbLogOptions& options, Access access);
  Result<void> choose_tables();
  std::expected<void, WriteError> reserve_through(Position position);
  Result<void> load_meta();
  Result<void> load_repair();
  Result<void> make_meta();
  Result<void> find_last();

  const std::shared_ptr<TrimState> trim_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // all that are open
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  Tables tables_;
  std::uint64_t generation_ = 0;
  std::vector<LostRange> lost_;
  std::optional<std::string> damage_;
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
