// The directory of a durable log, before and around the database: is it one, in which format, and who holds it.
//   FORMAT   "fanfare event log, format 1\n": written first, read before anything else is touched
//   LOCK     RocksDB's; whoever has the log open holds an fcntl lock on it
//   DAMAGE   while the write-ahead log is being repaired (repair.h)
// Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare {

inline constexpr int kStoredFormat = 1;

// Makes the directory a log of the current format if it is missing or empty. Fails if it holds something else, or a
// log of another format.
Result<void> prepare_directory(const std::string& directory);

// Fails unless it is a log of the current format.
Result<void> check_directory(const std::string& directory);

// "process 4711 (fanfare)", or "another process" if that cannot be found out. Only for a log that another process
// holds: looking would break this process's own hold.
std::string holder_of(const std::string& directory);

// The size of its write-ahead log: what opening the log reads again.
std::uint64_t write_ahead_bytes_of(const std::string& directory);

std::string repair_mark_of(const std::string& directory);

// Writes a file, synced: whole or, after a crash, not at all.
Result<void> write_whole(const std::string& path, std::string_view text);
// Of a file or a directory. False: see errno.
bool sync_path(const std::string& path);

}  // namespace fanfare
