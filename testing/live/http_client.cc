#include "testing/live/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <deque>
#include <utility>

namespace fanfare::live {
namespace {

using Clock = std::chrono::steady_clock;

// A server keeps 16 KiB of later requests while it answers one.
constexpr std::size_t kPipelinedBytesMax = 12 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kHub = "/.well-known/mercure";

milliseconds left_until(Clock::time_point time) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(time - Clock::now()));
}

bool wait_for(int fd, short what, milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    pollfd watched{fd, what, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(left_until(until).count()));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain) {
      encoded += c;
    } else {
      encoded.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return encoded;
}

}  // namespace

Connection::Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

Connection::~Connection() {
  close();
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)), ended_(other.ended_) {}

void Connection::close() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

void Connection::end_sending() {
  ::shutdown(fd_, SHUT_WR);
}

bool Connection::send(std::string_view bytes, milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (!bytes.empty()) {
    if (!wait_for(fd_, POLLOUT, left_until(until))) return false;
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Connection::receive(milliseconds patience) {
  if (fd_ < 0 || ended_ != Ended::kNo || !wait_for(fd_, POLLIN, patience)) return false;
  std::array<char, 64 * 1024> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) {
    received_.append(bytes.data(), static_cast<std::size_t>(count));
  } else {
    ended_ = count == 0 ? Ended::kCleanly : Ended::kBroken;
  }
  return count > 0;
}

bool Connection::receive_until(std::string_view marker, milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (received_.find(marker) == received_.npos) {
    if (!receive(left_until(until))) return false;
  }
  return true;
}

bool Connection::receive_until_end(milliseconds patience) {
  const auto until = Clock::now() + patience;
  while (receive(left_until(until))) {
  }
  return ended_ != Ended::kNo;
}

std::string Answer::header(std::string_view name) const {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const auto found = head.find(line);
  if (found == head.npos) return {};
  const auto begin = found + line.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

Answer read_answer(Connection& connection, milliseconds patience, AnswerTo answer_to) {
  const auto until = Clock::now() + patience;
  Answer answer;
  std::string& received = connection.received();
  if (!connection.receive_until(kHeadEnd, patience)) return answer;
  const auto head_size = received.find(kHeadEnd) + kHeadEnd.size();
  answer.head = received.substr(0, head_size);
  received.erase(0, head_size);
  const std::string length = answer.header("Content-Length");
  std::size_t body_size = 0;
  if (answer_to != AnswerTo::kHead) std::from_chars(length.data(), length.data() + length.size(), body_size);
  while (received.size() < body_size) {
    if (!connection.receive(left_until(until))) return {};
  }
  answer.body = received.substr(0, body_size);
  received.erase(0, body_size);
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (answer.head.starts_with(kVersion)) {
    std::from_chars(answer.head.data() + kVersion.size(), answer.head.data() + kVersion.size() + 3, answer.status);
  }
  return answer;
}

Answer request(std::uint16_t port, std::string_view bytes, milliseconds patience) {
  Connection connection(port);
  if (!connection.is_open() || !connection.send(bytes, patience)) return {};
  return read_answer(connection, patience, bytes.starts_with("HEAD ") ? AnswerTo::kHead : AnswerTo::kOther);
}

Answer get(std::uint16_t port, std::string_view path, milliseconds patience) {
  return request(port, "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", patience);
}

std::string publish_request(std::string_view token, std::string_view topic, std::string_view data, std::string_view id,
                            std::string_view more) {
  std::string body = "topic=" + percent_encoded(topic) + "&data=" + percent_encoded(data);
  if (!id.empty()) body += "&id=" + percent_encoded(id);
  if (!more.empty()) body.append("&").append(more);
  std::string text = "POST " + std::string(kHub) + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ";
  text.append(token).append("\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
  return text.append(std::to_string(body.size())).append(kHeadEnd).append(body);
}

std::string numbered(std::size_t number, std::size_t size) {
  std::string text = std::to_string(number) + " ";
  if (text.size() < size) text.append(size - text.size(), 'x');
  return text;
}

Answer Publisher::publish(std::string_view topic, std::string_view data, std::string_view id) {
  if (!connection_.send(publish_request(token_, topic, data, id))) return {};
  return read_answer(connection_);
}

bool Publisher::publish_series(std::string_view topic, std::size_t first, std::size_t last, std::size_t size) {
  std::deque<std::size_t> in_flight;
  std::size_t bytes_in_flight = 0;
  for (std::size_t number = first; number <= last || !in_flight.empty();) {
    std::string text;
    if (number <= last) text = publish_request(token_, topic, numbered(number, size));
    const bool has_room = in_flight.empty() || bytes_in_flight + text.size() <= kPipelinedBytesMax;
    if (number <= last && has_room) {
      if (!connection_.send(text)) return false;
      in_flight.push_back(text.size());
      bytes_in_flight += text.size();
      ++number;
      continue;
    }
    if (read_answer(connection_).status != 200) return false;
    bytes_in_flight -= in_flight.front();
    in_flight.pop_front();
  }
  return true;
}

Subscriber::Subscriber(std::uint16_t port, const SubscriberOptions& options) : connection_(port) {
  std::string text = "GET " + std::string(kHub) + "?topic=" + percent_encoded(options.topic);
  text += " HTTP/1.1\r\nHost: a\r\n";
  if (!options.last_event_id.empty()) text += "Last-Event-ID: " + options.last_event_id + "\r\n";
  if (connection_.is_open() && connection_.send(text + "\r\n")) answer_ = read_answer(connection_);
}

bool Subscriber::read_events(std::size_t count, milliseconds patience) {
  const auto until = Clock::now() + patience;
  take_chunks();
  while (events_.size() < count) {
    if (!connection_.receive(left_until(until))) return false;
    take_chunks();
  }
  return true;
}

Ended Subscriber::read_to_end(milliseconds patience) {
  const auto until = Clock::now() + patience;
  take_chunks();
  while (!is_whole_ && connection_.receive(left_until(until))) take_chunks();
  if (is_whole_) return Ended::kCleanly;
  return connection_.ended() == Ended::kNo ? Ended::kNo : Ended::kBroken;
}

// RFC 9112 section 7.1, without extensions and trailers, which this server never sends. Only whole chunks are taken.
void Subscriber::take_chunks() {
  std::string_view rest = connection_.received();
  while (!is_whole_) {
    const auto line = rest.find("\r\n");
    if (line == rest.npos) break;
    std::size_t size = 0;
    std::from_chars(rest.data(), rest.data() + line, size, 16);
    const std::size_t begin = line + 2;
    if (rest.size() < begin + size + 2) break;
    is_whole_ = size == 0;
    if (!parser_.feed(rest.substr(begin, size))) events_.push_back({.id = {}, .data = "no event stream"});
    rest.remove_prefix(begin + size + 2);
  }
  connection_.received() = std::string(rest);
}

void Subscriber::on_event(const event_stream::Event& event) {
  events_.push_back({std::string(event.last_event_id), std::string(event.data)});
}

std::string fault_in_series(const std::vector<Subscriber::Event>& events, std::size_t first, std::size_t last) {
  std::size_t number = first;
  for (const auto& event : events) {
    if (!event.data.starts_with(std::to_string(number) + " ")) {
      return "update " + std::to_string(number) + " expected, not '" + event.data.substr(0, 20) + "'";
    }
    ++number;
  }
  if (number == last + 1) return {};
  return "the last is update " + std::to_string(number - 1) + ", not " + std::to_string(last);
}

}  // namespace fanfare::live
