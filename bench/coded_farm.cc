#include "bench/coded_farm.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace fanfare::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kOpeningMax = 256;  // requests sent and not answered yet
constexpr std::size_t kCheckersMax = 20;
constexpr std::chrono::seconds kPatience{30};

}  // namespace

CodedFarm::CodedFarm(std::uint16_t port, Coding coding, std::function<std::string(std::size_t)> update_text)
    : port_(port), coding_(coding), update_text_(std::move(update_text)), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

CodedFarm::~CodedFarm() {
  for (const auto& each : subscribers_) ::close(each.fd);
  ::close(poll_);
}

Result<void> CodedFarm::open(std::size_t count, const std::function<std::string(std::size_t)>& query) {
  subscribers_.reserve(count);
  const std::size_t every = (count + kCheckersMax - 1) / kCheckersMax;
  while (subscribers_.size() < count) {
    const std::size_t number = subscribers_.size();
    if (auto connected = connect(query(number)); !connected) return connected;
    if (number % every == 0) {
      subscribers_.back().checks = true;
      ++checkers_;
      if (coding_ != Coding::kIdentity) subscribers_.back().decoder = coding_testing::make_decoder(coding_);
    }
    auto opened = receive_until([this] { return opened_ + kOpeningMax >= subscribers_.size(); });
    if (!opened) return opened;
  }
  return receive_until([this] { return opened_ == subscribers_.size(); });
}

Result<void> CodedFarm::connect(const std::string& query) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail("no socket");
  subscribers_.push_back({.fd = fd, .received = {}, .plain = {}, .decoder = nullptr});
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  const std::string request = "GET /.well-known/mercure?" + query +
                              " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + std::string(coding_name(coding_)) +
                              "\r\n\r\n";
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return fail("a subscriber cannot connect");
  }
  epoll_event interest{.events = EPOLLIN | EPOLLET, .data = {.u64 = subscribers_.size() - 1}};
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &interest);
  return {};
}

Result<void> CodedFarm::receive_until(const std::function<bool()>& done) {
  std::array<epoll_event, 512> ready;
  auto until = Clock::now() + kPatience;
  while (!done()) {
    const int count = ::epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 100);
    for (int i = 0; i < count; ++i) {
      if (auto received = receive(subscribers_[ready[static_cast<std::size_t>(i)].data.u64]); !received)
        return received;
    }
    if (count > 0) until = Clock::now() + kPatience;
    if (Clock::now() > until) return fail("nothing comes any more");
  }
  return {};
}

Result<void> CodedFarm::receive(Subscriber& subscriber) {
  while (true) {
    const ssize_t count = ::recv(subscriber.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count == 0) return fail("the server ended a stream");
    if (count < 0) return errno == EAGAIN ? Result<void>() : fail("a connection broke");
    if (!subscriber.is_open || subscriber.checks) {
      subscriber.received.append(buffer_.data(), static_cast<std::size_t>(count));
      if (auto checked = check(subscriber); !checked) return checked;
    }
    if (static_cast<std::size_t>(count) < buffer_.size()) return {};
  }
}

Result<void> CodedFarm::check(Subscriber& subscriber) {
  std::string& received = subscriber.received;
  if (!subscriber.is_open) {
    const auto head_end = received.find("\r\n\r\n");
    if (head_end == received.npos) return {};
    const std::string head = received.substr(0, head_end + 2);
    if (!head.starts_with("HTTP/1.1 200 ")) return fail("the server answered " + head);
    const std::string field = "\r\nContent-Encoding: " + std::string(coding_name(coding_)) + "\r\n";
    if (coding_ != Coding::kIdentity && head.find(field) == head.npos) return fail("no coding was chosen");
    subscriber.is_open = true;
    ++opened_;
    received.erase(0, head_end + 4);
  }
  if (!subscriber.checks) {
    std::string().swap(received);
    return {};
  }
  while (true) {
    const auto line_end = received.find("\r\n");
    std::size_t size = 0;
    if (line_end == received.npos) break;
    std::from_chars(received.data(), received.data() + line_end, size, 16);
    if (received.size() < line_end + 2 + size + 2) break;
    const std::string_view payload = std::string_view(received).substr(line_end + 2, size);
    if (subscriber.decoder == nullptr) {
      subscriber.plain += payload;
    } else if (!subscriber.decoder->feed(payload, subscriber.plain)) {
      return fail("a stream cannot be decoded");
    }
    received.erase(0, line_end + 2 + size + 2);
  }
  return check_events(subscriber);
}

Result<void> CodedFarm::check_events(Subscriber& subscriber) {
  constexpr std::string_view kData = "\ndata: ";
  std::string& plain = subscriber.plain;
  while (plain.starts_with(":\n")) plain.erase(0, 2);
  for (auto end = plain.find("\n\n"); end != plain.npos; end = plain.find("\n\n")) {
    const std::string event = plain.substr(0, end);
    const auto data = event.find(kData);
    if (data == event.npos || event.substr(data + kData.size()) != update_text_(subscriber.next)) {
      return fail("update " + std::to_string(subscriber.next) + " did not come, but '" + event + "'");
    }
    ++subscriber.next;
    ++checked_;
    plain.erase(0, end + 2);
    while (plain.starts_with(":\n")) plain.erase(0, 2);
  }
  return {};
}

}  // namespace fanfare::bench
