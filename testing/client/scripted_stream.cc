#include "testing/client/scripted_stream.h"

#include <algorithm>
#include <string_view>

namespace fanfare::simulation {
namespace {

class Writer {
 public:
  Writer(ScriptedStream& stream, std::string_view line_end) : stream_(stream), line_end_(line_end) {}

  // Returns how many bytes make the line: a CR ends it, whatever follows.
  std::size_t line(std::string_view text) {
    stream_.bytes.append(text);
    const std::size_t ended = stream_.bytes.size() + 1;
    stream_.bytes.append(line_end_);
    return ended;
  }

 private:
  ScriptedStream& stream_;
  std::string_view line_end_;
};

void write_data(Writer& writer, Dice& dice, ScriptedStream& stream, std::string_view data,
                std::size_t event_bytes_max) {
  const bool too_long = data.size() > event_bytes_max;
  for (std::size_t begin = 0; begin <= data.size();) {
    const std::size_t end = std::min(data.find('\n', begin), data.size());
    const auto text = data.substr(begin, end - begin);
    const std::size_t at = writer.line(std::string(dice.percent(50) ? "data: " : "data:").append(text));
    if (too_long) stream.beyond_the_limit = std::min(stream.beyond_the_limit, at);
    begin = end + 1;
  }
}

void write_noise(Writer& writer, Dice& dice, ScriptedStream& stream) {
  if (dice.percent(20)) stream.comments.push_back(writer.line(": heartbeat"));
  if (dice.percent(10)) writer.line("unknown: field");
  if (dice.percent(10)) writer.line("retry: soon");
  if (!dice.percent(10)) return;
  const auto ms = dice.pick<std::uint64_t>({0, 1, 500, 2'000, 10'000, 200'000});
  stream.retries.push_back({writer.line("retry:" + std::to_string(ms)), ms});
}

}  // namespace

std::size_t ScriptedStream::events_in(std::size_t received) const {
  const std::size_t up_to = std::min(received, beyond_the_limit);
  return static_cast<std::size_t>(std::ranges::upper_bound(events, up_to) - events.begin());
}

std::vector<ScriptedEvent> some_events(Dice& dice, std::size_t count, std::size_t event_bytes_max) {
  std::vector<ScriptedEvent> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    events[i].id = dice.percent(20) ? "\xE2\x80\xA6/" + std::to_string(i + 1) : std::to_string(i + 1);
    events[i].type = dice.pick<const char*>({"message", "message", "update", "\xC3\xA9"});
    events[i].data =
        "of " + std::to_string(i + 1) + dice.pick<const char*>({"", "", "\nsecond", "\n\n", " \xE2\x80\xA6"});
  }
  if (event_bytes_max < 1'000) events[dice.below(count)].data = std::string(event_bytes_max + 1, 'x');
  return events;
}

ScriptedStream some_stream(Dice& dice, std::span<const ScriptedEvent> events, std::size_t event_bytes_max) {
  ScriptedStream stream;
  if (dice.percent(20)) stream.bytes = "\xEF\xBB\xBF";
  Writer writer(stream, dice.pick<std::string_view>({"\n", "\r", "\r\n"}));
  for (const ScriptedEvent& event : events) {
    write_noise(writer, dice, stream);
    const bool id_first = dice.percent(50);
    if (id_first) writer.line("id: " + event.id);
    if (event.type != "message") writer.line("event: " + event.type);
    write_data(writer, dice, stream, event.data, event_bytes_max);
    if (!id_first) writer.line("id:" + event.id);
    stream.events.push_back(writer.line(""));
  }
  write_noise(writer, dice, stream);
  return stream;
}

}  // namespace fanfare::simulation
