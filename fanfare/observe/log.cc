#include "fanfare/observe/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "fanfare/observe/log_line.h"

namespace fanfare {
namespace {

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') && (term == nullptr || std::string_view(term) != "dumb");
}

}  // namespace

// spdlog brings each line to its sink whole, flushed, and from any thread; the line itself is made here.
struct Log::State {
  State(LogFormat line_format, LogColour level_colour, LogLevel least_level, spdlog::sink_ptr sink)
      : format(line_format), colour(level_colour), least(least_level), logger("fanfare", std::move(sink)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::info);
    logger.set_error_handler([](const std::string&) {});
  }

  const LogFormat format;
  const LogColour colour;
  const LogLevel least;
  spdlog::logger logger;
};

Log::Log(LogFormat format, LogLevel least) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  if (format == LogFormat::kAuto) format = terminal ? LogFormat::kText : LogFormat::kJson;
  const auto colour = terminal && wants_colour() ? LogColour::kColoured : LogColour::kPlain;
  state_ = std::make_unique<State>(format, colour, least, std::make_shared<spdlog::sinks::stderr_sink_mt>());
}

Log::Log(LogFormat format, LogLevel least, std::ostream& sink)
    : state_(std::make_unique<State>(format == LogFormat::kAuto ? LogFormat::kJson : format, LogColour::kPlain, least,
                                     std::make_shared<spdlog::sinks::ostream_sink_mt>(sink))) {}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!writes(level)) return;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::string line = state_->format == LogFormat::kText ? text_log_line(now, level, event, fields, state_->colour)
                                                              : json_log_line(now, level, event, fields);
  state_->logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

bool Log::writes(LogLevel level) const {
  return level >= state_->least;
}

}  // namespace fanfare
