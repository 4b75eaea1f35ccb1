// Two properties of the event stream. However a stream is cut into reads, the parser makes the same calls; and what the
// writer writes, the parser reads back. The first two bytes of the input seed the cuts, the rest is the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "fanfare/base/check.h"
#include "fanfare/base/utf8.h"
#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/transcript.h"
#include "fanfare/event_stream/writer.h"

namespace fanfare::event_stream {
namespace {

// Small, so that the fuzzer reaches them.
constexpr ParserLimits kLimits = {.line_bytes_max = 200, .event_bytes_max = 300};

struct Outcome {
  Transcript seen;
  std::string last_event_id;
  std::string error;
};

template <typename NextSize>
Outcome parse(std::string_view stream, ParserLimits limits, NextSize next_size) {
  Outcome outcome;
  Parser parser(outcome.seen, "before", limits);
  while (!stream.empty() && outcome.error.empty()) {
    const std::size_t bytes = std::min<std::size_t>(stream.size(), next_size());
    const auto result = feed_exact(parser, stream.substr(0, bytes));
    if (!result) outcome.error = result.error().message;
    stream.remove_prefix(bytes);
  }
  outcome.last_event_id = parser.last_event_id();
  return outcome;
}

void expect_same(const Outcome& a, const Outcome& b) {
  FANFARE_CHECK(a.seen.calls == b.seen.calls);
  FANFARE_CHECK(a.last_event_id == b.last_event_id);
  FANFARE_CHECK(a.error == b.error);
}

void cuts_do_not_matter(std::string_view stream, unsigned seed) {
  for (const ParserLimits limits : {ParserLimits{}, kLimits}) {
    const Outcome whole = parse(stream, limits, [&] { return stream.size(); });
    expect_same(whole, parse(stream, limits, [] { return std::size_t{1}; }));
    std::minstd_rand random(seed);
    const auto sizes = 2 + seed % 100;  // from 0, so that empty reads occur
    expect_same(whole, parse(stream, limits, [&] { return random() % sizes; }));
    for (const auto& call : whole.seen.calls) FANFARE_CHECK(is_valid_utf8(call));
  }
}

// LF for every line end, U+FFFD for what is not UTF-8.
std::string as_read(std::string_view text) {
  std::string lines;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && text.substr(i + 1).starts_with('\n')) continue;
    lines.push_back(text[i] == '\r' ? '\n' : text[i]);
  }
  std::string out;
  append_utf8_with_replacement(out, lines);
  return out;
}

void what_is_written_is_read(std::string_view bytes, unsigned seed) {
  const std::string_view type = bytes.substr(0, seed % 8);
  const std::string_view id = bytes.substr(type.size()).substr(0, seed / 8 % 8);
  const Fields fields = {type, seed, id, bytes.substr(type.size() + id.size())};
  if (!validate(fields)) return;
  std::string stream;
  append_event(stream, fields);
  append_comment(stream, "end");
  const Outcome outcome = parse(stream, {}, [&] { return stream.size(); });
  const std::string read_id = id.empty() ? "before" : as_read(id);
  const std::string event =
      Transcript::event_call(type.empty() ? "message" : as_read(type), read_id, as_read(fields.data));
  FANFARE_CHECK(
      (outcome.seen.calls == std::vector<std::string>{"retry " + std::to_string(seed), event, "comment end"}));
}

}  // namespace
}  // namespace fanfare::event_stream

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const unsigned seed = data[0] * 256u + data[1];
  fanfare::event_stream::cuts_do_not_matter(stream, seed);
  fanfare::event_stream::what_is_written_is_read(stream, seed);
  return 0;
}
