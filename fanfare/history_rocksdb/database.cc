#include "fanfare/history_rocksdb/database.h"

#include <openssl/rand.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/write_ahead.h"

namespace fanfare {
namespace {

constexpr const char* kEpoch = "epoch";
constexpr const char* kKey = "key";
constexpr const char* kReservedThrough = "reserved_through";
constexpr const char* kTrimmedThrough = "trimmed_through";
// Only after a repair.
constexpr const char* kLost = "lost";
constexpr const char* kGeneration = "generation";

// Positions are reserved on disk, synced, before the first of them is given away: what was told to a subscriber and
// then lost (with the power, or because it was never stored) is not told again of another update.
constexpr Position kReservedAtOnce = 1 << 16;

// Of one table. Opening after a crash reads at most 1.5 times as much from the write-ahead log (about 1 s).
constexpr std::size_t kWriteBufferBytes = 16 << 20;
// A clean stop leaves at most so much to recover.
constexpr std::uint64_t kUnflushedBytesAtClose = 4 << 20;

// Files are the grains of retention by size: small logs have small ones.
std::size_t write_buffer_bytes(const Retention& retention) {
  if (retention.bytes_max == 0) return kWriteBufferBytes;
  return std::clamp<std::size_t>(retention.bytes_max / 16, 256 << 10, kWriteBufferBytes);
}

// The text of an index key: all but the position, which is what lookups have in common.
class IndexedText final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "fanfare.IndexedText"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), key.size() - 8}; }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() >= 12; }
};

rocksdb::DBOptions database_options(const RocksDbLogOptions& options) {
  rocksdb::DBOptions database;
  if (options.env != nullptr) database.env = options.env;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  // A last record that a crash cut short was never acknowledged. Damage before it is looked for before RocksDB is asked
  // (write_ahead.h); its default would drop what follows the damage and say nothing.
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  database.track_and_verify_wals_in_manifest = true;
  database.max_total_wal_size = write_buffer_bytes(options.retention) * 3 / 2;
  database.paranoid_checks = true;
  // The tables stay consistent with one another also where a write-ahead log is not there to make them so: with
  // Durability::kMemory, and after damage in it.
  database.atomic_flush = true;
  database.max_background_jobs = 2;
  database.bytes_per_sync = 1 << 20;  // flushes in small steps: no long fsync that publishers would wait behind
  database.keep_log_file_num = 4;
  database.max_log_file_size = 4 << 20;
  return database;
}

// Tables that cannot be opened are no hindrance, nor are files of the write-ahead log that were removed.
rocksdb::DBOptions repair_options(const RocksDbLogOptions& options) {
  rocksdb::DBOptions database = database_options(options);
  database.track_and_verify_wals_in_manifest = false;
  database.paranoid_checks = false;
  return database;
}

rocksdb::ColumnFamilyOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache, std::size_t buffer_bytes) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = 4 * 1024;  // updates of one topic stand apart: a resume reads a block for each
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  blocks.whole_key_filtering = false;
  blocks.format_version = 5;
  rocksdb::ColumnFamilyOptions table;
  table.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  table.write_buffer_size = buffer_bytes;
  table.target_file_size_base = 4 * buffer_bytes;
  table.compression = rocksdb::kLZ4Compression;
  return table;
}

std::string table_name(const std::string& base, std::uint64_t generation) {
  return generation == 0 ? base : base + "." + std::to_string(generation);
}

rocksdb::ColumnFamilyDescriptor descriptor_of(const std::string& name, const RocksDbLogOptions& options,
                                              const TrimStatePtr& trim, const std::shared_ptr<rocksdb::Cache>& cache) {
  const std::string base = name.substr(0, name.find('.'));
  if (base == rocksdb::kDefaultColumnFamilyName) return {name, table_options(cache, 1 << 20)};
  const std::size_t buffer_bytes = write_buffer_bytes(options.retention);
  rocksdb::ColumnFamilyDescriptor table(name,
                                        table_options(cache, base == "updates" ? buffer_bytes : buffer_bytes / 2));
  table.options.compaction_filter_factory = base == "updates"  ? make_updates_filter(trim)
                                            : base == "topics" ? make_topics_filter(trim)
                                                               : make_ids_filter(trim);
  if (base != "updates") table.options.prefix_extractor = std::make_shared<IndexedText>();
  return table;
}

