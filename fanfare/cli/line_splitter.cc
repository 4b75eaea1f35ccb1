#include "fanfare/cli/line_splitter.h"

namespace fanfare::cli {

void LineSplitter::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
}

std::optional<std::string> LineSplitter::next_line() {
  std::size_t line_feed = buffer_.find('\n', scanned_);
  if (line_feed == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  return take(line_feed, line_feed + 1);
}

std::optional<std::string> LineSplitter::last_line() {
  if (waiting_bytes() == 0) return std::nullopt;
  return take(buffer_.size(), buffer_.size());
}

std::string LineSplitter::take(std::size_t end, std::size_t next) {
  std::string line = buffer_.substr(begin_, end - begin_);
  if (line.ends_with('\r')) line.pop_back();
  begin_ = scanned_ = next;
  return line;
}

}  // namespace fanfare::cli
