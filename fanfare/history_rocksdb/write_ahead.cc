#include "fanfare/history_rocksdb/write_ahead.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "fanfare/history_rocksdb/directory.h"

namespace fanfare {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;

enum FragmentType : std::uint8_t { kNothing, kWhole, kFirst, kMiddle, kLast };

constexpr auto kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  return table;
}();

// CRC-32C, rotated and shifted as LevelDB stores it.
std::uint32_t masked_crc(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff];
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | byte_at(bytes, i);
  return number;
}

std::size_t block_end(std::string_view bytes, std::size_t at) {
  return std::min(bytes.size(), (at / kBlockBytes + 1) * kBlockBytes);
}

bool is_all_zeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == bytes.npos;
}

enum class Seen { kFragment, kCutShort, kWrongChecksum, kNonsense };

struct Fragment {
  Seen seen = Seen::kNonsense;
  std::uint8_t type = kNothing;
  std::size_t end = 0;
};

// What stands at `at`, which is not the end.
Fragment fragment_at(std::string_view bytes, std::size_t at) {
  if (is_all_zeros(bytes.substr(at))) return {Seen::kCutShort};  // the file grew, and was not written
  if (bytes.size() - at < kHeaderBytes) return {Seen::kCutShort};
  const std::size_t length = byte_at(bytes, at + 4) | byte_at(bytes, at + 5) << 8;
  const auto type = static_cast<std::uint8_t>(bytes[at + 6]);
  const std::size_t end = at + kHeaderBytes + length;
  if (type < kWhole || type > kLast || end > (at / kBlockBytes + 1) * kBlockBytes) return {};
  if (end > bytes.size()) return {Seen::kCutShort};
  if (little_endian(bytes.substr(at, 4)) != masked_crc(bytes.substr(at + 6, 1 + length))) return {Seen::kWrongChecksum};
  return {Seen::kFragment, type, end};
}

bool begins_record(std::string_view bytes, std::size_t at) {
  const Fragment fragment = fragment_at(bytes, at);
  return fragment.seen == Seen::kFragment && (fragment.type == kWhole || fragment.type == kFirst);
}

// Whether a record begins anywhere behind what cannot be read at `at`: then it was no crash that ended the file there.
bool is_followed_by_a_record(std::string_view bytes, std::size_t at) {
  const std::size_t searched = block_end(bytes, at);  // lengths are not to be believed here
  for (std::size_t i = at + 1; i + kHeaderBytes < searched; ++i) {
    if (byte_at(bytes, i + 6) <= kLast && begins_record(bytes, i)) return true;
  }
  for (std::size_t block = searched; block < bytes.size(); block += kBlockBytes) {
    for (std::size_t i = block; i + kHeaderBytes <= block_end(bytes, block);) {
      const Fragment fragment = fragment_at(bytes, i);
      if (fragment.seen != Seen::kFragment) break;
      if (fragment.type == kWhole || fragment.type == kFirst) return true;
      i = fragment.end;
    }
  }
  return false;
}

// What a record begins with: sequence number, number of changes.
constexpr std::size_t kRecordHeadBytes = 8 + 4;

void note_record(std::string_view head, WriteAheadExtent& extent) {
  if (head.size() < kRecordHeadBytes) return;
  const std::uint64_t sequence = little_endian(head.substr(0, 8));
  if (!extent.first_sequence) extent.first_sequence = sequence;
  extent.next_sequence = sequence + little_endian(head.substr(8, 4));
}

std::uint64_t number_of(const std::string& name) {
  std::uint64_t number = 0;
  for (const char c : name.substr(0, name.find('.'))) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number;
}

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  std::string bytes(std::filesystem::file_size(path, error), '\0');
  if (error) bytes.clear();
  std::ifstream file(path, std::ios::binary);
  // A disk that fails is no end of the file: it must not look like damage.
  if (error || !file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return fail("cannot read " + path);
  return bytes;
}

}  // namespace

std::vector<std::string> write_ahead_files(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    if (digits > 0 && name.substr(digits) == ".log") names.push_back(name);
  }
  std::ranges::sort(names, {}, number_of);
  return names;
}

WriteAheadExtent whole_extent(std::string_view bytes) {
  WriteAheadExtent extent;
  bool in_record = false;
  std::string head;  // of the record
  for (std::size_t at = 0; at < bytes.size();) {
    if (const std::size_t end = block_end(bytes, at); end - at < kHeaderBytes && end % kBlockBytes == 0) {
      at = end;
      if (!in_record) extent.whole_bytes = at;
      continue;
    }
    const Fragment fragment = fragment_at(bytes, at);
    const bool begins = fragment.type == kWhole || fragment.type == kFirst;
    if (fragment.seen != Seen::kFragment || begins == in_record) {
      extent.what = fragment.seen == Seen::kWrongChecksum ? "a record's checksum is wrong"
                    : fragment.seen == Seen::kCutShort    ? "a record is cut short"
                                                          : "there is no record where one should be";
      extent.is_cut_short = fragment.seen == Seen::kCutShort && !is_followed_by_a_record(bytes, at);
      return extent;
    }
    if (begins) head.clear();
    const std::size_t missing = kRecordHeadBytes - head.size();
    head += bytes.substr(at + kHeaderBytes, std::min(missing, fragment.end - at - kHeaderBytes));
    at = fragment.end;
    in_record = fragment.type == kFirst || fragment.type == kMiddle;
    if (in_record) continue;
    extent.whole_bytes = at;
    note_record(head, extent);
  }
  if (in_record) {
    extent.what = "a record is cut short";
    extent.is_cut_short = true;
  }
  return extent;
}

Result<std::optional<WriteAheadDamage>> find_write_ahead_damage(const std::string& directory) {
  std::optional<WriteAheadDamage> cut_short;  // a file's end, which a crash may have left
  std::optional<std::uint64_t> next_sequence;
  for (const auto& file : write_ahead_files(directory)) {
    const auto bytes = read_file(std::filesystem::path(directory) / file);
    if (!bytes) return std::unexpected(bytes.error());
    WriteAheadExtent extent = whole_extent(*bytes);
    if (cut_short && next_sequence && extent.first_sequence.value_or(*next_sequence) != *next_sequence) {
      return cut_short;
    }
    if (extent.next_sequence) {
      next_sequence = extent.next_sequence;
      cut_short.reset();
    }
    if (extent.what.empty()) continue;
    WriteAheadDamage damage{file, extent.whole_bytes, std::move(extent.what)};
    if (!extent.is_cut_short) return damage;
    if (!cut_short) cut_short = std::move(damage);
  }
  return std::nullopt;
}

Result<void> cut_write_ahead(const std::string& directory, const WriteAheadDamage& damage) {
  std::error_code error;
  for (const auto& file : write_ahead_files(directory)) {
    const std::string path = std::filesystem::path(directory) / file;
    if (number_of(file) > number_of(damage.file)) {
      std::filesystem::remove(path, error);
    } else if (file == damage.file && std::filesystem::file_size(path, error) > damage.offset) {
      std::filesystem::resize_file(path, damage.offset, error);
      if (!error && !sync_path(path)) error = std::error_code(errno, std::generic_category());
    }
    if (error) return fail("cannot cut " + path + ": " + error.message());
  }
  if (!sync_path(directory)) {
    return fail("cannot sync " + directory + ": " + std::generic_category().message(errno));
  }
  return {};
}

}  // namespace fanfare
