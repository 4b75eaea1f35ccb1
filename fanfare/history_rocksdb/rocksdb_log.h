// The durable event log, in a directory of its own, on RocksDB. docs/history_format.md describes what it stores and
// what each level of durability survives.
// What it is not: shared. One process has a directory at a time; the second is told who holds it.
//
// Threads: as EventLog says. Appends complete, and followers are called, on the log's one writing thread; reads that
// recent updates in memory cannot answer, and lookups of publishers' ids, complete on its reading threads.
// The destructor first completes everything that was asked for: who is named by a completion must outlive the log or
// wait for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fanfare/base/clock.h"
#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/history/event_log.h"
#include "fanfare/history/topic_rules.h"

namespace rocksdb {
class Env;
}

namespace fanfare {

class Log;

enum class Durability {
  kFsync,   // an append completes when the disk has it: survives the loss of power
  kOs,      // when the operating system has it: survives the end of the process, however it comes
  kMemory,  // when this process has it: survives a clean stop
};

// What the log keeps; 0: no bound. Updates beyond age, bytes or count are trimmed from the oldest on, and a reader that
// misses them hears of a gap. Topics may have bounds of their own (TopicRules).
struct Retention {
  std::uint64_t age_ms_max = 0;
  std::uint64_t bytes_max = 0;  // on disk
  std::uint64_t updates_max = 0;
  std::uint64_t check_ms = Limits().durable_log_check_ms;  // how often it is enforced
};

struct RocksDbLogOptions {
  std::string directory;  // made if it is missing
  Durability durability = Durability::kFsync;

  Retention retention;
  TopicRulesPtr topic_rules;  // null: all topics are durable and have no bounds of their own

  std::size_t append_queue_bytes_max = Limits().durable_log_append_queue_bytes_max;
  std::size_t commit_bytes_max = Limits().durable_log_commit_bytes_max;
  std::size_t tail_bytes_max = Limits().durable_log_tail_bytes_max;
  std::size_t cache_bytes_max = Limits().durable_log_cache_bytes_max;
  std::size_t reading_threads = Limits().durable_log_reading_threads;
  std::uint64_t free_bytes_min = Limits().durable_log_free_bytes_min;  // compaction needs some

  // The clocks, called on the log's own threads: the time of day, and milliseconds that only ever run on.
  UnixClock unix_ms = system_unix_ms;
  std::function<std::uint64_t()> steady_ms = steady_clock_ms;
  Log* log = nullptr;           // borrowed; what was found at the start, and failures. May be null
  rocksdb::Env* env = nullptr;  // borrowed; the file system. Null: the machine's
};

// Opens the log or makes a new one. Fails with a message for the operator if another process holds the directory, if
// it is not a log, if it was written in a newer format, or if it is damaged.
Result<std::unique_ptr<EventLog>> open_rocksdb_log(RocksDbLogOptions options);

}  // namespace fanfare
