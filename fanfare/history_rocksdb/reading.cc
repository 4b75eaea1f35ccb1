#include "fanfare/history_rocksdb/reading.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/history/read_bounds.h"

namespace fanfare {
namespace {

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

// Collects what a read finds, in order, until its bounds are reached.
class Collector {
 public:
  Collector(const EventIdCodec& codec, const ReadRequest& request)
      : codec_(codec), request_(request), bounds_(request), looked_at_(request.after) {}

  // False: the bounds are reached, or the record cannot be read (see finish).
  bool take(Position position, std::string_view record) {
    const auto head = stored::decode_update(record, update_);
    if (!head) return stop("the update at position " + std::to_string(position) + " is damaged");
    if (head->id_origin == IdOrigin::kHub) update_.id = codec_.encode(position);
    looked_at_ = position;
    const bool wanted = request_.filter->wants(update_);
    full_ = bounds_.is_reached_by(update_, wanted);
    if (wanted) {
      found_.push_back(std::make_shared<LoggedUpdate>(position, std::exchange(update_, {}), head->unix_ms));
    }
    return !full_;
  }
  bool stop(std::string wrong) {
    wrong_ = std::move(wrong);
    return false;
  }
  // Notes what ended an iteration, if anything did but its end.
  void note(const rocksdb::Status& status) {
    if (!status.ok() && wrong_.empty()) wrong_ = status.ToString();
  }

  // What stands before damage is given first; the next read, which begins at the damage, tells of it.
  Result<ReadResult> finish() {
    if (!wrong_.empty() && looked_at_ == request_.after) {
      return fail("the event log cannot be read after position " + std::to_string(looked_at_) + ": " + wrong_);
    }
    ReadResult result;
    result.updates = std::move(found_);
    result.read_through = full_ || !wrong_.empty() ? looked_at_ : std::max(request_.after, request_.through);
    return result;
  }

 private:
  const EventIdCodec& codec_;
  const ReadRequest& request_;
  ReadBounds bounds_;
  Update update_;  // its memory is used again while nothing is wanted
  std::vector<LoggedUpdatePtr> found_;
  Position looked_at_;
  bool full_ = false;
  std::string wrong_;
};

void collect_forward(const Database& database, const ReadRequest& request, Collector& collector) {
  const bool bounded = request.through != std::numeric_limits<Position>::max();
  const std::string end = bounded ? stored::position_key(request.through + 1) : std::string();
  const rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options = iterator_options();
  if (bounded) options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.updates()));
  for (next->Seek(slice(stored::position_key(request.after + 1))); next->Valid(); next->Next()) {
    const auto position = stored::read_position_key(next->key().ToStringView());
    if (!position) {
      collector.stop("a key of the table updates is damaged");
      return;
    }
    if (!collector.take(*position, next->value().ToStringView())) return;
  }
  collector.note(next->status());
}

// Null if nothing is stored there: retention took it.
Result<LoggedUpdatePtr> read_update(const Database& database, const EventIdCodec& codec, Position position) {
  rocksdb::PinnableSlice record;
  const rocksdb::Status got =
      database.db().Get(rocksdb::ReadOptions(), database.updates(), slice(stored::position_key(position)), &record);
  if (got.IsNotFound()) return nullptr;
  const std::string where = "the update at position " + std::to_string(position);
  if (!got.ok()) return fail(where + " cannot be read: " + got.ToString());
  auto logged = std::make_shared<LoggedUpdate>();
  const auto head = stored::decode_update(record.ToStringView(), logged->update);
  if (!head) return fail(where + " is damaged");
  logged->position = position;
  logged->unix_ms = head->unix_ms;
  if (head->id_origin == IdOrigin::kHub) logged->update.id = codec.encode(position);
  return logged;
}

