// The ids that the hub makes: "urn:uuid:" and a UUID of version 8 (RFC 9562 section 5.8) that carries the log's epoch
// and the update's position under a cipher. It looks random and tells a reader nothing about time or traffic, yet its
// position is found without an index, also after the update itself is gone.
//
//   122 free bits of the UUID = encrypt(epoch, 58 bits | position, 64 bits)
//
// The cipher is a balanced Feistel network of four rounds over two halves of 61 bits, its round function AES-128.
// One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fanfare/history/update.h"

namespace fanfare {

class EventIdCodec {
 public:
  using Key = std::array<std::uint8_t, 16>;
  static constexpr std::uint64_t kEpochMask = (std::uint64_t{1} << 58) - 1;

  // epoch: tells this log from others; its low 58 bits are used.
  EventIdCodec(const Key& key, std::uint64_t epoch);
  // With a random key and epoch: for a log that does not outlive the process.
  static EventIdCodec random();
  ~EventIdCodec();
  EventIdCodec(EventIdCodec&&) noexcept;

  std::string encode(Position position) const;
  // Nothing unless this codec's key and epoch made the id.
  std::optional<Position> decode(std::string_view id) const;

 private:
  struct Cipher;
  std::unique_ptr<Cipher> cipher_;
  std::uint64_t epoch_;
};

}  // namespace fanfare
