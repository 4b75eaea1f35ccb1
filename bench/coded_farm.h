// Many subscribers of coded streams in one thread, received by one epoll set. Some of them decode what they get and
// check each update; of the others it is read and thrown away, so that the farm costs little beside the server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/coding/coding.h"
#include "testing/coding/decoder.h"

namespace fanfare::bench {

class CodedFarm {
 public:
  // update_text: the data of the updates, by number.
  CodedFarm(std::uint16_t port, Coding coding, std::function<std::string(std::size_t)> update_text);
  ~CodedFarm();
  CodedFarm(const CodedFarm&) = delete;
  CodedFarm& operator=(const CodedFarm&) = delete;

  // Connects so many, each with the query of its number, and waits until all their streams are open.
  Result<void> open(std::size_t count, const std::function<std::string(std::size_t)>& query);
  Result<void> receive_until(const std::function<bool()>& done);

  std::size_t checkers() const { return checkers_; }
  std::size_t checked_updates() const { return checked_; }

 private:
  struct Subscriber {
    int fd;
    bool is_open = false;
    bool checks = false;
    std::size_t next = 0;  // the update that it expects
    std::string received;  // not yet read as chunks; before the stream is open: of the head
    std::string plain;     // not yet read as events
    std::unique_ptr<coding_testing::Decoder> decoder;
  };

  Result<void> connect(const std::string& query);
  Result<void> receive(Subscriber& subscriber);
  Result<void> check(Subscriber& subscriber);
  Result<void> check_events(Subscriber& subscriber);

  const std::uint16_t port_;
  const Coding coding_;
  const std::function<std::string(std::size_t)> update_text_;
  const int poll_;
  std::vector<Subscriber> subscribers_;
  std::size_t opened_ = 0;
  std::size_t checkers_ = 0;
  std::size_t checked_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace fanfare::bench
