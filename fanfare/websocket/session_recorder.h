// For tests and the fuzzer, not for the program: a visitor that asserts the legal order of events and writes down what
// it saw, and a session with what it has sent.
// One thread.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/websocket/session.h"

namespace fanfare::websocket {

class Recorder : public Visitor {
 public:
  void on_message(MessageKind kind) override {
    FANFARE_CHECK(!is_over && !in_message && session->is_open());
    in_message = true;
    data.clear();
    prefix_ = kind == MessageKind::kText ? "text " : "binary ";
    happen("begin");
  }
  void on_data(std::string_view bytes) override {
    FANFARE_CHECK(!is_over && in_message && session->is_open() && !bytes.empty());
    data += bytes;
    happen("data");
  }
  void on_message_end() override {
    FANFARE_CHECK(!is_over && in_message && session->is_open());
    in_message = false;
    events += prefix_ + data + "\n";
    happen("end");
  }
  void on_pong(std::string_view payload) override {
    FANFARE_CHECK(!is_over && session->is_open());
    events += "pong " + std::string(payload) + "\n";
    happen("pong");
  }
  void on_close(CloseCode code, std::string_view reason) override { finish("close", code, reason); }
  void on_failed(CloseCode code, std::string_view reason) override { finish("failed", code, reason); }

  // Called at the end of each event, with its name.
  std::function<void(std::string_view)> then;

  Session* session = nullptr;  // borrowed; set before the first byte
  std::string events;  // a line for each whole message, pong and end; data of messages without an end is left out
  std::string data;    // of the newest message
  bool in_message = false;
  bool is_over = false;

 private:
  void happen(std::string_view what) {
    if (then) then(what);
  }
  void finish(std::string_view what, CloseCode code, std::string_view reason) {
    FANFARE_CHECK(!is_over && session->wants_close() && !session->is_open());
    is_over = true;
    events.append(what) += " " + std::to_string(static_cast<unsigned>(code));
    if (!reason.empty()) events.append(" ").append(reason);
    events += "\n";
    happen(what);
  }

  std::string prefix_;
};

struct SessionBench {
  explicit SessionBench(const std::optional<DeflateTerms>& deflate = std::nullopt, Limits l = {})
      : limits(l), session(recorder, limits, deflate) {
    recorder.session = &session;
  }

  // Gives the session the bytes from a buffer of exactly their size, so that reading past them is found.
  void feed(std::string_view bytes) {
    const std::unique_ptr<char[]> exact(new char[bytes.size()]);
    if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
    session.receive({exact.get(), bytes.size()}, now_ms);
  }
  // Sends all output, and returns what is new.
  std::string send() {
    const std::string output(session.output());
    session.consume_output(output.size());
    sent += output;
    return output;
  }

  Limits limits;
  Recorder recorder;
  Session session;
  std::string sent;
  std::uint64_t now_ms = 1'000;
};

}  // namespace fanfare::websocket
