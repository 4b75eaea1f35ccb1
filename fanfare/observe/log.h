// Structured log lines on standard error: one line per event, text on a terminal, JSON otherwise.
//   2026-11-21T09:00:00.123Z INFO listening address=127.0.0.1:8080
//   {"time":"2026-11-21T09:00:00.123Z","level":"info","event":"listening","address":"127.0.0.1:8080"}
// Any thread: lines do not mix.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <variant>

namespace fanfare {

enum class LogFormat { kAuto, kText, kJson };  // kAuto: text if standard error is a terminal
enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;  // snake_case, unit last: duration_ms
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

class Log {
 public:
  // Writes to standard error. The level is coloured in text on a terminal, unless NO_COLOR is set and not empty
  // (no-color.org) or TERM is dumb.
  Log(LogFormat format, LogLevel least);
  // Writes to the sink, which must outlive the log, without colour; kAuto is JSON.
  Log(LogFormat format, LogLevel least, std::ostream& sink);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // event: a short snake_case name of what happened ("listening"); keys are unique and not time, level or event.
  // Peers' bytes in values are escaped in either format: a value can neither end a line nor reach the terminal.
  // A line that cannot be written is lost, without an error.
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  bool writes(LogLevel level) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanfare
