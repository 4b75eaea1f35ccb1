// From a topic to the audiences that select it: exact topics by hash, "*" by a list, URI templates by template_index.h.
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/hub/template_index.h"

namespace fanfare {

class TopicIndex {
 public:
  using Entry = IndexEntry;

  TopicIndex(const Limits& limits, OffThread& off_thread) : templates_(limits.topic_cache_bytes_max, off_thread) {}

  void add(Audience& audience);
  void remove(Audience& audience);

  // Appends the lists of audiences that select the topic. An audience may stand in several of them. The spans are valid
  // until the next add or remove.
  void match(std::string_view topic, std::vector<std::span<const Entry>>& lists);
  // The same for the hub's own topics (hub_topic.h), each of which comes only a few times: the audiences that could
  // receive updates of some such topic, whether or not they select this one.
  void match_hub_topic(std::vector<std::span<const Entry>>& lists) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  IndexList any_;
  IndexList of_hub_topics_;
  std::unordered_map<std::string, IndexList, TextHash, std::equal_to<>> exact_;
  TemplateIndex templates_;
};

}  // namespace fanfare
