#include "fanfare/cli/event_text.h"

#include "fanfare/base/json_string.h"
#include "fanfare/cli/printable.h"

namespace fanfare::cli {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kName = "\x1b[1;36m";
constexpr std::string_view kPlain = "\x1b[0m";

void append_painted(std::string& out, std::string_view text, std::string_view paint, Colour colour) {
  if (colour == Colour::kOn) out += paint;
  append_printable(out, text);
  if (colour == Colour::kOn) out += kPlain;
}

}  // namespace

void append_pretty(std::string& out, const event_stream::Event& event, std::string_view time, Colour colour) {
  append_painted(out, time, kDim, colour);
  out += "  ";
  append_painted(out, event.type, kName, colour);
  if (!event.last_event_id.empty()) {
    out += "  ";
    append_painted(out, event.last_event_id, kDim, colour);
  }
  out += '\n';
  std::string_view rest = event.data;
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    out += "  ";
    append_printable(out, rest.substr(0, end));
    out += '\n';
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

void append_json(std::string& out, const event_stream::Event& event, std::string_view time) {
  out += "{\"time\":";
  append_json_string(out, time);
  out += ",\"type\":";
  append_json_string(out, event.type);
  out += ",\"id\":";
  append_json_string(out, event.last_event_id);
  out += ",\"data\":";
  append_json_string(out, event.data);
  out += "}\n";
}

void append_data(std::string& out, const event_stream::Event& event) {
  out.append(event.data).push_back('\n');
}

}  // namespace fanfare::cli
