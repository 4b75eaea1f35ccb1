#include "fanfare/cli/publish.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <expected>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "fanfare/cli/http_client.h"
#include "fanfare/cli/line_splitter.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/printable.h"
#include "fanfare/cli/publish_form.h"
#include "fanfare/history/update_line.h"

namespace fanfare::cli {
namespace {

// A hub takes 1 MiB unless told otherwise; this only bounds what a line or a file without an end may cost here.
constexpr std::size_t kUpdateBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

// Of a batch: well below what a hub takes, and few enough for all their ids to fit an answer.
constexpr std::size_t kBatchUpdatesMax = 1'000;
constexpr std::size_t kBatchBytesMax = 256 * 1024;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kLinesType = "application/x-ndjson";

using Outcome = std::expected<void, Failure>;

std::unexpected<Failure> failed_here(const std::string& what, int error) {
  return std::unexpected(Failure{ExitCode::kFailed, what + ": " + std::strerror(error)});
}

// Reads once, as much as is there: a live source is not kept waiting. 0 at the end, -1 with errno.
ssize_t read_some(int fd, char* bytes, std::size_t size) {
  while (true) {
    ssize_t count = read(fd, bytes, size);
    if (count >= 0 || (errno != EINTR && errno != EAGAIN)) return count;
    pollfd input{fd, POLLIN, 0};
    poll(&input, 1, -1);
  }
}

// The outcome of these lines: a failure names them.
Outcome in_lines(std::size_t first, std::size_t last, Outcome outcome) {
  if (outcome) return outcome;
  const std::string lines = first == last ? "line " + std::to_string(first)
                                          : "lines " + std::to_string(first) + " to " + std::to_string(last);
  outcome.error().message.insert(0, lines + ": ");
  return outcome;
}

class Publisher {
 public:
  explicit Publisher(const PublishOptions& options)
      : options_(options), buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {}

  Outcome publish_source();

 private:
  // JSON lines that wait to be published together.
  struct Batch {
    std::vector<Update> updates;
    std::string body;
  };

  Outcome publish_data(std::string data);
  Outcome publish_one(const Update& update);
  std::expected<HttpAnswer, Failure> post(std::string_view content_type, std::string body);
  Outcome print_ids(std::string_view ids) const;
  Outcome publish_file();
  Outcome publish_lines();
  Outcome take_line(std::string line);
  Outcome take_json(std::string_view line);
  Outcome publish_batch();
  Outcome publish_together(const Batch& batch);
  Outcome publish_one_by_one(const std::vector<Update>& updates);

