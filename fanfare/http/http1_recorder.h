// For tests and the fuzzer, not for the program: a visitor that asserts the legal order of events, answers when it is
// told to and writes down what it saw; and a player of bytes in pieces.
// One thread.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/http/http1_session.h"

namespace fanfare::http {

// When the recorder answers with 200 and the body "ok\n".
enum class AnswerTime { kOnHead, kOnBody, kOnEnd, kNever };

class Http1Recorder : public Http1Visitor {
 public:
  explicit Http1Recorder(AnswerTime time = AnswerTime::kOnEnd, std::size_t accepted = 1 << 20)
      : time_(time), accepted_(accepted) {}

  std::size_t on_head(RequestHead head) override {
    FANFARE_CHECK(stage_ == Stage::kIdle);
    stage_ = Stage::kBody;
    heads.push_back(std::move(head));
    bodies.emplace_back();
    events += heads.back().method + " " + heads.back().path + " " + heads.back().query + "\n";
    answer_at(AnswerTime::kOnHead);
    return accepted_;
  }
  void on_body(std::string_view bytes) override {
    FANFARE_CHECK(stage_ == Stage::kBody && !bytes.empty());
    bodies.back() += bytes;
    events += bytes;
    answer_at(AnswerTime::kOnBody);
  }
  void on_end() override {
    FANFARE_CHECK(stage_ == Stage::kBody);
    stage_ = Stage::kEnded;
    events += "\nend\n";
    ++ended;
    answer_at(AnswerTime::kOnEnd);
  }
  void on_refused(int status, std::string_view reason) override {
    FANFARE_CHECK(stage_ == Stage::kIdle || stage_ == Stage::kBody);
    FANFARE_CHECK(session->wants_close() && session->memory_bytes() > 0);
    stage_ = Stage::kRefused;
    refused_status = status;
    refused_reason = reason;
    events += "\nrefused " + std::to_string(status) + " " + refused_reason + "\n";
  }

  // Answers the current request, as a test may also do from outside.
  void answer(std::string body = "ok\n") {
    Response response;
    response.body = std::move(body);
    stage_ = Stage::kIdle;  // before the call: it may come back with the next request
    session->respond(response);
  }
  // A stream has begun or ended by the test's own call.
  void answered_by_hand() { stage_ = Stage::kIdle; }
  bool is_unanswered() const { return stage_ == Stage::kBody || stage_ == Stage::kEnded; }

  Http1Session* session = nullptr;  // borrowed; set before the first byte
  std::string events;               // everything, in order, bodies joined
  std::vector<RequestHead> heads;
  std::vector<std::string> bodies;
  int ended = 0;
  int refused_status = 0;
  std::string refused_reason;

 private:
  enum class Stage { kIdle, kBody, kEnded, kRefused };

  void answer_at(AnswerTime time) {
    if (time == time_) answer();
  }

  AnswerTime time_;
  std::size_t accepted_;
  Stage stage_ = Stage::kIdle;
};

// A session with its recorder, and what it has written.
struct Http1Bench {
  explicit Http1Bench(AnswerTime time = AnswerTime::kOnEnd, Limits l = {}, std::size_t accepted = 1 << 20)
      : limits(l), recorder(time, accepted), session(recorder, limits) {
    recorder.session = &session;
  }

  // Gives the session the bytes from a buffer of exactly their size, so that reading past them is found.
  void feed(std::string_view bytes) {
    const std::unique_ptr<char[]> exact(new char[bytes.size()]);
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    session.receive({exact.get(), bytes.size()});
  }
  // Sends all output.
  std::string_view send() {
    while (!session.output().empty()) {
      sent += session.output();
      session.consume_output(session.output().size());
    }
    return sent;
  }
  // Sends all output and returns only what is new.
  std::string send_new() {
    const std::size_t before = sent.size();
    return std::string(send().substr(before));
  }

  Limits limits;
  Http1Recorder recorder;
  Http1Session session;
  std::string sent;
};

// All ways to cut bytes that a table is replayed in: whole, byte by byte, and in two at every place. Views into them.
inline std::vector<std::vector<std::string_view>> cuts(std::string_view bytes) {
  std::vector<std::vector<std::string_view>> ways = {{bytes}, {}};
  for (std::size_t i = 0; i < bytes.size(); ++i) ways[1].push_back(bytes.substr(i, 1));
  for (std::size_t i = 0; i <= bytes.size(); ++i) ways.push_back({bytes.substr(0, i), bytes.substr(i)});
  return ways;
}
std::vector<std::vector<std::string_view>> cuts(const std::string&& temporary) = delete;

}  // namespace fanfare::http
