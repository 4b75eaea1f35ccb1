// What a hub asks of others, held back until the test says so: reads of the log, in any order, and long work that would
// run on another thread. One thread, whatever threads the log itself uses.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "fanfare/history/event_log.h"
#include "fanfare/hub/catch_up.h"
#include "fanfare/hub/template_index.h"

namespace fanfare::simulation {

// Reads `log` (borrowed), when it is told to.
class DelayedReads final : public CatchUpSource {
 public:
  explicit DelayedReads(EventLog& log) : log_(log) {}

  void read_after(ReadRequest request, ReadDone done) override;
  std::size_t waiting() const { return reads_.size(); }
  // The i-th waiting read happens now, but its reader is not told yet.
  void read(std::size_t i);
  // The i-th waiting read completes; it happens now if it has not happened yet.
  void complete(std::size_t i);
  // Those that wait now.
  void complete_all();
  void fail(std::size_t i, std::string message);

 private:
  struct Read {
    ReadRequest request;
    ReadDone done;
    std::optional<Result<ReadResult>> result;
  };
  EventLog& log_;
  std::vector<Read> reads_;
};

class DelayedWork final : public OffThread {
 public:
  void run(std::move_only_function<void()> work, std::move_only_function<void()> then) override;
  std::size_t waiting() const { return jobs_.size(); }
  // The oldest job takes its next step: the work, or what follows it.
  void step();
  void finish_all();

 private:
  struct Job {
    std::move_only_function<void()> work;  // empty once it is done
    std::move_only_function<void()> then;
  };
  std::vector<Job> jobs_;
};

// Calls the log and waits for its answer.
ReadResult read_now(EventLog& log, ReadRequest request);

}  // namespace fanfare::simulation
