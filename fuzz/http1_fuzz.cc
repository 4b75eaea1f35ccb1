// Three bytes of the input say what the peer sends first, how small the limits are and how the bytes are cut; the rest
// is what it sends. However they are cut, and whether they are answered at once or late, the visitor sees the same
// events in a legal order (the recorder asserts it) and the peer gets the same bytes, which are whole responses.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/http/http1_recorder.h"

namespace {

using fanfare::http::AnswerTime;
using fanfare::http::Http1Bench;

struct Outcome {
  std::string events;
  std::string output;
  bool operator==(const Outcome&) const = default;
};

// Pieces of 1 to 8 bytes, by a sequence that the seed begins; of all bytes for seed 0.
std::size_t next_piece(std::uint8_t& seed, std::size_t rest) {
  if (seed == 0) return rest;
  seed = static_cast<std::uint8_t>(seed * 5 + 1) | 1;
  return std::min<std::size_t>(rest, 1 + (seed >> 5));
}

Outcome play(std::string_view bytes, AnswerTime time, std::uint8_t seed, const fanfare::Limits& limits,
             std::size_t accepted) {
  Http1Bench bench(time, limits, accepted);
  while (!bytes.empty()) {
    const std::size_t piece = next_piece(seed, bytes.size());
    bench.feed(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  bench.session.receive_end();
  for (bench.send(); bench.session.is_answering(); bench.send()) bench.recorder.answer();
  FANFARE_CHECK(bench.session.wants_close() && !bench.session.is_receiving());
  FANFARE_CHECK(bench.session.memory_bytes() == 0);
  return {bench.recorder.events, bench.sent};
}

// Takes one response off the front. Every one but 100 has a Content-Length, and a body of that size unless it answers
// HEAD; no body looks like a response.
void take_response(std::string_view& output) {
  FANFARE_CHECK(output.starts_with("HTTP/1.1 "));
  const auto end = output.find("\r\n\r\n");
  FANFARE_CHECK(end != std::string_view::npos);
  const auto head = output.substr(0, end);
  output.remove_prefix(end + 4);
  if (head == "HTTP/1.1 100 Continue" || output.empty() || output.starts_with("HTTP/1.1 ")) return;
  const auto length = head.find("\r\nContent-Length: ");
  FANFARE_CHECK(length != std::string_view::npos);
  const std::size_t body = std::stoul(std::string(head.substr(length + 18)));
  FANFARE_CHECK(body > 0 && body <= output.size() && output[body - 1] == '\n');
  output.remove_prefix(body);
}

constexpr std::string_view kBegins[] = {
    "",
    "GET / HTTP/1.1\r\nHost: ",
    "POST / HTTP/1.1\r\nHost: a\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz",
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::uint8_t seed = data[2];
  const std::string bytes =
      std::string(kBegins[data[0] % std::size(kBegins)]).append(reinterpret_cast<const char*>(data) + 3, size - 3);
  fanfare::Limits limits;
  if ((data[1] & 1) != 0) limits.request_headers_max = 3;
  if ((data[1] & 2) != 0) limits.unsent_bytes_max = 50;
  if ((data[1] & 4) != 0) limits.request_head_bytes_max = 100;
  const std::size_t accepted = data[1] >> 3;

  const Outcome whole = play(bytes, AnswerTime::kOnEnd, 0, limits, accepted);
  for (std::string_view output = whole.output; !output.empty();) take_response(output);
  FANFARE_CHECK(whole == play(bytes, AnswerTime::kOnEnd, seed, limits, accepted));
  FANFARE_CHECK(play(bytes, AnswerTime::kOnHead, 0, limits, accepted) ==
                play(bytes, AnswerTime::kOnHead, seed, limits, accepted));
  if (bytes.size() > limits.request_head_bytes_max) return 0;  // late answers would let too many bytes wait
  FANFARE_CHECK(whole == play(bytes, AnswerTime::kNever, 0, limits, accepted));
  FANFARE_CHECK(whole == play(bytes, AnswerTime::kNever, seed, limits, accepted));
  return 0;
}
