#include "fanfare/cli/publish.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <expected>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "fanfare/cli/http_client.h"
#include "fanfare/cli/line_splitter.h"
#include "fanfare/cli/output.h"
#include "fanfare/cli/update_line.h"

namespace fanfare::cli {
namespace {

// A hub takes 1 MiB unless told otherwise; this only bounds what a line or a file without an end may cost here.
constexpr std::size_t kUpdateBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

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

class Publisher {
 public:
  explicit Publisher(const PublishOptions& options)
      : options_(options), buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {}

  Outcome publish_source();

 private:
  Outcome publish_one(const UpdateFields& fields, std::string_view data);
  Outcome publish_file();
  Outcome publish_lines();
  Outcome publish_line(std::string_view line);
  Outcome publish_json(std::string_view line);

  const PublishOptions& options_;
  HttpClient client_;
  std::unique_ptr<char[]> buffer_;
  std::size_t lines_ = 0;  // published or tried
};

Outcome Publisher::publish_source() {
  switch (options_.source) {
    case Source::kArgument:
      return publish_one(options_.fields, options_.text);
    case Source::kFile:
      return publish_file();
    case Source::kLines:
    case Source::kJsonLines:
      return publish_lines();
  }
  return {};
}

Outcome Publisher::publish_one(const UpdateFields& fields, std::string_view data) {
  auto answer = client_.post(
      {.url = options_.hub, .token = options_.token, .last_event_id = {}, .form = publish_form(fields, data)});
  if (!answer) {
    Failure failure = explain(answer.error(), options_.hub);
    if (failure.exit_code == ExitCode::kServer) failure.message += "; whether it published the update is unknown";
    return std::unexpected(std::move(failure));
  }
  if (answer->status != 200) return std::unexpected(explain_status(answer->status, answer->body));
  if (options_.quiet) return {};
  Wrote wrote = write_all(STDOUT_FILENO, first_line(answer->body) + "\n");
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
  return publish_one(options_.fields, data);
}

Outcome Publisher::publish_lines() {
  LineSplitter splitter;
  ssize_t count = 0;
  while ((count = read_some(STDIN_FILENO, buffer_.get(), kReadBytes)) > 0) {
    splitter.feed({buffer_.get(), static_cast<std::size_t>(count)});
    while (auto line = splitter.next_line()) {
      if (auto outcome = publish_line(*line); !outcome) return outcome;
    }
    if (splitter.waiting_bytes() > kUpdateBytesMax) {
      return failed_here("line " + std::to_string(lines_ + 1), EFBIG);
    }
  }
  if (count < 0) return failed_here("standard input, after line " + std::to_string(lines_), errno);
  if (auto line = splitter.last_line()) return publish_line(*line);
  return {};
}

Outcome Publisher::publish_line(std::string_view line) {
  ++lines_;
  auto outcome = options_.source == Source::kJsonLines ? publish_json(line) : publish_one(options_.fields, line);
  if (outcome) return outcome;
  Failure failure = std::move(outcome.error());
  failure.message.insert(0, "line " + std::to_string(lines_) + ": ");
  return std::unexpected(std::move(failure));
}

Outcome Publisher::publish_json(std::string_view line) {
  const auto update = read_update_line(line);
  if (!update) return std::unexpected(Failure{ExitCode::kFailed, "no update: " + update.error().message});
  return publish_one(update->fields, update->data);
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
