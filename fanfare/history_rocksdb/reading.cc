#include "fanfare/history_rocksdb/reading.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <limits>

#include "fanfare/history_rocksdb/read_bounds.h"

namespace fanfare {
namespace {

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

std::unexpected<Error> damaged(Position after, const std::string& what) {
  return fail("the event log cannot be read after position " + std::to_string(after) + ": " + what);
}

}  // namespace

Result<ReadResult> read_forward(const Database& database, const EventIdCodec& codec, const ReadRequest& request) {
  ReadResult result;
  result.read_through = std::max(request.after, request.through);
  if (request.after >= request.through) return result;
  const bool bounded = request.through != std::numeric_limits<Position>::max();
  const std::string end = bounded ? stored::position_key(request.through + 1) : std::string();
  const rocksdb::Slice end_slice = slice(end);
  rocksdb::ReadOptions options;
  if (bounded) options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.updates()));

  ReadBounds bounds(request);
  Update update;
  Position looked_at = request.after;
  std::string wrong;
  for (next->Seek(slice(stored::position_key(request.after + 1))); next->Valid(); next->Next()) {
    const auto position = stored::read_position_key(next->key().ToStringView());
    const auto head = stored::decode_update(next->value().ToStringView(), update);
    if (!position || !head) {
      wrong = "the next record is not an update";
      break;
    }
    if (head->id_origin == stored::IdOrigin::kHub) update.id = codec.encode(*position);
    looked_at = *position;
    const bool wanted = request.filter->wants(update);
    const bool full = bounds.is_reached_by(update, wanted);
    if (wanted) result.updates.push_back(std::make_shared<LoggedUpdate>(*position, std::exchange(update, {})));
    if (full) {
      result.read_through = looked_at;
      return result;
    }
  }
  if (wrong.empty() && !next->status().ok()) wrong = next->status().ToString();
  if (wrong.empty()) return result;
  if (looked_at == request.after) return damaged(looked_at, wrong);
  result.read_through = looked_at;
  return result;
}

Result<std::optional<Position>> find_chosen_id(const Database& database, std::string_view id, Position after) {
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> next(database.db().NewIterator(options, database.ids()));
  next->Seek(slice(stored::id_key(id, after + 1)));
  if (!next->status().ok()) return fail("the index of event ids cannot be read: " + next->status().ToString());
  if (!next->Valid() || !next->key().starts_with(slice(stored::id_prefix(id)))) return std::nullopt;
  return stored::position_of_id_key(next->key().ToStringView());
}

}  // namespace fanfare
