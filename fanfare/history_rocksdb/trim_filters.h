// What compaction leaves out: entries of updates that are trimmed, and of each topic what its rule does not keep.
// What it is not: prompt. An entry goes when RocksDB next rewrites its file; readers go by TrimState until then.
// TrimState: any thread. The filters run on RocksDB's threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "fanfare/history/topic_rules.h"

namespace rocksdb {
class ColumnFamilyHandle;
class CompactionFilterFactory;
class DB;
}  // namespace rocksdb

namespace fanfare {

struct TrimState {
  explicit TrimState(TopicRulesPtr topic_rules);

  // Whether the age of any of its topics' rules still keeps an update; what is trimmed for all is not asked.
  bool is_young(const Update& update, Position position) const;
  bool is_too_old(std::size_t rule, Position position) const { return position <= too_old_through[rule]; }

  std::atomic<Position> trimmed_through = kBeforeAll;
  const TopicRulesPtr rules;
  const bool has_ages;                                // any of the rules has one
  const bool has_bounds;                              // or a number of updates
  std::deque<std::atomic<Position>> too_old_through;  // by rule
  // Where updates' topics are looked up; null while the database opens or closes: then nothing is left out for them.
  std::atomic<rocksdb::DB*> db = nullptr;
  std::atomic<rocksdb::ColumnFamilyHandle*> topics = nullptr;
};
using TrimStatePtr = std::shared_ptr<const TrimState>;

// An update goes with its last topic's entry.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_updates_filter(TrimStatePtr state);
// Keys come newest first: after updates_max entries of a topic its others go. Entries that stand in other files are
// newer or will meet these later, so no entry goes too early.
std::shared_ptr<rocksdb::CompactionFilterFactory> make_topics_filter(TrimStatePtr state);
std::shared_ptr<rocksdb::CompactionFilterFactory> make_ids_filter(TrimStatePtr state);

}  // namespace fanfare
