#include "fanfare/history_rocksdb/inspection.h"

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/reading.h"
#include "fanfare/history_rocksdb/repair.h"

namespace fanfare {
namespace {

// One read of a dump; how much of the log it holds in memory.
constexpr std::size_t kReadBytes = 4 << 20;
constexpr std::size_t kReadUpdates = 10'000;

// A hub that has the log open may delete a file between the moments at which opening finds its name and opens it.
constexpr int kOpenAttempts = 5;

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

Result<std::unique_ptr<Database>> open_to_read(const std::string& directory) {
  RocksDbLogOptions options;
  options.directory = directory;
  auto database = Database::open(options, Database::Access::kReadOnly);
  for (int attempt = 1; !database && attempt < kOpenAttempts; ++attempt) {
    database = Database::open(options, Database::Access::kReadOnly);
  }
  return database;
}

// RocksDB's own messages and lists of files are not counted: they do not grow with the log.
std::uint64_t bytes_in(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const auto kind = entry.path().extension();
    if (kind != ".sst" && kind != ".log") continue;
    std::error_code gone;  // a hub may have deleted it meanwhile
    const std::uint64_t size = entry.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

// Every key of a table, in order; blocks are not kept.
std::unique_ptr<rocksdb::Iterator> walk(const Database& database, rocksdb::ColumnFamilyHandle* table) {
  rocksdb::ReadOptions options = iterator_options();
  options.fill_cache = false;
  options.total_order_seek = true;
  options.readahead_size = 1 << 20;
  return std::unique_ptr<rocksdb::Iterator>(database.db().NewIterator(options, table));
}

bool has_topic(const Update& update, const std::string& topic) {
  return std::ranges::find(update.topics, topic) != update.topics.end();
}

std::string at(Position position) {
  return "position " + std::to_string(position);
}

// --- stat ----------------------------------------------------------------------------------------------------------

Result<std::optional<LogStat::End>> end_at(const Database& database, const rocksdb::Iterator& at_update) {
  if (!at_update.status().ok()) return fail("the event log cannot be read: " + at_update.status().ToString());
  if (!at_update.Valid()) return std::nullopt;
  const auto position = stored::read_position_key(at_update.key().ToStringView());
  Update update;
  const auto head = stored::decode_update(at_update.value().ToStringView(), update);
  if (!position || !head) return fail("the update at " + at(position.value_or(kBeforeAll)) + " is damaged");
  if (head->id_origin == IdOrigin::kHub) update.id = database.make_codec().encode(*position);
  return LogStat::End{*position, std::move(update.id), head->unix_ms};
}

Result<void> stat_updates(const Database& database, LogStat& stat) {
  const auto next = walk(database, database.updates());
  next->Seek(slice(stored::position_key(database.trimmed_through() + 1)));
  auto oldest = end_at(database, *next);
  if (!oldest) return std::unexpected(std::move(oldest.error()));
  stat.oldest = std::move(*oldest);
  if (!stat.oldest) return {};
  for (; next->Valid(); next->Next()) ++stat.updates;
  if (!next->status().ok()) return fail("the event log cannot be read: " + next->status().ToString());
  next->SeekToLast();
  auto newest = end_at(database, *next);
  if (!newest) return std::unexpected(std::move(newest.error()));
  stat.newest = std::move(*newest);
  return {};
}

// The first entry of each topic is its newest.
Result<std::uint64_t> count_topics(const Database& database) {
  std::uint64_t topics = 0;
  std::string last_prefix;
  const auto next = walk(database, database.topics());
  for (next->SeekToFirst(); next->Valid(); next->Next()) {
    const std::string_view key = next->key().ToStringView();
    const auto position = stored::position_of_topic_key(key);
    if (!position) return fail("a key of the table topics is damaged");
    const std::string_view prefix = key.substr(0, key.size() - sizeof(Position));
    if (prefix == last_prefix) continue;
    last_prefix = prefix;
    if (*position > database.trimmed_through()) ++topics;
  }
  if (!next->status().ok()) return fail("the index of topics cannot be read: " + next->status().ToString());
  return topics;
}

// --- dump ----------------------------------------------------------------------------------------------------------

class DumpFilter final : public UpdateFilter {
 public:
  explicit DumpFilter(const std::optional<std::string>& topic) {
    if (topic) topics_.push_back(*topic);
  }
  bool wants(const Update& update) const override { return topics_.empty() || has_topic(update, topics_.front()); }
  bool selects(std::string_view topic) const override { return topics_.empty() || topic == topics_.front(); }
  std::optional<std::span<const std::string>> exact_topics() const override {
    if (topics_.empty()) return std::nullopt;
    return topics_;
  }

 private:
  std::vector<std::string> topics_;
};

struct Range {
  Position after;
  Position through;
};

// A time that is not asked for is not looked up: that would read blocks, and any may be damaged.
Result<Range> range_of(const Database& database, const DumpRequest& request) {
  Range range{database.trimmed_through(), database.last()};
  if (request.since_unix_ms != DumpRequest().since_unix_ms) {
    const auto since = find_time_stored(database, request.since_unix_ms, range.after, range.through);
    if (!since) return std::unexpected(since.error());
    range.after = *since;
  }
  if (request.until_unix_ms != DumpRequest().until_unix_ms) {
    const auto until = find_time_stored(database, request.until_unix_ms, range.after, range.through);
    if (!until) return std::unexpected(until.error());
    range.through = *until;
  }
  return range;
}

// --- verify --------------------------------------------------------------------------------------------------------

class Verifier {
 public:
  Verifier(const Database& database, TopicBounds bounds, const ReportProblem& report)
      : database_(database), bounds_(bounds), report_(report) {}

  Verified verify() {
    if (database_.damage()) problem(*database_.damage());
    check_files();
    check_updates();
    check_index(database_.topics(), "topics");
    check_index(database_.ids(), "ids");
    return verified_;
  }

 private:
  void problem(const std::string& what) {
    ++verified_.problems;
    report_(what);
  }

  void check_files();
  void check_updates();
  void check_update(Position position, std::string_view record);
  void check_has_entry(Position position, rocksdb::ColumnFamilyHandle* table, const std::string& key,
                       const std::string& what);
  void check_index(rocksdb::ColumnFamilyHandle* table, const std::string& name);
  void check_entry(const std::string& name, std::string_view key);

  const Database& database_;
  const TopicBounds bounds_;
  const ReportProblem& report_;
  Verified verified_;
  Update update_;  // its memory is used again
  std::uint64_t last_unix_ms_ = 0;
};

void Verifier::check_files() {
  std::vector<rocksdb::LiveFileMetaData> files;
  database_.db().GetLiveFilesMetaData(&files);
  rocksdb::Options options(database_.db().GetDBOptions(), rocksdb::ColumnFamilyOptions());
  for (const auto& file : files) {
    const std::string path = file.directory + "/" + file.relative_filename;
    // All were there when the log was opened. One that a hub has deleted since is open here still, and read below.
    if (!std::filesystem::exists(path)) continue;
    ++verified_.files;
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok())
      problem(file.relative_filename + " of the table " + file.column_family_name + ": " + status.ToString());
  }
}

void Verifier::check_updates() {
  auto next = walk(database_, database_.updates());
  // Each time with a new iterator: one that has met a damaged block may take it for an empty one.
  const auto can_read_after = [&](Position after) {
    next = walk(database_, database_.updates());
    next->Seek(slice(stored::position_key(after + 1)));
    return next->status().ok();
  };
  Position reached = kBeforeAll;
  next->SeekToFirst();
  while (true) {
    for (; next->Valid(); next->Next()) {
      const auto position = stored::read_position_key(next->key().ToStringView());
      if (!position) {
        problem("a key of the table updates, after " + at(reached) + ", is no position");
        continue;
      }
      reached = *position;
      check_update(reached, next->value().ToStringView());
    }
    if (next->status().ok()) return;
    const std::string why = next->status().ToString();
    if (reached >= database_.last()) {
      problem("the table updates cannot be read to its end: " + why);
      return;
    }
    const Position from = reached;
    reached = skip_unreadable(from, database_.last(), can_read_after);
    problem("what stands after " + at(from) + " and through " + at(reached) + " cannot be read: " + why);
    if (!can_read_after(reached)) return;
  }
}

void Verifier::check_update(Position position, std::string_view record) {
  ++verified_.updates;
  const auto head = stored::decode_update(record, update_);
  if (!head) {
    problem("the update at " + at(position) + " is no record");
    return;
  }
  if (position > database_.reserved_through()) {
    problem("the update at " + at(position) + " stands beyond what is reserved, " + at(database_.reserved_through()));
  }
  if (head->unix_ms < last_unix_ms_) problem("the time of the update at " + at(position) + " is before the last one's");
  last_unix_ms_ = std::max(last_unix_ms_, head->unix_ms);
  if (position <= database_.trimmed_through()) return;
  if (bounds_ == TopicBounds::kNone) {
    for (const auto& topic : update_.topics) {
      check_has_entry(position, database_.topics(), stored::topic_key(topic, position), "its topic '" + topic + "'");
    }
  }
  if (head->id_origin == IdOrigin::kPublisher) {
    check_has_entry(position, database_.ids(), stored::id_key(update_.id, position), "its id '" + update_.id + "'");
  }
}

// An entry in a damaged block counts as there: the block is told of by itself.
void Verifier::check_has_entry(Position position, rocksdb::ColumnFamilyHandle* table, const std::string& key,
                               const std::string& what) {
  rocksdb::PinnableSlice entry;
  if (!database_.db().Get(rocksdb::ReadOptions(), table, slice(key), &entry).IsNotFound()) return;
  problem("the update at " + at(position) + " is not in the index by " + what);
}

void Verifier::check_index(rocksdb::ColumnFamilyHandle* table, const std::string& name) {
  const auto next = walk(database_, table);
  for (next->SeekToFirst(); next->Valid(); next->Next()) check_entry(name, next->key().ToStringView());
  if (!next->status().ok()) {
    problem("the table " + name + " cannot be read to its end: " + next->status().ToString());
  }
}

void Verifier::check_entry(const std::string& name, std::string_view key) {
  ++verified_.index_entries;
  const bool is_topic = name == "topics";
  const auto position = is_topic ? stored::position_of_topic_key(key) : stored::position_of_id_key(key);
  if (!position) {
    problem("a key of the table " + name + " is too short");
    return;
  }
  if (*position <= database_.trimmed_through()) return;
  const std::string text(stored::topic_of_prefix(key.substr(0, key.size() - sizeof(Position))));
  const std::string entry = "the entry of '" + text + "' in the table " + name + " for " + at(*position);
  rocksdb::PinnableSlice record;
  const rocksdb::Status got =
      database_.db().Get(rocksdb::ReadOptions(), database_.updates(), slice(stored::position_key(*position)), &record);
  if (got.IsNotFound()) {
    if (is_topic || bounds_ == TopicBounds::kNone) problem(entry + " has no update");
    return;
  }
  // What is wrong with the update itself has been told.
  if (!got.ok() || !stored::decode_update(record.ToStringView(), update_)) return;
  const bool is_its = is_topic ? has_topic(update_, text) : update_.id == text;
  if (!is_its) problem(entry + " leads to an update of another");
}

}  // namespace

Result<LogStat> stat_log(const std::string& directory) {
  const auto database = open_to_read(directory);
  if (!database) return std::unexpected(database.error());
  LogStat stat;
  if (const auto read = stat_updates(**database, stat); !read) return std::unexpected(read.error());
  const auto topics = count_topics(**database);
  if (!topics) return std::unexpected(topics.error());
  stat.topics = *topics;
  stat.bytes = bytes_in(directory);
  stat.damage = (*database)->damage();
  return stat;
}

Result<void> dump_log(const std::string& directory, const DumpRequest& request,
                      const std::function<Visit(const LoggedUpdate&)>& visit, const ReportProblem& report) {
  const auto opened = open_to_read(directory);
  if (!opened) return std::unexpected(opened.error());
  const Database& database = **opened;
  const EventIdCodec codec = database.make_codec();
  const auto range = range_of(database, request);
  if (!range) return std::unexpected(range.error());

  ReadRequest read{
      .after = range->after, .through = range->through, .filter = std::make_shared<DumpFilter>(request.topic)};
  std::uint64_t problems = 0;
  if (database.damage()) {
    ++problems;
    report(*database.damage());
  }
  while (read.after < read.through) {
    read.bytes_max = kReadBytes;
    read.scan_updates_max = kReadUpdates;
    const auto result = read_stored(database, codec, read);
    if (result) {
      for (const auto& logged : result->updates) {
        if (visit(*logged) == Visit::kEnough) return {};
      }
      read.after = result->read_through;
      continue;
    }
    ++problems;
    report(result.error().message);
    read.bytes_max = read.scan_updates_max = 1;
    read.after = skip_unreadable(read.after, read.through, [&](Position after) {
      read.after = after;
      return read_stored(database, codec, read).has_value();
    });
    report("left out: what stands there through " + at(read.after));
  }
  if (problems == 0) return {};
  return fail("the event log is damaged: not all of it could be read");
}

Result<Verified> verify_log(const std::string& directory, TopicBounds bounds, const ReportProblem& report) {
  const auto database = open_to_read(directory);
  if (!database) return std::unexpected(database.error());
  return Verifier(**database, bounds, report).verify();
}

Result<bool> repair_log(const std::string& directory, const ReportProblem& tell) {
  RocksDbLogOptions options;
  options.directory = directory;
  if (const auto is_log = check_directory(directory); !is_log) return std::unexpected(is_log.error());
  auto database = Database::open(options);
  const std::string why_not_open = database ? "" : database.error().message;
  if (database) database->reset();
  const auto repaired = repair(options, Damage::kAny, why_not_open);
  if (!repaired) return std::unexpected(repaired.error());
  database = Database::open(options);
  if (!database) return std::unexpected(database.error());
  if (!*repaired) return false;
  for (const auto& damage : (*repaired)->damage) tell(damage);
  for (const auto& [after, through] : (*repaired)->lost) {
    tell("lost: what may have stood after " + at(after) + " and through " + at(through));
  }
  if (!(*repaired)->kept_in.empty()) tell("the damaged files are kept in " + directory + "/" + (*repaired)->kept_in);
  return true;
}

Result<Compacted> compact_log(const std::string& directory) {
  if (const auto is_log = check_directory(directory); !is_log) return std::unexpected(is_log.error());
  RocksDbLogOptions options;
  options.directory = directory;
  Compacted compacted{.bytes_before = bytes_in(directory)};
  // Files stay the grains that a bound near the log's size would have.
  options.retention.bytes_max = std::max<std::uint64_t>(1, compacted.bytes_before);
  {
    const auto database = Database::open(options);
    if (!database) return std::unexpected(database.error());
    rocksdb::CompactRangeOptions compaction;
    compaction.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    for (auto* table : {(*database)->updates(), (*database)->topics(), (*database)->ids()}) {
      const rocksdb::Status status = (*database)->db().CompactRange(compaction, table, nullptr, nullptr);
      if (!status.ok()) return fail("the event log cannot be compacted: " + status.ToString());
    }
  }
  compacted.bytes_after = bytes_in(directory);
  return compacted;
}

}  // namespace fanfare
