// What the simulation knows of the truth, found without the hub's own code: what was published, who should get it, and
// what the log still holds. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/history/event_log.h"

namespace fanfare::simulation {

// Whether a selector selects a topic, tried letter by letter. Knows templates with plain {name} expressions over topics
// of letters, digits and slashes; any other text selects itself.
bool selects(std::string_view selector, std::string_view topic);

bool should_receive(const std::vector<std::string>& selectors, const std::vector<std::string>& grants,
                    const Update& update);

struct Published {
  Position position;
  Update update;  // with its id
};

class HistoryModel {
 public:
  // log is borrowed.
  explicit HistoryModel(EventLog& log) : log_(log) {}

  // In log order.
  void add(Position position, Update update) { updates_.push_back({position, std::move(update)}); }
  const std::vector<Published>& updates() const { return updates_; }
  // The index of the first update behind a position.
  std::size_t index_after(Position position) const;
  // The index of the oldest update that the log holds now.
  std::size_t oldest_held() const;

 private:
  EventLog& log_;
  std::vector<Published> updates_;
};

}  // namespace fanfare::simulation
