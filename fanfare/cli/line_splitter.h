// Cuts a byte stream into lines as it arrives, at linear cost. A line ends at LF; one CR before it is dropped.
// What it is not: it reads nothing. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fanfare::cli {

class LineSplitter {
 public:
  void feed(std::string_view bytes);

  // The next complete line without its end, or nothing until more is fed.
  std::optional<std::string> next_line();

  // At the end of the input: what stands after the last LF, if anything does. next_line() has returned nothing.
  std::optional<std::string> last_line();

  // Bytes that wait for the end of their line.
  std::size_t waiting_bytes() const { return buffer_.size() - begin_; }

 private:
  std::string take(std::size_t end, std::size_t next);

  std::string buffer_;
  std::size_t begin_ = 0;    // of the line that comes next
  std::size_t scanned_ = 0;  // no LF stands in [begin_, scanned_)
};

}  // namespace fanfare::cli
