// One log line as text or as JSON, without its end. What it is not: it writes nothing and reads no clock; log.h does.
// Pure; any thread.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "fanfare/observe/log.h"

namespace fanfare {

using LogTime = std::chrono::sys_time<std::chrono::milliseconds>;

enum class LogColour { kPlain, kColoured };

// Values that are not plain words are quoted; in quotes \" \\ \n \r \t and \xHH stand for bytes that end a line, could
// control a terminal or are not UTF-8. Other UTF-8 stays as it is, except characters that hide or reorder text.
std::string text_log_line(LogTime time, LogLevel level, std::string_view event, std::span<const LogField> fields,
                          LogColour colour);

// An object in ASCII: everything else is escaped, and what is not UTF-8 becomes U+FFFD.
std::string json_log_line(LogTime time, LogLevel level, std::string_view event, std::span<const LogField> fields);

}  // namespace fanfare
