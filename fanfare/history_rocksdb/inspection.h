// A stored event log from outside: what is in it, all of its updates, whether it is whole, and its files rewritten.
// What it is not: a way to write updates. Each call opens the log in a directory and closes it again.
//
// All but compact_log and repair_log only read: they see the log as it stands when they open it, also while another
// process has it open. Blocking; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "fanfare/base/error.h"
#include "fanfare/history/update.h"

namespace fanfare {

// One thing that is wrong, as a sentence that names the file or the position.
using ReportProblem = std::function<void(const std::string&)>;

struct LogStat {
  struct End {
    Position position;
    std::string id;
    std::uint64_t unix_ms;
  };
  std::uint64_t updates = 0;
  std::uint64_t topics = 0;  // different ones
  std::uint64_t bytes = 0;   // on disk: tables and write-ahead log
  std::optional<End> oldest;
  std::optional<End> newest;
  // What is wrong with the write-ahead log, with the file and the place; what stands before it is counted.
  std::optional<std::string> damage;
};

// Reads all keys. Fails where it cannot.
Result<LogStat> stat_log(const std::string& directory);

struct DumpRequest {
  std::optional<std::string> topic = {};  // exact: updates that have it, canonical or alternate
  std::uint64_t since_unix_ms = 0;        // appended at that time or later
  std::uint64_t until_unix_ms = std::numeric_limits<std::uint64_t>::max();  // and before this one
};

enum class Visit { kGoOn, kEnough };

// Gives the updates in the order of the log. What cannot be read is reported and left out: a whole block of the
// database at a time, sometimes what stands between two of them. Then it fails at the end, as it does where it cannot
// go on: where damage stands in the way of looking a time up.
Result<void> dump_log(const std::string& directory, const DumpRequest& request,
                      const std::function<Visit(const LoggedUpdate&)>& visit, const ReportProblem& report);

// Whether the log may have been kept with bounds per topic: these take entries out of the index of topics before the
// updates, and updates before the entries of their ids. The log itself does not know.
enum class TopicBounds { kNone, kMayBe };

struct Verified {
  std::uint64_t files = 0;
  std::uint64_t updates = 0;
  std::uint64_t index_entries = 0;
  std::uint64_t problems = 0;  // 0: the log is whole
};

// Checks the checksum of every block; that every update can be read, has a reserved position and a time that is not
// before the last one's; that it has its index entries; and that every index entry has its update.
// Fails only if the log cannot be opened, which tells of damage too.
Result<Verified> verify_log(const std::string& directory, TopicBounds bounds, const ReportProblem& report);

struct Compacted {
  std::uint64_t bytes_before = 0;  // as LogStat::bytes
  std::uint64_t bytes_after = 0;
};

// Makes a damaged log whole as far as that can be done (repair.h), looking at every block. True: it was damaged; each
// thing that was wrong, what is lost and where the damaged files are kept is told. Fails if another process has it
// open.
Result<bool> repair_log(const std::string& directory, const ReportProblem& tell);

// Rewrites all tables, without what is trimmed. Fails if another process has the log open.
Result<Compacted> compact_log(const std::string& directory);

}  // namespace fanfare
