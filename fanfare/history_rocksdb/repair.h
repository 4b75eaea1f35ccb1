// A damaged log made fit to be opened: what can be read is kept under its positions, what cannot is noted as lost, so
// that readers hear of it, and the damaged files are kept aside in DIR/damaged-<Unix time in ms>/.
//
// The write-ahead log is cut where its damage begins: what was written later is lost. Damaged tables are left behind:
// all updates that can be read are written anew, with their indexes, in new tables. docs/history_format.md tells more.
//
// What it is not: it does not stop halfway. What a crash interrupts is begun again at the next opening.
// Blocking; any thread. Nobody else may have the log open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/history_rocksdb/database.h"
#include "fanfare/history_rocksdb/rocksdb_log.h"

namespace fanfare {

struct Repaired {
  std::vector<std::string> damage;  // "000012.log, byte 4711: a record's checksum is wrong"
  std::vector<LostRange> lost;
  Position stands_through = kBeforeAll;  // the newest update that is kept
  std::string kept_in;                   // where the damaged files are; empty if there was nothing to keep
};

// What is looked for: all blocks are read only if they are asked for.
enum class Damage { kThatKeepsItFromOpening, kAny };

// Nothing if there is no such damage, or no log, or if another has it open. why_not_open: what Database::open said.
// Fails if the log is not fit to be opened after all, with what to do.
Result<std::optional<Repaired>> repair(const RocksDbLogOptions& options, Damage looked_for,
                                       const std::string& why_not_open);

}  // namespace fanfare
