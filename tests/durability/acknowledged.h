// What publishers were told, against what the log holds afterwards. For the tests of durability.
// A value; one thread.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/history_rocksdb/test_log.h"

namespace fanfare {

struct Acknowledged {
  int thread;
  int number;
  Position position;
  std::string id;
};

inline int thread_of(const LoggedUpdate& logged) {
  return std::stoi(logged.update.topics.front());
}
inline int number_of(const LoggedUpdate& logged) {
  return std::stoi(logged.update.data);
}

// How many of the acknowledged updates the log does not hold at their position with their id and data. Fails if it
// holds any update twice, a thread's updates out of order, or positions that do not grow.
inline std::size_t count_lost(const std::vector<LoggedUpdatePtr>& held, const std::vector<Acknowledged>& acknowledged) {
  std::map<Position, const LoggedUpdate*> by_position;
  std::map<int, int> newest;
  Position last = kBeforeAll;
  for (const auto& logged : held) {
    EXPECT_LT(last, logged->position);
    last = logged->position;
    by_position.emplace(last, logged.get());
    const int thread = thread_of(*logged);
    const auto before = newest.try_emplace(thread, -1).first;
    EXPECT_LT(before->second, number_of(*logged)) << "twice or out of order";
    before->second = number_of(*logged);
  }
  std::size_t lost = 0;
  for (const auto& each : acknowledged) {
    const auto found = by_position.find(each.position);
    const bool is_held = found != by_position.end() && found->second->update.id == each.id &&
                         thread_of(*found->second) == each.thread && number_of(*found->second) == each.number;
    if (!is_held) ++lost;
  }
  return lost;
}

}  // namespace fanfare