// Of all tables that the directory has and, before the first repair, of those that it gets: a first start that was cut
// short has made only some of them.
std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(const RocksDbLogOptions& options, const TrimStatePtr& trim) {
  std::vector<std::string> names;
  rocksdb::DB::ListColumnFamilies(database_options(options), options.directory, &names).PermitUncheckedError();
  if (std::ranges::none_of(names, [](const std::string& name) { return name.contains('.'); })) {
    names = {rocksdb::kDefaultColumnFamilyName, "updates", "topics", "ids"};
  }
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes_max);
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (const auto& name : names) tables.push_back(descriptor_of(name, options, trim, cache));
  return tables;
}

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

Error open_error(const RocksDbLogOptions& options, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (text.find("lock hold by current process") != text.npos) {
    return {"the event log in " + options.directory + " is open already in this process"};
  }
  if (status.IsIOError() && text.find("lock") != text.npos) {
    return {"the event log in " + options.directory + " is held by " + holder_of(options.directory)};
  }
  const bool is_of_a_table = text.find(".sst") != text.npos || text.find(".ldb") != text.npos;
  return {"the event log in " + options.directory + " cannot be opened: " + text +
          (is_of_a_table ? "; `fanfare log repair` keeps what can be read" : "")};
}

WriteError no_space() {
  return {WriteFailure::kNoSpace, "no space is left on the event log's disk"};
}

WriteError write_error(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return no_space();
  const char* const advice = status.IsCorruption() ? "; stop the hub and use `fanfare log repair`" : "";
  return {WriteFailure::kOther, "the event log cannot be written: " + status.ToString() + advice};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const RocksDbLogOptions& options, Access access) {
  const auto prepared =
      access == Access::kReadOnly ? check_directory(options.directory) : prepare_directory(options.directory);
  if (!prepared) return std::unexpected(prepared.error());
  auto rules = options.topic_rules ? options.topic_rules : std::make_shared<OneTopicRule>();
  std::unique_ptr<Database> database(new Database(std::move(rules)));
  if (auto checked = database->check_write_ahead(options, access); !checked) return std::unexpected(checked.error());
  if (auto opened = database->open_tables(options, access); !opened) return std::unexpected(opened.error());
  if (auto loaded = database->load_meta(); !loaded) return std::unexpected(loaded.error());
  if (auto chosen = database->choose_tables(); !chosen) return std::unexpected(chosen.error());
  if (access == Access::kRepair) return database;
  if (auto found = database->find_last(); !found) return std::unexpected(found.error());
  return database;
}

// RocksDB takes some damage for the end of the log. What is cut off in a repair is damage no more.
Result<void> Database::check_write_ahead(const RocksDbLogOptions& options, Access access) {
  if (access == Access::kRepair) return {};
  const auto damage = find_write_ahead_damage(options.directory);
  if (!damage) return std::unexpected(damage.error());
  const bool is_in_repair = std::filesystem::exists(repair_mark_of(options.directory));
  if (!*damage && !is_in_repair) return {};
  const std::string what =
      *damage ? (*damage)->file + ", byte " + std::to_string((*damage)->offset) + ": " + (*damage)->what
              : "its repair was interrupted";
  damage_ = "the event log in " + options.directory + " is damaged: " + what;
  if (access == Access::kReadOnly) return {};
  return fail(*damage_);
}

Result<void> Database::open_tables(const RocksDbLogOptions& options, Access access) {
  rocksdb::DBOptions how = access == Access::kRepair ? repair_options(options) : database_options(options);
  if (damage_) {
    how.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    how.track_and_verify_wals_in_manifest = false;
  }
  auto tables = descriptors(options, trim_);
  for (auto& table : tables) table.options.disable_auto_compactions = access == Access::kRepair;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = access == Access::kReadOnly
                                     ? rocksdb::DB::OpenForReadOnly(how, options.directory, tables, &handles_, &db)
                                     : rocksdb::DB::Open(how, options.directory, tables, &handles_, &db);
  if (!status.ok()) return std::unexpected(open_error(options, status));
  db_.reset(db);
  meta_ = db->DefaultColumnFamily();
  free_bytes_min_ = options.free_bytes_min;
  access_ = access;
  in_memory_only_ = options.durability == Durability::kMemory;
  return {};
}

bool Database::is_of_updates(const std::string& table) const {
  return table == table_name("updates", generation_);
}

bool Database::is_in_use(const std::string& table) const {
  return is_of_updates(table) || table == table_name("topics", generation_) ||
         table == table_name("ids", generation_) || table == rocksdb::kDefaultColumnFamilyName;
}