// The positions of one topic's updates in a range, in the order of the log: backwards through the index.
class TopicCursor {
 public:
  TopicCursor(const Database& database, std::string_view topic, const ReadRequest& request)
      : newest_(stored::topic_key(topic, request.through)), newest_slice_(slice(newest_)) {
    rocksdb::ReadOptions options = iterator_options();
    options.iterate_lower_bound = &newest_slice_;
    next_.reset(database.db().NewIterator(options, database.topics()));
    const std::string oldest = stored::topic_key(topic, request.after + 1);
    next_->SeekForPrev(slice(oldest));
  }
  TopicCursor(const TopicCursor&) = delete;
  TopicCursor& operator=(const TopicCursor&) = delete;

  // Where it stands; the end of all positions if it is through.
  Position position() const {
    if (!next_->Valid()) return kThrough;
    return stored::position_of_topic_key(next_->key().ToStringView()).value_or(kThrough);
  }
  void advance() { next_->Prev(); }
  // Whether it ended too early: where it would stand is not known.
  bool has_failed() const { return !next_->Valid() && !next_->status().ok(); }
  rocksdb::Status status() const { return next_->status(); }

  static constexpr Position kThrough = std::numeric_limits<Position>::max();

 private:
  const std::string newest_;
  const rocksdb::Slice newest_slice_;
  std::unique_ptr<rocksdb::Iterator> next_;
};

// Some updates by their positions. Those that stand close together are read on from one to the next; those that stand
// apart are looked up, all at once.
class UpdateLookup {
 public:
  static constexpr std::size_t kAtOnce = 32;

  explicit UpdateLookup(const Database& database) : database_(database) {}
  UpdateLookup(const UpdateLookup&) = delete;
  UpdateLookup& operator=(const UpdateLookup&) = delete;

  // Ascending, at least one and at most kAtOnce.
  void look_up(std::span<const Position> positions) {
    for (auto& record : records_) record.Reset();
    const Position range = positions.back() - positions.front();
    if (range < positions.size() * kNear) {
      read_on(positions);
    } else {
      get_all(positions);
    }
  }
  // Of the position with this place in the last call. NotFound: retention took it.
  const rocksdb::Status& status(std::size_t place) const { return statuses_[place]; }
  std::string_view record(std::size_t place) const { return records_[place].ToStringView(); }

 private:
  static constexpr Position kNear = 8;

  void get_all(std::span<const Position> positions) {
    std::array<std::string, kAtOnce> texts;
    std::array<rocksdb::Slice, kAtOnce> keys;
    for (std::size_t i = 0; i < positions.size(); ++i) {
      texts[i] = stored::position_key(positions[i]);
      keys[i] = slice(texts[i]);
    }
    constexpr bool kSorted = true;
    database_.db().MultiGet(rocksdb::ReadOptions(), database_.updates(), positions.size(), keys.data(), records_.data(),
                            statuses_.data(), kSorted);
  }

  void read_on(std::span<const Position> positions) {
    if (!next_) next_.reset(database_.db().NewIterator(iterator_options(), database_.updates()));
    next_->Seek(slice(stored::position_key(positions.front())));
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const std::string key = stored::position_key(positions[i]);
      while (next_->Valid() && next_->key().compare(slice(key)) < 0) next_->Next();
      statuses_[i] = next_->status();
      if (!statuses_[i].ok()) continue;
      if (next_->Valid() && next_->key() == slice(key)) {
        records_[i].PinSelf(next_->value());
      } else {
        statuses_[i] = rocksdb::Status::NotFound();
      }
    }
  }

  const Database& database_;
  std::array<rocksdb::PinnableSlice, kAtOnce> records_;
  std::array<rocksdb::Status, kAtOnce> statuses_;
  std::unique_ptr<rocksdb::Iterator> next_;
};

// The next positions of all the topics, ascending, each once; as many as there is room for, or up to a failure.
std::size_t take_positions(std::deque<TopicCursor>& cursors, std::span<Position> room) {
  std::size_t count = 0;
  while (count < room.size() && std::ranges::none_of(cursors, &TopicCursor::has_failed)) {
    const Position position = std::ranges::min(cursors | std::views::transform(&TopicCursor::position));
    if (position == TopicCursor::kThrough) break;
    room[count++] = position;
    for (auto& cursor : cursors) {
      if (cursor.position() == position) cursor.advance();
    }
  }
  return count;
}

