#include "testing/delays.h"

#include <future>
#include <utility>

#include "fanfare/base/check.h"

namespace fanfare::simulation {
namespace {

Result<ReadResult> ask(EventLog& log, ReadRequest request) {
  std::promise<Result<ReadResult>> promise;
  auto answer = promise.get_future();
  log.read_after(std::move(request), [&](Result<ReadResult> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

}  // namespace

ReadResult read_now(EventLog& log, ReadRequest request) {
  auto result = ask(log, std::move(request));
  FANFARE_CHECK(result.has_value());
  return std::move(*result);
}

void DelayedReads::read_after(ReadRequest request, ReadDone done) {
  reads_.push_back({std::move(request), std::move(done), std::nullopt});
}

void DelayedReads::read(std::size_t i) {
  Read& read = reads_.at(i);
  if (!read.result) read.result = ask(log_, read.request);
}

void DelayedReads::complete(std::size_t i) {
  read(i);
  Read read = std::move(reads_[i]);
  reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(i));
  read.done(std::move(*read.result));
}

void DelayedReads::complete_all() {
  for (std::size_t count = reads_.size(); count > 0; --count) complete(0);
}

void DelayedReads::fail(std::size_t i, std::string message) {
  Read read = std::move(reads_.at(i));
  reads_.erase(reads_.begin() + static_cast<std::ptrdiff_t>(i));
  read.done(fanfare::fail(std::move(message)));
}

void DelayedWork::run(std::move_only_function<void()> work, std::move_only_function<void()> then) {
  jobs_.push_back({std::move(work), std::move(then)});
}

void DelayedWork::step() {
  if (jobs_.empty()) return;
  if (jobs_.front().work) {
    jobs_.front().work();
    jobs_.front().work = nullptr;
    return;
  }
  Job job = std::move(jobs_.front());
  jobs_.erase(jobs_.begin());
  job.then();
}

void DelayedWork::finish_all() {
  while (!jobs_.empty()) step();
}

}  // namespace fanfare::simulation