// Those of a repair that was not finished, and those that one left behind, go. The generation that says so stands in a
// table by now, as all does that was in the write-ahead log: a repair that is begun again may cut that.
Result<void> Database::choose_tables() {
  for (const auto& [base, chosen] :
       {std::pair{"updates", &tables_.updates}, {"topics", &tables_.topics}, {"ids", &tables_.ids}}) {
    const auto is_it = [&](const auto* handle) { return handle->GetName() == table_name(base, generation_); };
    const auto found = std::ranges::find_if(handles_, is_it);
    if (found == handles_.end()) return fail("the event log has no table " + table_name(base, generation_));
    *chosen = *found;
  }
  trim_->topics = tables_.topics;
  trim_->db = db_.get();
  if (access_ == Access::kReadOnly) return {};
  for (auto*& handle : handles_) {
    if (is_in_use(handle->GetName())) continue;
    rocksdb::Status status = db_->DropColumnFamily(handle);
    if (status.ok()) status = db_->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
    if (!status.ok()) return fail("a table that is not in use cannot be dropped: " + status.ToString());
  }
  std::erase(handles_, nullptr);
  return {};
}

Result<Database::Tables> Database::make_tables(const RocksDbLogOptions& options, std::uint64_t generation) {
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes_max);
  Tables tables;
  for (const auto& [base, made] :
       {std::pair{"updates", &tables.updates}, {"topics", &tables.topics}, {"ids", &tables.ids}}) {
    const auto table = descriptor_of(table_name(base, generation), options, trim_, cache);
    const rocksdb::Status status = db_->CreateColumnFamily(table.options, table.name, made);
    if (!status.ok()) return fail("a table cannot be made: " + status.ToString());
    handles_.push_back(*made);
  }
  return tables;
}

Result<void> Database::load_meta() {
  const auto load = [this](const char* name, std::string& value) {
    return db_->Get(rocksdb::ReadOptions(), meta_, name, &value);
  };
  std::string epoch;
  std::string key;
  if (load(kEpoch, epoch).IsNotFound()) {
    if (access_ == Access::kReadOnly) return fail("the event log is empty: it has never been in use");
    return make_meta();
  }
  std::string reserved;
  std::string trimmed;
  for (const auto& status :
       {load(kEpoch, epoch), load(kKey, key), load(kReservedThrough, reserved), load(kTrimmedThrough, trimmed)}) {
    if (!status.ok()) return fail("the event log's table meta cannot be read: " + status.ToString());
  }
  const auto epoch_number = stored::read_position_key(epoch);
  const auto reserved_through = stored::read_position_key(reserved);
  const auto trimmed_through = stored::read_position_key(trimmed);
  if (!epoch_number || !reserved_through || !trimmed_through || key.size() != key_.size()) {
    return fail("the event log's table meta is damaged");
  }
  epoch_ = *epoch_number;
  reserved_through_ = *reserved_through;
  trim_->trimmed_through = *trimmed_through;
  std::ranges::copy(key, key_.begin());
  return load_repair();
}

// What only a log has that was repaired.
Result<void> Database::load_repair() {
  std::string generation = stored::position_key(0);
  std::string lost;
  for (const auto& [name, value] : {std::pair{kGeneration, &generation}, {kLost, &lost}}) {
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), meta_, name, value);
    if (!status.ok() && !status.IsNotFound())
      return fail("the event log's table meta cannot be read: " + status.ToString());
    if (status.IsNotFound()) *value = value == &generation ? stored::position_key(0) : "";
  }
  const auto number = stored::read_position_key(generation);
  if (!number || lost.size() % 16 != 0) return fail("the event log's table meta is damaged");
  generation_ = *number;
  for (std::string_view rest = lost; !rest.empty(); rest.remove_prefix(16)) {
    lost_.push_back({*stored::read_position_key(rest.substr(0, 8)), *stored::read_position_key(rest.substr(8, 8))});
  }
  return {};
}

bool Database::has_lost_after(Position position) const {
  return std::ranges::any_of(lost_, [&](const LostRange& range) { return position < range.through; });
}

Result<void> Database::note_repair(std::span<const LostRange> lost, Position reserved_through,
                                   std::uint64_t generation) {
  std::string ranges;
  for (const auto& known : {std::span<const LostRange>(lost_), lost}) {
    for (const auto& [after, through] : known) {
      if (through > trimmed_through()) ranges += stored::position_key(after) + stored::position_key(through);
    }
  }
  rocksdb::WriteBatch batch;
  batch.Put(meta_, kLost, ranges);
  batch.Put(meta_, kReservedThrough, stored::position_key(reserved_through));
  batch.Put(meta_, kGeneration, stored::position_key(generation));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_->Write(synced, &batch);
  if (!status.ok()) return fail(write_error(status).message);
  return {};
}

