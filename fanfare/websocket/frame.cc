#include "fanfare/websocket/frame.h"

#include <cstring>

namespace fanfare::websocket {
namespace {

constexpr std::uint8_t kReserved = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kTwoBytes = 126;
constexpr std::uint8_t kEightBytes = 127;

std::unexpected<Violation> violation(std::string_view reason) {
  return std::unexpected(Violation{CloseCode::kProtocolError, reason});
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

bool is_opcode(std::uint8_t bits) {
  return bits <= 0x2 || (bits >= 0x8 && bits <= 0xa);
}

std::expected<FrameHead, Violation> parse_first_byte(std::uint8_t byte, FrameContext context) {
  if (!is_opcode(byte & 0x0f)) return violation("the opcode is a reserved one");
  const FrameHead head{.opcode = static_cast<Opcode>(byte & 0x0f),
                       .is_final = (byte & kFinal) != 0,
                       .is_compressed = (byte & kCompressed) != 0};
  if ((byte & kReserved) != 0) return violation("RSV2 and RSV3 must be 0");
  if (head.is_compressed && !context.may_compress) return violation("RSV1 is set, but no extension is agreed on");
  if (is_control(head.opcode)) {
    if (head.is_compressed) return violation("a control frame must not be compressed");
    if (!head.is_final) return violation("a control frame must not be fragmented");
  } else if (head.opcode == Opcode::kContinuation) {
    if (!context.is_in_message) return violation("a continuation frame without a message to continue");
    if (head.is_compressed) return violation("RSV1 belongs to the first frame of a message only");
  } else if (context.is_in_message) {
    return violation("a message begins before the last one has ended");
  }
  return head;
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<std::uint8_t>(byte);
  return number;
}

}  // namespace

std::expected<std::optional<FrameHead>, Violation> parse_frame_head(std::string_view bytes, FrameContext context) {
  if (bytes.empty()) return std::nullopt;
  auto head = parse_first_byte(byte_at(bytes, 0), context);
  if (!head) return std::unexpected(head.error());
  if (bytes.size() < 2) return std::nullopt;

  const std::uint8_t second = byte_at(bytes, 1);
  const std::uint8_t length7 = second & 0x7f;
  if ((second & kMasked) == 0) return violation("a client must mask its frames");
  if (is_control(head->opcode) && length7 > kControlPayloadMax)
    return violation("a control frame has 125 bytes at most");
  const std::size_t length_bytes = length7 == kTwoBytes ? 2 : length7 == kEightBytes ? 8 : 0;
  if (length_bytes == 8 && bytes.size() > 2 && (byte_at(bytes, 2) & 0x80) != 0)
    return violation("a length has 63 bits at most");
  if (bytes.size() < 2 + length_bytes) return std::nullopt;
  head->length = length_bytes == 0 ? length7 : number_of(bytes.substr(2, length_bytes));
  if ((length_bytes == 2 && head->length < kTwoBytes) || (length_bytes == 8 && head->length <= 0xffff))
    return violation("a length must be written in its shortest form");

  head->bytes = 2 + length_bytes + head->mask.size();
  if (bytes.size() < head->bytes) return std::nullopt;
  bytes.copy(head->mask.data(), head->mask.size(), 2 + length_bytes);
  return *head;
}

void append_frame_head(std::string& out, Opcode opcode, std::uint8_t bits, std::size_t length) {
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(opcode) | bits));
  const std::uint8_t length7 = length < kTwoBytes ? static_cast<std::uint8_t>(length)
                               : length <= 0xffff ? kTwoBytes
                                                  : kEightBytes;
  out.push_back(static_cast<char>(length7));
  for (int shift = length7 == kTwoBytes ? 8 : length7 == kEightBytes ? 56 : -8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(length >> shift));
}

void unmask(std::string_view bytes, Mask mask, std::uint64_t at, char* out) {
  char turned[8];
  for (std::size_t i = 0; i < 8; ++i) turned[i] = mask[(at + i) % 4];
  std::uint64_t key;
  std::memcpy(&key, turned, sizeof key);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= key;
    std::memcpy(out + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) out[i] = static_cast<char>(bytes[i] ^ turned[i % 8]);
}

}  // namespace fanfare::websocket
