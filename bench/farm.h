// Many subscribers in one thread, received by one epoll set. Each must get the updates of a series in order and each
// once: anything else is an error, so that no figure is of a server that loses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::bench {

class Farm {
 public:
  // update_text: the data of the updates of a series, by number.
  Farm(std::uint16_t port, std::function<std::string(std::size_t)> update_text);
  ~Farm();
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  // Connects so many, each with the request of its number, and waits until the server has opened all their streams.
  Result<void> open(std::size_t count, const std::function<std::string(std::size_t)>& request);
  // Receives until everybody has got the updates before `number`.
  Result<void> receive_all_before(std::size_t number);

 private:
  struct Subscriber {
    int fd;
    bool is_open = false;
    std::size_t next = 0;    // the update that it expects
    std::string unfinished;  // what has come after the last whole event
  };

  Result<void> connect(const std::string& request, std::size_t count);
  Result<void> receive_until(const std::function<bool()>& done);
  Result<void> receive(Subscriber& subscriber);
  Result<void> take_events(Subscriber& subscriber);
  // Made once: many subscribers ask for it.
  const std::string& text_of(std::size_t number);

  const std::uint16_t port_;
  const std::function<std::string(std::size_t)> update_text_;
  const int poll_;
  std::vector<std::string> texts_;
  std::vector<Subscriber> subscribers_;
  std::size_t opened_ = 0;
  std::size_t got_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace fanfare::bench
