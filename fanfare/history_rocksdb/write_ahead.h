// The write-ahead log's files as they stand on the disk: where damage begins in them, and cut back to what is before
// it. RocksDB cannot be asked: it says neither in which file nor where, and takes some damage for a write that a crash
// cut short. The format is LevelDB's, as RocksDB 7.8 writes it without recycling and compression:
//
//   blocks of 32 KiB of fragments: crc32c, masked (4) | length (2) | type (1) | payload; numbers little-endian
//   type: 1 a whole record, 2 its first, 3 a middle, 4 its last fragment; less than 7 bytes at a block's end are zeros
//
// A record begins with the sequence number (8) of its first change and the number of its changes (4), of which the next
// record's sequence number follows. What it is not: it does not know what else the records mean.
// Stateless; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare {

// Their names, in the order in which they were written: "000012.log", "000015.log".
std::vector<std::string> write_ahead_files(const std::string& directory);

struct WriteAheadDamage {
  std::string file;
  std::uint64_t offset = 0;  // all before it is whole
  std::string what;          // "a record's checksum is wrong"
};

// The first place that is damaged in the files of a directory. A last record that is cut short, with nothing behind it,
// is none: that is what a crash leaves, also when later files go on just there. Reads all. Fails if one cannot be read.
Result<std::optional<WriteAheadDamage>> find_write_ahead_damage(const std::string& directory);

// Cuts the file and removes those after it. To do it again changes nothing.
Result<void> cut_write_ahead(const std::string& directory, const WriteAheadDamage& damage);

// Of one file's bytes, for which find_write_ahead_damage is made.
struct WriteAheadExtent {
  std::uint64_t whole_bytes = 0;  // records up to here are whole
  std::string what;               // what is wrong behind them; empty: nothing
  bool is_cut_short = false;      // wrong is only that a last record's bytes are missing
  // Of the whole records, if there are any: the first's sequence number, and the one that follows the last.
  std::optional<std::uint64_t> first_sequence = {};
  std::optional<std::uint64_t> next_sequence = {};
};
WriteAheadExtent whole_extent(std::string_view bytes);

}  // namespace fanfare
