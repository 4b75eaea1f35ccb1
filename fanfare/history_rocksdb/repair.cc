#include "fanfare/history_rocksdb/repair.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "fanfare/history_rocksdb/directory.h"
#include "fanfare/history_rocksdb/reading.h"
#include "fanfare/history_rocksdb/write_ahead.h"
#include "fanfare/observe/log.h"

namespace fanfare {
namespace {

// Positions are reserved in the write-ahead log too: with its end, reservations may be lost. Each took more than a byte
// of it and no more positions than this.
constexpr Position kPositionsPerByte = 1 << 16;
// The least that is thought to be lost: more than RocksDB keeps in the write-ahead log.
constexpr std::uint64_t kLostBytesLeast = 64 << 20;

constexpr std::size_t kBatchBytes = 1 << 20;

rocksdb::Slice slice(const std::string& text) {
  return {text.data(), text.size()};
}

// --- What is set aside ---------------------------------------------------------------------------------------------

// What the mark (repair_mark_of) says, a line each.
struct Mark {
  std::string kept_in;
  WriteAheadDamage damage;
};

std::optional<Mark> read_mark(const std::string& directory) {
  std::ifstream file(repair_mark_of(directory));
  Mark mark;
  std::string offset;
  for (auto* line : {&mark.kept_in, &mark.damage.file, &offset, &mark.damage.what}) {
    if (!std::getline(file, *line)) return std::nullopt;
  }
  const auto read = std::from_chars(offset.data(), offset.data() + offset.size(), mark.damage.offset);
  if (read.ec != std::errc()) return std::nullopt;
  return mark;
}

// Copies, synced: RocksDB removes the originals when it has no more use for them. Files that are missing are left out.
Result<void> keep_copies(const std::string& directory, const std::string& kept_in, std::span<const std::string> files) {
  const std::string to = directory + "/" + kept_in;
  std::error_code error;
  std::filesystem::create_directories(to, error);
  if (error) return fail("cannot make " + to + ": " + error.message());
  for (const auto& file : files) {
    const auto original = std::filesystem::path(directory) / file;
    if (!std::filesystem::exists(original, error)) continue;
    const auto copy = std::filesystem::path(to) / file;
    std::filesystem::copy_file(original, copy, std::filesystem::copy_options::overwrite_existing, error);
    if (error || !sync_path(copy)) {
      const std::string why = error ? error.message() : "it cannot be synced";
      return fail(std::string("the damaged file ").append(file).append(" cannot be kept: ").append(why));
    }
  }
  if (!sync_path(to) || !sync_path(directory)) return fail("cannot sync " + to);
  return {};
}

std::uint64_t bytes_kept(const std::string& kept_in) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kept_in, error)) bytes += entry.file_size(error);
  return bytes;
}

// --- The write-ahead log -------------------------------------------------------------------------------------------

// RocksDB knows of files that are missing or too short, and says so by their number only.
std::optional<WriteAheadDamage> damage_that_rocksdb_tells(const std::string& directory, const std::string& why) {
  constexpr std::string_view kNumber = "log number: ";
  const auto found = why.find(kNumber);
  if (found == why.npos) return std::nullopt;
  std::uint64_t number = 0;
  const char* const digits = why.data() + found + kNumber.size();
  if (std::from_chars(digits, why.data() + why.size(), number).ec != std::errc()) return std::nullopt;
  std::string file = std::to_string(number);
  file.insert(0, 6 - std::min<std::size_t>(6, file.size()), '0');
  file += ".log";
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(directory + "/" + file, error);
  if (error) return WriteAheadDamage{std::move(file), 0, "the file is missing"};
  return WriteAheadDamage{std::move(file), bytes, "the file is cut short"};
}

