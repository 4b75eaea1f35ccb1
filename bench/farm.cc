#include "bench/farm.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPortsPerAddress = 20'000;
constexpr std::size_t kOpeningMax = 512;  // requests sent and not answered yet
constexpr std::chrono::seconds kPatience{30};

}  // namespace

Farm::Farm(std::uint16_t port, std::function<std::string(std::size_t)> update_text)
    : port_(port), update_text_(std::move(update_text)), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Farm::~Farm() {
  for (const auto& each : subscribers_) ::close(each.fd);
  ::close(poll_);
}

Result<void> Farm::open(std::size_t count, const std::function<std::string(std::size_t)>& request) {
  subscribers_.reserve(count);
  while (subscribers_.size() < count) {
    if (auto connected = connect(request(subscribers_.size()), count); !connected) return connected;
    auto opened = receive_until([this] { return opened_ + kOpeningMax >= subscribers_.size(); });
    if (!opened) return opened;
  }
  return receive_until([this] { return opened_ == subscribers_.size(); });
}

Result<void> Farm::receive_all_before(std::size_t number) {
  return receive_until([this, number] { return got_ == number * subscribers_.size(); });
}

Result<void> Farm::connect(const std::string& request, std::size_t count) {
  const std::size_t number = subscribers_.size();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail("no socket for subscriber " + std::to_string(number));
  subscribers_.push_back({.fd = fd, .unfinished = {}});
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (count > kPortsPerAddress) {  // 127.0.1.1 and so on: one address has not enough ports
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    address.sin_addr.s_addr = htonl(0x7f000101U + static_cast<std::uint32_t>(number / kPortsPerAddress));
    ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return fail("subscriber " + std::to_string(number) + " cannot connect");
  }
  epoll_event interest{.events = EPOLLIN | EPOLLET, .data = {.u64 = number}};
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &interest);
  return {};
}

Result<void> Farm::receive_until(const std::function<bool()>& done) {
  std::array<epoll_event, 512> ready;
  auto until = Clock::now() + kPatience;
  while (!done()) {
    const int count = ::epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i) {
      const std::size_t number = ready[static_cast<std::size_t>(i)].data.u64;
      if (auto received = receive(subscribers_[number]); !received) {
        return fail("subscriber " + std::to_string(number) + ": " + received.error().message);
      }
    }
    if (count > 0) until = Clock::now() + kPatience;
    if (Clock::now() > until) {
      return fail("nothing comes any more: " + std::to_string(opened_) + " of " + std::to_string(subscribers_.size()) +
                  " streams are open, " + std::to_string(got_) + " updates were received");
    }
  }
  return {};
}

Result<void> Farm::receive(Subscriber& subscriber) {
  while (true) {
    const ssize_t count = ::recv(subscriber.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count == 0) return fail("the server ended the stream");
    if (count < 0) return errno == EAGAIN ? Result<void>() : fail("the connection broke");
    subscriber.unfinished.append(buffer_.data(), static_cast<std::size_t>(count));
    if (auto taken = take_events(subscriber); !taken) return taken;
    if (static_cast<std::size_t>(count) < buffer_.size()) return {};
  }
}

Result<void> Farm::take_events(Subscriber& subscriber) {
  constexpr std::string_view kData = "\ndata: ";
  std::string_view rest = subscriber.unfinished;
  if (!subscriber.is_open) {
    const auto head_end = rest.find("\r\n\r\n");
    if (head_end == rest.npos) return {};
    if (!rest.starts_with("HTTP/1.1 200 ")) return fail("the server answered " + std::string(rest));
    subscriber.is_open = true;
    ++opened_;
    rest.remove_prefix(head_end + 4);
  }
  for (auto end = rest.find("\n\n"); end != rest.npos; end = rest.find("\n\n")) {
    const std::string_view event = rest.substr(0, end);
    if (event.ends_with(':')) {  // a heartbeat
      rest.remove_prefix(end + 2);
      continue;
    }
    const auto data = event.find(kData);
    const auto number = subscriber.next++;
    if (data == event.npos || event.substr(data + kData.size()) != text_of(number)) {
      return fail("update " + std::to_string(number) + " did not come, but '" + std::string(event) + "'");
    }
    ++got_;
    rest.remove_prefix(end + 2);
  }
  subscriber.unfinished.erase(0, subscriber.unfinished.size() - rest.size());
  return {};
}

const std::string& Farm::text_of(std::size_t number) {
  while (texts_.size() <= number) texts_.push_back(update_text_(texts_.size()));
  return texts_[number];
}

}  // namespace fanfare::bench
