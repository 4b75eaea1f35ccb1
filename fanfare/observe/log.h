// Structured log lines on standard error: one line per event, text on a terminal, JSON otherwise.
// Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
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
  Log(LogFormat format, LogLevel least);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // event: a short snake_case name of what happened ("listening"). Peers' bytes are escaped in either format.
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});
  bool writes(LogLevel level) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fanfare