// While it lives, nobody else opens the log.
class Lock {
 public:
  explicit Lock(const RocksDbLogOptions& options)
      : env_(options.env != nullptr ? options.env : rocksdb::Env::Default()),
        is_held_(env_->LockFile(options.directory + "/LOCK", &lock_).ok()) {}
  ~Lock() {
    if (is_held_) env_->UnlockFile(lock_).PermitUncheckedError();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool is_held() const { return is_held_; }

 private:
  rocksdb::Env* const env_;
  rocksdb::FileLock* lock_ = nullptr;
  const bool is_held_;
};

// Cuts the write-ahead log if it is damaged; the mark stays until the loss is noted in the database.
Result<std::optional<Mark>> cut_damage(const RocksDbLogOptions& options, const std::string& kept_in,
                                       const std::string& why_not_open) {
  const std::string& directory = options.directory;
  auto mark = read_mark(directory);
  if (!mark) {
    auto damage = find_write_ahead_damage(directory);
    if (!damage) return std::unexpected(damage.error());
    if (!*damage) *damage = damage_that_rocksdb_tells(directory, why_not_open);
    if (!*damage) return std::nullopt;
    mark = Mark{kept_in, **damage};
    if (auto kept = keep_copies(directory, kept_in, write_ahead_files(directory)); !kept) {
      return std::unexpected(kept.error());
    }
    const std::string text = mark->kept_in + "\n" + mark->damage.file + "\n" + std::to_string(mark->damage.offset) +
                             "\n" + mark->damage.what + "\n";
    if (auto written = write_whole(repair_mark_of(directory), text); !written) return std::unexpected(written.error());
  }
  if (auto cut = cut_write_ahead(directory, mark->damage); !cut) return std::unexpected(cut.error());
  return mark;
}

// --- The tables ----------------------------------------------------------------------------------------------------

struct TableFile {
  rocksdb::LiveFileMetaData meta;
  std::string damage;  // what is wrong with it; empty: nothing that was looked for
  bool is_readable = true;
};

Position first_of(const TableFile& file) {
  return stored::read_position_key(file.meta.smallestkey).value_or(kBeginning);
}
Position last_of(const TableFile& file) {
  return stored::read_position_key(file.meta.largestkey).value_or(kBeginning);
}

rocksdb::Options reader_options(const Database& database) {
  return {database.db().GetDBOptions(), rocksdb::ColumnFamilyOptions()};
}

// Only what is wrong with the bytes is damage: a disk that fails for now must cost nothing.
Result<void> check_is_damage(const TableFile& file, const rocksdb::Status& status) {
  if (status.ok() || status.IsCorruption()) return {};
  return fail("the event log's " + file.meta.relative_filename + " cannot be read: " + status.ToString());
}

Result<void> examine(const Database& database, Damage looked_for, TableFile& file) {
  const std::string path = file.meta.directory + "/" + file.meta.relative_filename;
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(path, error);
  file.is_readable = false;
  if (error == std::errc::no_such_file_or_directory) {
    file.damage = "the file is missing";
    return {};
  }
  if (error) return fail("cannot look at " + path + ": " + error.message());
  if (bytes < file.meta.size) {
    file.damage = "byte " + std::to_string(bytes) + ": the file is cut short, it had " +
                  std::to_string(file.meta.size) + " bytes";
    return {};
  }
  rocksdb::SstFileReader reader(reader_options(database));
  rocksdb::Status status = reader.Open(path);
  file.is_readable = status.ok();
  if (status.ok() && looked_for == Damage::kAny) status = reader.VerifyChecksum();
  if (!status.ok()) file.damage = status.ToString();
  return check_is_damage(file, status);
}

// Those of the tables in use; those of updates in the order of the log.
Result<std::vector<TableFile>> table_files(const Database& database, Damage looked_for) {
  std::vector<rocksdb::LiveFileMetaData> metas;
  database.db().GetLiveFilesMetaData(&metas);
  std::vector<TableFile> files;
  for (auto& meta : metas) {
    if (!database.is_in_use(meta.column_family_name)) continue;
    files.push_back({std::move(meta), {}});
    if (auto examined = examine(database, looked_for, files.back()); !examined) {
      return std::unexpected(examined.error());
    }
  }
  std::ranges::sort(files, {}, [](const TableFile& file) { return file.meta.smallestkey; });
  return files;
}

// Writes updates into new tables, with their indexes.
class Rewriter {
 public:
  Rewriter(const Database& database, const Database::Tables& tables) : database_(database), tables_(tables) {}

  // False if the bytes are no record.
  bool take(rocksdb::Slice key, rocksdb::Slice record) {
    const auto position = stored::read_position_key(key.ToStringView());
    const auto head = stored::decode_update(record.ToStringView(), update_);
    if (!position || !head) return false;
    batch_.Put(tables_.updates, key, record);
    for (const auto& topic : update_.topics) batch_.Put(tables_.topics, stored::topic_key(topic, *position), {});
    if (head->id_origin == IdOrigin::kPublisher) batch_.Put(tables_.ids, stored::id_key(update_.id, *position), {});
    if (batch_.GetDataSize() >= kBatchBytes) write();
    return true;
  }
  Result<void> finish() {
    write();
    if (status_.ok()) {
      status_ = database_.db().Flush(rocksdb::FlushOptions(), {tables_.updates, tables_.topics, tables_.ids});
    }
    if (status_.ok()) return {};
    return fail("what can be read of the event log cannot be written anew, which takes as much space again: " +
                status_.ToString());
  }

 private:
  void write() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;  // it counts when it is whole
    if (status_.ok()) status_ = database_.db().Write(options, &batch_);
    batch_.Clear();
  }

  const Database& database_;
  const Database::Tables tables_;
  rocksdb::WriteBatch batch_;
  rocksdb::Status status_;
  Update update_;  // its memory is used again
};

