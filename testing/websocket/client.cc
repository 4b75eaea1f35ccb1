#include "testing/websocket/client.h"

#define ZLIB_CONST  // input is const
#include <zlib.h>

#include "fanfare/base/check.h"

namespace fanfare::websocket_testing {
namespace {

constexpr std::string_view kTail("\0\0\xff\xff", 4);

LengthForm shortest_form(std::uint64_t length) {
  if (length < 126) return LengthForm::kShortest;
  return length < 0x10000 ? LengthForm::kTwoBytes : LengthForm::kEightBytes;
}

// Runs deflate or inflate over all of the input. Returns zlib's last answer.
template <typename Run>
int run_to_end(z_stream& stream, std::string_view input, std::string& out, Run run) {
  stream.next_in = reinterpret_cast<const Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  char piece[1'000];
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = run(&stream, Z_SYNC_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  } while (result == Z_OK && stream.avail_out == 0);
  return result;
}

}  // namespace

std::string client_frame_head(unsigned first_byte, std::uint64_t length, Mask mask, LengthForm form) {
  if (form == LengthForm::kShortest) form = shortest_form(length);
  std::string head(1, static_cast<char>(first_byte));
  const auto append_number = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) head.push_back(static_cast<char>(length >> (8 * i)));
  };
  if (form == LengthForm::kTwoBytes) {
    head.push_back(static_cast<char>(0x80 | 126));
    append_number(2);
  } else if (form == LengthForm::kEightBytes) {
    head.push_back(static_cast<char>(0x80 | 127));
    append_number(8);
  } else {
    head.push_back(static_cast<char>(0x80 | length));
  }
  for (const unsigned char byte : mask) head.push_back(static_cast<char>(byte));
  return head;
}

std::string client_frame(unsigned first_byte, std::string_view payload, Mask mask, LengthForm form) {
  std::string frame = client_frame_head(first_byte, payload.size(), mask, form);
  for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return frame;
}

std::string close_payload(unsigned code, std::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
  return payload.append(reason);
}

std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  FANFARE_CHECK(deflateInit2(&stream, 9, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out;
  run_to_end(stream, text, out, deflate);
  deflateEnd(&stream);
  FANFARE_CHECK(out.ends_with(kTail));
  out.resize(out.size() - kTail.size());
  return out;
}

std::optional<std::string> inflated(std::string_view payload) {
  z_stream stream{};
  FANFARE_CHECK(inflateInit2(&stream, -15) == Z_OK);
  std::string out;
  const int result = run_to_end(stream, std::string(payload).append(kTail), out, inflate);
  const bool is_good = (result == Z_OK || result == Z_BUF_ERROR) && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!is_good) return std::nullopt;
  return out;
}

std::optional<ServerFrame> take_server_frame(std::string_view& bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto second = static_cast<unsigned char>(bytes[1]);
  FANFARE_CHECK((second & 0x80) == 0);
  const std::size_t length_bytes = second == 126 ? 2 : second == 127 ? 8 : 0;
  if (bytes.size() < 2 + length_bytes) return std::nullopt;
  std::uint64_t length = second;
  if (length_bytes != 0) {
    length = 0;
    for (const char byte : bytes.substr(2, length_bytes)) length = length << 8 | static_cast<unsigned char>(byte);
    FANFARE_CHECK(shortest_form(length) == (length_bytes == 2 ? LengthForm::kTwoBytes : LengthForm::kEightBytes));
  }
  if (bytes.size() - 2 - length_bytes < length) return std::nullopt;
  ServerFrame frame{static_cast<unsigned char>(bytes[0]), std::string(bytes.substr(2 + length_bytes, length))};
  bytes.remove_prefix(2 + length_bytes + frame.payload.size());
  return frame;
}

}  // namespace fanfare::websocket_testing