  const PublishOptions& options_;
  HttpClient client_;
  std::unique_ptr<char[]> buffer_;
  std::size_t lines_ = 0;  // published or tried, but for those that wait
  Batch waiting_;
  bool hub_takes_batches_ = true;  // as far as is known
};

Outcome Publisher::publish_source() {
  switch (options_.source) {
    case Source::kArgument:
      return publish_data(options_.text);
    case Source::kFile:
      return publish_file();
    case Source::kLines:
    case Source::kJsonLines:
      return publish_lines();
  }
  return {};
}

Outcome Publisher::publish_data(std::string data) {
  Update update = options_.fields;
  update.data = std::move(data);
  return publish_one(update);
}

Outcome Publisher::publish_one(const Update& update) {
  const auto answer = post(kFormType, publish_form(update));
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return std::unexpected(explain_status(answer->status, answer->body));
  return print_ids(first_line(answer->body) + "\n");
}

std::expected<HttpAnswer, Failure> Publisher::post(std::string_view content_type, std::string body) {
  auto answer = client_.post({.url = options_.hub,
                              .token = options_.token,
                              .last_event_id = {},
                              .content_type = content_type,
                              .body = std::move(body)});
  if (answer) return std::move(*answer);
  Failure failure = explain(answer.error(), options_.hub);
  if (failure.exit_code == ExitCode::kServer) failure.message += "; whether it was published is unknown";
  return std::unexpected(std::move(failure));
}

Outcome Publisher::print_ids(std::string_view ids) const {
  if (options_.quiet) return {};
  Wrote wrote = write_all(STDOUT_FILENO, ids);
  if (wrote == Wrote::kAll) return {};
  return failed_here("published, but its id cannot be printed (-q prints none)",
                     wrote == Wrote::kClosed ? EPIPE : errno);
}

Outcome Publisher::publish_file() {
  bool is_input = options_.text == "-";
  int fd = is_input ? STDIN_FILENO : open(options_.text.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed_here(options_.text, errno);
  std::string data;
  ssize_t count = 0;
  while (data.size() <= kUpdateBytesMax && (count = read_some(fd, buffer_.get(), kReadBytes)) > 0) {
    data.append(buffer_.get(), static_cast<std::size_t>(count));
  }
  int error = count < 0 ? errno : data.size() > kUpdateBytesMax ? EFBIG : 0;
  if (!is_input) close(fd);
  if (error != 0) return failed_here(is_input ? "standard input" : options_.text, error);
  return publish_data(std::move(data));
}

Outcome Publisher::publish_lines() {
  LineSplitter splitter;
  ssize_t count = 0;
  while ((count = read_some(STDIN_FILENO, buffer_.get(), kReadBytes)) > 0) {
    splitter.feed({buffer_.get(), static_cast<std::size_t>(count)});
    while (auto line = splitter.next_line()) {
      if (auto outcome = take_line(std::move(*line)); !outcome) return outcome;
    }
    if (auto outcome = publish_batch(); !outcome) return outcome;
    if (splitter.waiting_bytes() > kUpdateBytesMax) {
      return failed_here("line " + std::to_string(lines_ + 1), EFBIG);
    }
  }
  if (count < 0) return failed_here("standard input, after line " + std::to_string(lines_), errno);
  if (auto line = splitter.last_line()) {
    if (auto outcome = take_line(std::move(*line)); !outcome) return outcome;
  }
  return publish_batch();
}

Outcome Publisher::take_line(std::string line) {
  if (options_.source == Source::kJsonLines) return take_json(line);
  ++lines_;
  return in_lines(lines_, lines_, publish_data(std::move(line)));
}

Outcome Publisher::take_json(std::string_view line) {
  auto update = read_update_line(line, OtherMembers::kRefused);
  const bool is_full =
      waiting_.updates.size() == kBatchUpdatesMax || waiting_.body.size() + line.size() > kBatchBytesMax;
  if (!update || is_full) {
    if (auto outcome = publish_batch(); !outcome) return outcome;
  }
  if (!update) {
    const Failure failure{ExitCode::kFailed, "no update: " + printable(update.error().message)};
    return in_lines(lines_ + 1, lines_ + 1, std::unexpected(failure));
  }
  waiting_.updates.push_back(std::move(*update));
  waiting_.body.append(line) += '\n';
  return {};
}

// All that wait. A batch that is refused has published nothing, so that its updates can be sent one by one: either the
// hub takes no batches, or that tells which of them is refused.
Outcome Publisher::publish_batch() {
  const Batch batch = std::exchange(waiting_, {});
  if (batch.updates.size() < 2 || !hub_takes_batches_) return publish_one_by_one(batch.updates);
  const std::size_t first = lines_ + 1;
  const auto together = publish_together(batch);
  if (together || together.error().exit_code != ExitCode::kRefused) {
    lines_ += batch.updates.size();
    return in_lines(first, lines_, together);
  }
  if (auto outcome = publish_one_by_one(batch.updates); !outcome) return outcome;
  hub_takes_batches_ = false;
  if (!options_.quiet) {
    std::fprintf(stderr, "fanfare publish: one request for each update from now on, nothing is lost: %s\n",
                 together.error().message.c_str());
  }
  return {};
}

Outcome Publisher::publish_together(const Batch& batch) {
  const auto answer = post(kLinesType, batch.body);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200) return std::unexpected(explain_status(answer->status, answer->body));
  const auto count = static_cast<std::size_t>(std::ranges::count(answer->body, '\n'));
  if (count != batch.updates.size()) {
    return std::unexpected(Failure{ExitCode::kServer, "this is no answer of a hub: " + std::to_string(count) +
                                                          " ids for " + std::to_string(batch.updates.size()) +
                                                          " updates; whether it published them is unknown"});
  }
  std::string ids;
  for (std::string_view rest = answer->body; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    ids += first_line(rest) + "\n";
  }
  return print_ids(ids);
}

Outcome Publisher::publish_one_by_one(const std::vector<Update>& updates) {
  for (const auto& update : updates) {
    ++lines_;
    if (auto outcome = in_lines(lines_, lines_, publish_one(update)); !outcome) return outcome;
  }
  return {};
}

}  // namespace

ExitCode publish(const PublishOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  Outcome outcome = Publisher(options).publish_source();
  if (outcome) return ExitCode::kDone;
  std::fprintf(stderr, "fanfare publish: %s\n", outcome.error().message.c_str());
  return outcome.error().exit_code;
}

}  // namespace fanfare::cli