// By itself: an iterator over the whole table may be kept by one damaged file from reading any.
Result<void> rewrite_file(const Database& database, const TableFile& file, Rewriter& rewriter,
                          std::vector<LostRange>& lost) {
  rocksdb::SstFileReader reader(reader_options(database));
  if (!file.is_readable || !reader.Open(file.meta.directory + "/" + file.meta.relative_filename).ok()) {
    lost.push_back({first_of(file) - 1, last_of(file)});
    return {};
  }
  std::unique_ptr<rocksdb::Iterator> next(reader.NewIterator(iterator_options()));
  Position reached = first_of(file) - 1;
  next->SeekToFirst();
  while (true) {
    for (; next->Valid(); next->Next()) {
      const Position position = stored::read_position_key(next->key().ToStringView()).value_or(reached);
      if (!rewriter.take(next->key(), next->value())) lost.push_back({position - 1, position});
      reached = position;
    }
    if (next->status().ok() || reached >= last_of(file)) return {};
    if (auto checked = check_is_damage(file, next->status()); !checked) return checked;
    // Each time with a new iterator: one that has met a damaged block may take it for an empty one.
    const auto can_read_after = [&](Position after) {
      next.reset(reader.NewIterator(iterator_options()));
      next->Seek(slice(stored::position_key(after + 1)));
      return next->status().ok();
    };
    const Position resumed = skip_unreadable(reached, last_of(file), can_read_after);
    lost.push_back({std::exchange(reached, resumed), resumed});
    if (!can_read_after(resumed)) return {};
  }
}

std::string name_of(const TableFile& file) {
  return file.meta.relative_filename + " of the table " + file.meta.column_family_name + ", " + file.damage;
}

// Leaves damaged tables behind. Nothing is changed until the loss is noted.
Result<std::uint64_t> rewrite_tables(Database& database, const RocksDbLogOptions& options,
                                     std::span<const TableFile> files, const std::string& kept_in, Repaired& repaired) {
  std::vector<std::string> damaged;
  for (const auto& file : files) {
    if (file.damage.empty()) continue;
    damaged.push_back(file.meta.relative_filename);
    repaired.damage.push_back(name_of(file));
    if (file.meta.column_family_name == rocksdb::kDefaultColumnFamilyName) {
      return fail("the event log in " + options.directory + " has lost what its ids are made with (" + name_of(file) +
                  "): begin a new one");
    }
  }
  if (damaged.empty()) return database.generation();
  if (auto kept = keep_copies(options.directory, kept_in, damaged); !kept) return std::unexpected(kept.error());
  repaired.kept_in = kept_in;
  if (options.log != nullptr) {
    options.log->write(LogLevel::kWarning, "event_log_is_written_anew",
                       {{"about_updates", static_cast<std::int64_t>(database.about_updates())}});
  }
  const std::uint64_t generation = database.generation() + 1;
  const auto tables = database.make_tables(options, generation);
  if (!tables) return std::unexpected(tables.error());
  Rewriter rewriter(database, *tables);
  for (const auto& file : files) {
    if (!database.is_of_updates(file.meta.column_family_name)) continue;
    if (auto rewritten = rewrite_file(database, file, rewriter, repaired.lost); !rewritten) {
      return std::unexpected(rewritten.error());
    }
  }
  if (auto written = rewriter.finish(); !written) return std::unexpected(written.error());
  return generation;
}

}  // namespace

Result<std::optional<Repaired>> repair(const RocksDbLogOptions& options, Damage looked_for,
                                       const std::string& why_not_open) {
  if (!check_directory(options.directory)) return std::nullopt;
  const std::string kept_in = "damaged-" + std::to_string(options.unix_ms());
  std::optional<Mark> mark;
  {
    const Lock lock(options);
    if (!lock.is_held()) return std::nullopt;
    auto cut = cut_damage(options, kept_in, why_not_open);
    if (!cut) return std::unexpected(cut.error());
    mark = std::move(*cut);
  }
  auto opened = Database::open(options, Database::Access::kRepair);
  if (!opened) return std::unexpected(opened.error());
  Database& database = **opened;

  Repaired repaired;
  const auto files = table_files(database, looked_for);
  if (!files) return std::unexpected(files.error());
  Position reserved_through = database.reserved_through();
  for (const auto& file : *files) {
    if (database.is_of_updates(file.meta.column_family_name)) {
      repaired.stands_through = std::max(repaired.stands_through, last_of(file));
    }
  }
  if (mark) {
    repaired.damage.push_back(mark->damage.file + ", byte " + std::to_string(mark->damage.offset) + ": " +
                              mark->damage.what);
    repaired.kept_in = mark->kept_in;
    const std::uint64_t lost_bytes = std::max(kLostBytesLeast, bytes_kept(options.directory + "/" + mark->kept_in));
    const Position stands_through = std::max(repaired.stands_through, database.trimmed_through());
    reserved_through = std::max(reserved_through, stands_through) + lost_bytes * kPositionsPerByte;
    repaired.lost.push_back({stands_through, reserved_through});
  }
  const auto generation = rewrite_tables(database, options, *files, mark ? mark->kept_in : kept_in, repaired);
  if (!generation) return std::unexpected(generation.error());
  if (repaired.damage.empty()) return std::nullopt;
  if (auto noted = database.note_repair(repaired.lost, reserved_through, *generation); !noted) {
    return std::unexpected(noted.error());
  }
  opened->reset();
  // Opening drops the tables that are left behind.
  if (auto again = Database::open(options, Database::Access::kRepair); !again) return std::unexpected(again.error());
  if (mark && (std::remove(repair_mark_of(options.directory).c_str()) != 0 || !sync_path(options.directory))) {
    return fail("cannot remove " + repair_mark_of(options.directory));
  }
  return repaired;
}

}  // namespace fanfare
