#include "fanfare/history_rocksdb/trim_filters.h"

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "fanfare/history_rocksdb/record.h"

namespace fanfare {
namespace {

using rocksdb::Slice;

bool any_rule(const TopicRules& rules, bool (*has)(const TopicRule&)) {
  return std::ranges::any_of(rules.rules(), has);
}

class UpdatesFilter final : public rocksdb::CompactionFilter {
 public:
  explicit UpdatesFilter(TrimStatePtr state) : state_(std::move(state)) {}
  const char* Name() const override { return "fanfare.UpdatesFilter"; }

  bool Filter(int, const Slice& key, const Slice& record, std::string*, bool*) const override {
    const auto position = stored::read_position_key(key.ToStringView());
    if (!position) return false;
    if (*position <= state_->trimmed_through) return true;
    rocksdb::DB* const db = state_->db;
    if (!state_->has_bounds || db == nullptr) return false;
    Update update;
    if (!stored::decode_update(record.ToStringView(), update)) return false;
    return std::ranges::none_of(update.topics, [&](const std::string& topic) {
      rocksdb::PinnableSlice entry;
      return !db->Get(rocksdb::ReadOptions(), state_->topics, stored::topic_key(topic, *position), &entry).IsNotFound();
    });
  }

 private:
  const TrimStatePtr state_;
};

// One compaction's: it counts as it goes.
class TopicsFilter final : public rocksdb::CompactionFilter {
 public:
  explicit TopicsFilter(TrimStatePtr state) : state_(std::move(state)) {}
  const char* Name() const override { return "fanfare.TopicsFilter"; }

  bool Filter(int, const Slice& key, const Slice&, std::string*, bool*) const override {
    const auto position = stored::position_of_topic_key(key.ToStringView());
    if (!position) return false;
    if (*position <= state_->trimmed_through) return true;
    if (!state_->has_bounds) return false;
    const std::string_view prefix = key.ToStringView().substr(0, key.size() - sizeof(Position));
    if (prefix != prefix_) {
      prefix_ = prefix;
      kept_ = 0;
      rule_ = state_->rules->rule_of(stored::topic_of_prefix(prefix));
    }
    if (state_->is_too_old(rule_, *position)) return true;
    const std::uint64_t updates_max = state_->rules->rules()[rule_].updates_max;
    if (updates_max != 0 && kept_ == updates_max) return true;
    ++kept_;
    return false;
  }

 private:
  const TrimStatePtr state_;
  mutable std::string prefix_;  // the topic that it is at
  mutable std::size_t rule_ = 0;
  mutable std::uint64_t kept_ = 0;
};

class IdsFilter final : public rocksdb::CompactionFilter {
 public:
  explicit IdsFilter(TrimStatePtr state) : state_(std::move(state)) {}
  const char* Name() const override { return "fanfare.IdsFilter"; }

  bool Filter(int, const Slice& key, const Slice&, std::string*, bool*) const override {
    const auto position = stored::position_of_id_key(key.ToStringView());
    return position && *position <= state_->trimmed_through;
  }

 private:
  const TrimStatePtr state_;
};

template <typename Filter>
class Factory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit Factory(TrimStatePtr state) : state_(std::move(state)) {}
  const char* Name() const override { return "fanfare.TrimFilterFactory"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<Filter>(state_);
  }

 private:
  const TrimStatePtr state_;
};

}  // namespace

TrimState::TrimState(TopicRulesPtr topic_rules)
    : rules(std::move(topic_rules)),
      has_ages(any_rule(*rules, [](const TopicRule& rule) { return rule.age_ms_max != 0; })),
      has_bounds(has_ages || any_rule(*rules, [](const TopicRule& rule) { return rule.updates_max != 0; })),
      too_old_through(rules->rules().size()) {}

bool TrimState::is_young(const Update& update, Position position) const {
  return !has_ages || std::ranges::any_of(update.topics, [&](const auto& topic) {
    return !is_too_old(rules->rule_of(topic), position);
  });
}

std::shared_ptr<rocksdb::CompactionFilterFactory> make_updates_filter(TrimStatePtr state) {
  return std::make_shared<Factory<UpdatesFilter>>(std::move(state));
}
std::shared_ptr<rocksdb::CompactionFilterFactory> make_topics_filter(TrimStatePtr state) {
  return std::make_shared<Factory<TopicsFilter>>(std::move(state));
}
std::shared_ptr<rocksdb::CompactionFilterFactory> make_ids_filter(TrimStatePtr state) {
  return std::make_shared<Factory<IdsFilter>>(std::move(state));
}

}  // namespace fanfare
