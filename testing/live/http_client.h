// The far end of a connection to a real server: raw bytes with deadlines, so that a test can misbehave as it likes, and
// on them a publisher and a subscriber that note all they see. What it is not: a client for anything but tests; every
// wait ends after kPatience unless told otherwise. One thread for each object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/event_stream/parser.h"
#include "testing/live/patience.h"

namespace fanfare::live {

enum class Ended { kNo, kCleanly, kBroken };

// A TCP connection to a port of this machine.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  bool is_open() const { return fd_ >= 0; }
  void close();
  // What the peer sends can still be received.
  void end_sending();

  // Sends all of it. False: the connection broke, or the peer did not take it in time.
  bool send(std::string_view bytes, milliseconds patience = kPatience);
  // Waits for bytes and appends them to received(). False: none came in time, or none will come.
  bool receive(milliseconds patience = kPatience);
  bool receive_until(std::string_view marker, milliseconds patience = kPatience);
  bool receive_until_end(milliseconds patience = kPatience);

  std::string& received() { return received_; }
  // Whether the peer has ended the connection, and whether by a reset.
  Ended ended() const { return ended_; }

 private:
  int fd_ = -1;
  std::string received_;
  Ended ended_ = Ended::kNo;
};

struct Answer {
  int status = 0;  // 0: no whole answer came
  std::string head;
  std::string body;

  std::string header(std::string_view name) const;  // empty if there is none
};

// The answer to a HEAD request has no body, whatever its Content-Length.
enum class AnswerTo { kHead, kOther };

// Takes the next answer, with the body that Content-Length tells, off the connection.
Answer read_answer(Connection& connection, milliseconds patience = kPatience, AnswerTo answer_to = AnswerTo::kOther);
// One request on a connection of its own.
Answer request(std::uint16_t port, std::string_view bytes, milliseconds patience = kPatience);
Answer get(std::uint16_t port, std::string_view path, milliseconds patience = kPatience);

// id: empty: the hub makes one. more: other fields of the form, as in "private=on".
std::string publish_request(std::string_view token, std::string_view topic, std::string_view data,
                            std::string_view id = {}, std::string_view more = {});

// The data of update `number` of a series: the number and padding, `size` bytes at least.
std::string numbered(std::size_t number, std::size_t size = 0);

class Publisher {
 public:
  Publisher(std::uint16_t port, std::string token) : connection_(port), token_(std::move(token)) {}

  Connection& connection() { return connection_; }
  Answer publish(std::string_view topic, std::string_view data, std::string_view id = {});
  // Updates first … last of a series, some in flight at a time. Whether each was answered 200.
  bool publish_series(std::string_view topic, std::size_t first, std::size_t last, std::size_t size = 0);

 private:
  Connection connection_;
  std::string token_;
};

struct SubscriberOptions {
  std::string topic;
  std::string last_event_id = {};
};

class Subscriber final : private event_stream::ParserVisitor {
 public:
  struct Event {
    std::string id;
    std::string data;
  };

  // Sends the request and reads the head of the answer.
  Subscriber(std::uint16_t port, const SubscriberOptions& options);

  Connection& connection() { return connection_; }
  const Answer& answer() const { return answer_; }
  bool is_subscribed() const { return answer_.status == 200; }

  // Reads until it has so many events altogether.
  bool read_events(std::size_t count, milliseconds patience = kPatience);
  // Reads until the response or the connection ends; kCleanly: the response is whole.
  Ended read_to_end(milliseconds patience = kPatience);

  const std::vector<Event>& events() const { return events_; }
  std::optional<std::uint64_t> retry_ms() const { return retry_ms_; }

 private:
  void on_event(const event_stream::Event& event) override;
  void on_retry(std::uint64_t ms) override { retry_ms_ = ms; }
  void take_chunks();

  Connection connection_;
  Answer answer_;
  event_stream::Parser parser_{*this};
  std::vector<Event> events_;
  std::optional<std::uint64_t> retry_ms_;
  bool is_whole_ = false;  // the last chunk has come
};

// Empty if the events are the updates first … last of a series, in order and each once; else what is wrong.
std::string fault_in_series(const std::vector<Subscriber::Event>& events, std::size_t first, std::size_t last);

}  // namespace fanfare::live
