// How `fanfare listen` shows one event. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "fanfare/event_stream/parser.h"

namespace fanfare::cli {

enum class EventForm {
  kPretty,  // for people: a heading, then the data, indented; nothing a terminal would obey
  kJson,    // for programs: one JSON object per line
  kData,    // the data as it came, and a line feed
};

enum class Colour { kOff, kOn };

// time: when the event came, as it is to be shown. The event's strings are UTF-8, as the parser gives them.
void append_pretty(std::string& out, const event_stream::Event& event, std::string_view time, Colour colour);

// {"time":…,"type":…,"id":…,"data":…} and a line feed. Control characters, DEL and C1 included, are escaped.
void append_json(std::string& out, const event_stream::Event& event, std::string_view time);

void append_data(std::string& out, const event_stream::Event& event);

}  // namespace fanfare::cli
