#include "fanfare/history/event_id.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <cstring>

#include "fanfare/base/check.h"

namespace fanfare {
namespace {

__extension__ using Uint128 = unsigned __int128;

constexpr int kRounds = 4;
constexpr int kHalfBits = 61;
constexpr std::uint64_t kHalfMask = (std::uint64_t{1} << kHalfBits) - 1;
constexpr std::string_view kPrefix = "urn:uuid:";
constexpr std::size_t kUuidLength = 36;

// UUID version 8: 48 free bits, 4 of the version, 12 free, 2 of the variant, 62 free.
constexpr std::uint64_t kVersionBits = std::uint64_t{8} << 12;
constexpr std::uint64_t kVariantBits = std::uint64_t{2} << 62;
constexpr std::uint64_t kLow62 = (std::uint64_t{1} << 62) - 1;

bool is_hyphen_place(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

std::string format_uuid(std::uint64_t high, std::uint64_t low) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(kPrefix);
  text.reserve(kPrefix.size() + kUuidLength);
  const Uint128 bits = Uint128{high} << 64 | low;
  int shift = 124;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    if (is_hyphen_place(i)) {
      text.push_back('-');
    } else {
      text.push_back(kHex[static_cast<unsigned>(bits >> shift) & 15]);
      shift -= 4;
    }
  }
  return text;
}

std::optional<Uint128> parse_uuid(std::string_view id) {
  if (id.size() != kPrefix.size() + kUuidLength || !id.starts_with(kPrefix)) return std::nullopt;
  Uint128 bits = 0;
  for (std::size_t i = 0; i < kUuidLength; ++i) {
    const char c = id[kPrefix.size() + i];
    if (is_hyphen_place(i)) {
      if (c != '-') return std::nullopt;
    } else if (c >= '0' && c <= '9') {
      bits = bits << 4 | static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      bits = bits << 4 | static_cast<unsigned>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return bits;
}

}  // namespace

struct EventIdCodec::Cipher {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();

  explicit Cipher(const Key& key) {
    FANFARE_CHECK(context != nullptr);
    FANFARE_CHECK(EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key.data(), nullptr) == 1);
    FANFARE_CHECK(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
  }
  ~Cipher() { EVP_CIPHER_CTX_free(context); }
  Cipher(const Cipher&) = delete;
  Cipher& operator=(const Cipher&) = delete;

  // The round function: a pseudo-random half from the round's number and the other half.
  std::uint64_t round(int number, std::uint64_t half) const {
    std::array<std::uint8_t, 16> block{};
    std::array<std::uint8_t, 16> out{};
    block[0] = static_cast<std::uint8_t>(number);
    std::memcpy(block.data() + 8, &half, sizeof half);
    int length = 0;
    FANFARE_CHECK(EVP_EncryptUpdate(context, out.data(), &length, block.data(), static_cast<int>(block.size())) == 1);
    std::uint64_t result = 0;
    std::memcpy(&result, out.data(), sizeof result);
    return result & kHalfMask;
  }
};

EventIdCodec::EventIdCodec(const Key& key, std::uint64_t epoch)
    : cipher_(std::make_unique<Cipher>(key)), epoch_(epoch & kEpochMask) {}
EventIdCodec::~EventIdCodec() = default;
EventIdCodec::EventIdCodec(EventIdCodec&&) noexcept = default;

EventIdCodec EventIdCodec::random() {
  Key key;
  std::uint64_t epoch = 0;
  FANFARE_CHECK(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  FANFARE_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&epoch), sizeof epoch) == 1);
  return EventIdCodec(key, epoch);
}

std::string EventIdCodec::encode(Position position) const {
  const Uint128 plain = Uint128{epoch_} << 64 | position;
  std::uint64_t left = static_cast<std::uint64_t>(plain >> kHalfBits) & kHalfMask;
  std::uint64_t right = static_cast<std::uint64_t>(plain) & kHalfMask;
  for (int i = 0; i < kRounds; ++i) {
    const std::uint64_t next = left ^ cipher_->round(i, right);
    left = right;
    right = next;
  }
  const Uint128 bits = Uint128{left} << kHalfBits | right;
  const std::uint64_t first48 = static_cast<std::uint64_t>(bits >> 74);
  const std::uint64_t next12 = static_cast<std::uint64_t>(bits >> 62) & 0xfff;
  return format_uuid(first48 << 16 | kVersionBits | next12, kVariantBits | (static_cast<std::uint64_t>(bits) & kLow62));
}

std::optional<Position> EventIdCodec::decode(std::string_view id) const {
  const auto uuid = parse_uuid(id);
  if (!uuid) return std::nullopt;
  const std::uint64_t high = static_cast<std::uint64_t>(*uuid >> 64);
  const std::uint64_t low = static_cast<std::uint64_t>(*uuid);
  if ((high & 0xf000) != kVersionBits || (low & ~kLow62) != kVariantBits) return std::nullopt;
  const Uint128 bits = Uint128{high >> 16} << 74 | Uint128{high & 0xfff} << 62 | (low & kLow62);
  std::uint64_t left = static_cast<std::uint64_t>(bits >> kHalfBits) & kHalfMask;
  std::uint64_t right = static_cast<std::uint64_t>(bits) & kHalfMask;
  for (int i = kRounds - 1; i >= 0; --i) {
    const std::uint64_t previous = right ^ cipher_->round(i, left);
    right = left;
    left = previous;
  }
  const Uint128 plain = Uint128{left} << kHalfBits | right;
  if (static_cast<std::uint64_t>(plain >> 64) != epoch_) return std::nullopt;
  return static_cast<Position>(plain);
}

}  // namespace fanfare
