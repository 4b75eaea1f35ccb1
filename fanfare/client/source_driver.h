// Brings a session and its transfers together: does what SourceSession::next() says, in time.
// One thread: that which runs the loop's io_context. Must not be destroyed from within a visitor's call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "fanfare/client/request.h"
#include "fanfare/client/source_session.h"
#include "fanfare/client/transfer.h"

namespace fanfare::client {

class SourceDriver final : public TransferVisitor {
 public:
  // loop and visitor are borrowed. The request and the options have been checked. Nothing happens before start().
  SourceDriver(TransferLoop& loop, SourceVisitor& visitor, Request request, SourceOptions options);
  ~SourceDriver() override;
  SourceDriver(const SourceDriver&) = delete;
  SourceDriver& operator=(const SourceDriver&) = delete;

  void start() { proceed(); }
  // As SourceSession's, and at once what follows from it; from within a visitor's call soon afterwards.
  void close();
  void pause();
  void resume();

  const SourceSession& session() const { return session_; }

 private:
  struct Timer;

  void on_sent() override { session_.request_sent(); }
  void on_head(const ResponseHead& head) override;
  Flow on_bytes(std::string_view bytes) override;
  void on_end(std::optional<TransportFailure> failure) override;

  void proceed();
  void proceed_later();
  void wake_at(std::uint64_t ms);

  TransferLoop& loop_;
  const Request request_;
  SourceSession session_;
  std::unique_ptr<Transfer> transfer_;
  std::shared_ptr<Timer> timer_;
  std::uint64_t wake_ms_;  // what the timer is set to
  bool will_proceed_ = false;
};

}  // namespace fanfare::client
