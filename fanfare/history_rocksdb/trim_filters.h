// What compaction leaves out: entries of updates that are trimmed, and of each topic all but its newest updates.
// What it is not: prompt. An entry goes when RocksDB next rewrites its file; readers go by TrimState until then.
// TrimState: any thread. The filters run on RocksDB's threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "fanfare/history/update.h"

namespace rocksdb {
class ColumnFamilyHandle;
class CompactionFilterFactory;
class DB;
}  // namespace rocksdb

namespace fanfare {

struct TrimState {
  std::atomic<Position> trimmed_through = kBeforeAll;
  std::uint64_t updates_per_topic_max = 0;  // 0: no bound
  // Where updates' topics are looked up; null while the database opens or closes: then nothing is left out for them.
  std::atomic<rocksdb::DB*> db = nullptr;
  std::atomic<rocksdb::ColumnFamilyHandle*> topics = nullptr;
};
using TrimStatePtr = std::shared_ptr<const TrimState>;

// An update goes with its last topic's entry.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_updates_filter(TrimStatePtr state);
// Keys come newest first: after updates_per_topic_max entries of a topic its others go. Entries that stand in other
// files are newer or will meet these later, so no entry goes too early.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_topics_filter(TrimStatePtr state);
std::shared_ptr<rocksdb::CompactionFilterFactory> make_ids_filter(TrimStatePtr state);

}  // namespace fanfare
