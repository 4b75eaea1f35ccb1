// A long poll: an answer that waits until its subscription brings updates, or its time is over. Then it goes out as
//
//   {"lastEventID":"…","updates":[{"id":…,"type":…,"topics":[…],"data":…},…]}
//
// and the next poll goes on from that lastEventID, as an event stream or a WebSocket could. More updates than fit into
// one answer come with the next.
// Its exchange owns it. One thread: the shard's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fanfare/http/message.h"
#include "fanfare/hub/subscription.h"
#include "fanfare/net/loop.h"
#include "fanfare/server/exchange.h"
#include "fanfare/server/quotas.h"

namespace fanfare {

class Shard;

class Poll final : public Outlet, public Waiting {
 public:
  // place: among the streams that limits allow. token: its exchange's.
  Poll(Shard& shard, std::uint64_t token, Place place);
  ~Poll() override;

  // Answers at once if there are updates, else after wait_ms at the latest. The exchange has it already. head: of the
  // answer, CORS fields and all.
  void begin(std::unique_ptr<Subscription> subscription, http::ResponseHead head, std::uint64_t wait_ms);

  // Waiting
  void on_drain() override;
  // Outlet
  void on_news() override;
  void on_end(StreamEnd end) override;
  void on_reset() override;

 private:
  void step();
  void take();
  void answer();
  void step_later();

  Shard& shard_;
  const std::uint64_t token_;
  http::ResponseHead head_;
  const Place place_;
  std::string updates_;  // each with a comma behind it
  bool is_due_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
  net::Timer soon_;
  net::Timer until_;
  std::unique_ptr<Subscription> subscription_;  // last: it leaves first
};

}  // namespace fanfare
