// From a topic to the audiences that select it by a URI template. Most templates are compiled into one automaton
// (template_set.h) that finds all matches in one pass over the topic; new ones wait in a short list that is tried one
// by one, by literal prefix first, until a new automaton is built off the thread. What the automaton found for a topic
// is kept, within a bound in bytes, until the next automaton.
//   Measured with 10,000 templates: one by one 4-18 ms a topic; the set at most 1 ms, 2 us when the topic is known.
// One thread, but for the building.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fanfare/hub/index_list.h"
#include "fanfare/hub/selector.h"

namespace fanfare {

// Runs long work away from the hub's thread.
class OffThread {
 public:
  virtual ~OffThread() = default;
  // work: on any other thread, touching only what it owns. then: afterwards on the hub's thread, never inside this
  // call; it need not run at all when the program is ending.
  virtual void run(std::move_only_function<void()> work, std::move_only_function<void()> then) = 0;
};

class TemplateIndex {
 public:
  // Fewer new templates than this, or than an eighth of those in the set, are tried one by one.
  static constexpr std::size_t kTailMin = 32;

  TemplateIndex(std::size_t cache_bytes_max, OffThread& off_thread);
  ~TemplateIndex();

  void add(const CompiledTemplatePtr& compiled, Audience& audience, std::uint32_t selector);
  void remove(const CompiledTemplate& compiled, Audience& audience, std::uint32_t selector);
  void match(std::string_view topic, std::vector<std::span<const IndexEntry>>& lists);

 private:
  struct Template {
    CompiledTemplatePtr compiled;
    IndexList audiences;  // empty: nobody uses it any more; it goes with the next automaton
    bool in_set = false;
  };
  struct Set;
  using TemplatePtr = std::shared_ptr<Template>;

  const std::vector<std::uint32_t>& match_set(std::string_view topic);
  void rebuild_if_worth_it();
  void install(std::shared_ptr<Set> built);
  void keep_or_forget(const std::vector<TemplatePtr>& members);

  OffThread& off_thread_;
  const std::size_t cache_bytes_max_;
  std::unordered_map<std::string_view, TemplatePtr> templates_;  // keys point into the templates
  std::vector<TemplatePtr> tail_;
  std::shared_ptr<Set> set_;
  std::size_t unused_in_set_ = 0;
  bool building_ = false;
  std::unordered_map<std::string, std::vector<std::uint32_t>> cache_;  // topic -> templates of set_
  std::size_t cache_bytes_ = 0;
  std::vector<int> scratch_;
  const std::shared_ptr<TemplateIndex*> alive_;  // reset at destruction: a late build finds nobody
};

}  // namespace fanfare