void collect_by_topics(const Database& database, const ReadRequest& request, std::span<const std::string> topics,
                       Collector& collector) {
  std::deque<TopicCursor> cursors;
  for (const auto& topic : topics) cursors.emplace_back(database, topic, request);
  UpdateLookup updates(database);
  std::array<Position, UpdateLookup::kAtOnce> room;
  while (true) {
    const auto positions = std::span(room).first(take_positions(cursors, room));
    if (positions.empty()) break;
    updates.look_up(positions);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      // An entry without its update: retention took it meanwhile.
      if (updates.status(i).IsNotFound()) continue;
      if (!updates.status(i).ok()) {
        collector.note(updates.status(i));
        return;
      }
      if (!collector.take(positions[i], updates.record(i))) return;
    }
  }
  for (const auto& cursor : cursors) collector.note(cursor.status());
}

}  // namespace

Result<ReadResult> read_stored(const Database& database, const EventIdCodec& codec, const ReadRequest& request) {
  Collector collector(codec, request);
  if (request.after < request.through) {
    const auto topics = request.filter->exact_topics();
    if (!topics) {
      collect_forward(database, request, collector);
    } else if (!topics->empty()) {
      collect_by_topics(database, request, *topics, collector);
    }
  }
  return collector.finish();
}

Result<LoggedUpdatePtr> newest_wanted_stored(const Database& database, const EventIdCodec& codec,
                                             std::string_view topic, Position through, const UpdateFilter& filter) {
  rocksdb::ReadOptions options = iterator_options();
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.topics()));
  const std::string prefix = stored::topic_prefix(topic);
  for (next->Seek(slice(stored::topic_key(topic, through))); next->Valid(); next->Next()) {
    if (!next->key().starts_with(slice(prefix))) break;
    const auto position = stored::position_of_topic_key(next->key().ToStringView());
    if (!position) return fail("a key of the table topics is damaged");
    auto logged = read_update(database, codec, *position);
    if (!logged) return logged;
    if (*logged && filter.wants((*logged)->update)) return logged;
  }
  if (!next->status().ok()) return fail("the index of topics cannot be read: " + next->status().ToString());
  return nullptr;
}

Result<Position> find_time_stored(const Database& database, std::uint64_t unix_ms, Position after, Position through) {
  rocksdb::ReadOptions options = iterator_options();
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.updates()));
  Position earlier = after;      // what is stored up to here is earlier
  Position later = through + 1;  // what is stored from here on is not
  while (later - earlier > 1) {
    const Position middle = earlier + (later - earlier) / 2;
    next->Seek(slice(stored::position_key(middle)));
    if (!next->status().ok()) {
      return fail("the event log cannot be read after position " + std::to_string(middle) + ": " +
                  next->status().ToString());
    }
    const bool is_earlier = next->Valid() && stored::unix_ms_of(next->value().ToStringView()).value_or(0) < unix_ms;
    if (is_earlier) {
      const auto position = stored::read_position_key(next->key().ToStringView());
      earlier = std::clamp(position.value_or(middle), middle, later - 1);
    } else {
      later = middle;
    }
  }
  return earlier;
}

Result<std::optional<Position>> find_chosen_id(const Database& database, std::string_view id, Position after) {
  rocksdb::ReadOptions options = iterator_options();
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.ids()));
  next->Seek(slice(stored::id_key(id, after + 1)));
  if (!next->status().ok()) return fail("the index of event ids cannot be read: " + next->status().ToString());
  if (!next->Valid() || !next->key().starts_with(slice(stored::id_prefix(id)))) return std::nullopt;
  return stored::position_of_id_key(next->key().ToStringView());
}

}  // namespace fanfare