Result<void> Database::make_meta() {
  FANFARE_CHECK(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1);
  FANFARE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&epoch_), sizeof epoch_) == 1);
  reserved_through_ = kBeginning;
  trim_->trimmed_through = kBeginning;
  rocksdb::WriteBatch batch;
  batch.Put(meta_, kEpoch, stored::position_key(epoch_));
  batch.Put(meta_, kKey, slice({reinterpret_cast<const char*>(key_.data()), key_.size()}));
  batch.Put(meta_, kReservedThrough, stored::position_key(reserved_through_));
  batch.Put(meta_, kTrimmedThrough, stored::position_key(trimmed_through()));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_->Write(synced, &batch);
  if (!status.ok()) return fail(write_error(status).message);
  return {};
}

Result<void> Database::find_last() {
  last_ = std::max(reserved_through_, trimmed_through());
  const std::unique_ptr<rocksdb::Iterator> newest(db_->NewIterator(iterator_options(), updates()));
  newest->SeekToLast();
  if (!newest->status().ok()) return fail("the event log cannot be read: " + newest->status().ToString());
  if (!newest->Valid()) return {};
  const auto position = stored::read_position_key(newest->key().ToStringView());
  const auto unix_ms = stored::unix_ms_of(newest->value().ToStringView());
  if (!position || !unix_ms) return fail("the event log's newest update is damaged");
  last_ = std::max(last_, *position);
  last_unix_ms_ = *unix_ms;
  return {};
}

Database::Database(TopicRulesPtr rules) : trim_(std::make_shared<TrimState>(std::move(rules))) {}

Database::~Database() {
  if (db_ == nullptr) return;
  trim_->db = nullptr;
  // So that the next opening has little to recover.
  std::uint64_t unflushed_bytes = 0;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &unflushed_bytes);
  if (access_ == Access::kReadAndWrite && (in_memory_only_ || unflushed_bytes > kUnflushedBytesAtClose)) {
    db_->Flush(rocksdb::FlushOptions(), {meta_, updates(), topics(), ids()}).PermitUncheckedError();
  }
  rocksdb::CancelAllBackgroundWork(db_.get(), true);
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close().PermitUncheckedError();
}

std::uint64_t Database::about_updates() const {
  std::uint64_t count = 0;
  db_->GetIntProperty(updates(), rocksdb::DB::Properties::kEstimateNumKeys, &count);
  return count;
}

bool Database::has_space() const {
  std::uint64_t bytes = 0;
  const auto known = db_->GetFileSystem()->GetFreeSpace(db_->GetName(), rocksdb::IOOptions(), &bytes, nullptr);
  return !known.ok() || bytes >= free_bytes_min_;
}

std::expected<void, WriteError> Database::append(std::span<const NewUpdate> updates, Position last,
                                                 Durability durability) {
  if (!has_space()) return std::unexpected(no_space());
  // Of this thread: nobody reads what RocksDB counts of each comparison, and a profile of large writes shows the cost.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  if (last > reserved_through_) {
    if (auto reserved = reserve_through(last + kReservedAtOnce); !reserved) return reserved;
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kFsync;
  options.disableWAL = durability == Durability::kMemory;
  rocksdb::WriteBatch batch;
  for (const auto& [logged, id_origin] : updates) {
    const Update& update = logged->update;
    batch.Put(tables_.updates, stored::position_key(logged->position),
              stored::encode_update(update, id_origin, logged->unix_ms));
    for (const auto& topic : update.topics) batch.Put(topics(), stored::topic_key(topic, logged->position), {});
    if (id_origin == IdOrigin::kPublisher) batch.Put(ids(), stored::id_key(update.id, logged->position), {});
  }
  const rocksdb::Status status = db_->Write(options, &batch);
  if (!status.ok()) return std::unexpected(write_error(status));
  return {};
}

std::expected<void, WriteError> Database::reserve_through(Position position) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_->Put(synced, meta_, kReservedThrough, stored::position_key(position));
  if (!status.ok()) return std::unexpected(write_error(status));
  reserved_through_ = position;
  return {};
}

Result<void> Database::trim_through(Position position) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const rocksdb::Status status = db_->Put(synced, meta_, kTrimmedThrough, stored::position_key(position));
  if (!status.ok()) return fail(write_error(status).message);
  trim_->trimmed_through = position;
  return {};
}

std::expected<void, WriteError> Database::resume() {
  if (!has_space()) return std::unexpected(no_space());
  const rocksdb::Status status = db_->Resume();
  if (!status.ok()) return std::unexpected(write_error(status));
  return {};
}

}  // namespace fanfare
