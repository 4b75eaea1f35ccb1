// Appends to a durable log from several threads until it is killed, and says on standard output, one line each, what
// was acknowledged:  THREAD NUMBER POSITION ID\n  The update's topic is the thread, its data the number and padding.
//   log_appender DIRECTORY THREADS FIRST_NUMBER
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fanfare/history_rocksdb/rocksdb_log.h"

namespace fanfare {
namespace {

constexpr int kPaddingBytesMax = 3'000;

void append_without_end(EventLog& log, int thread, int number) {
  for (;; ++number) {
    std::promise<void> acknowledged;
    Update update;
    update.topics = {std::to_string(thread)};
    update.data =
        std::to_string(number) + " " + std::string(static_cast<std::size_t>(number * 7 % kPaddingBytesMax), 'x');
    if (number % 3 == 0) update.id = "chosen-" + std::to_string(thread) + "-" + std::to_string(number);
    log.append(std::move(update), [&](Result<Appended> appended) {
      if (!appended) {
        std::fprintf(stderr, "%s\n", appended.error().message.c_str());
        std::_Exit(1);
      }
      // Short enough for a pipe to take it whole.
      const std::string line = std::to_string(thread) + " " + std::to_string(number) + " " +
                               std::to_string(appended->position) + " " + appended->id + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
      acknowledged.set_value();
    });
    acknowledged.get_future().wait();
  }
}

int run(const std::string& directory, int threads, int first_number) {
  RocksDbLogOptions options;
  options.directory = directory;
  const auto log = open_rocksdb_log(options);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::vector<std::jthread> appending;
  for (int thread = 0; thread < threads; ++thread) {
    appending.emplace_back([&log, thread, first_number] { append_without_end(**log, thread, first_number); });
  }
  return 0;
}

}  // namespace
}  // namespace fanfare

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  return fanfare::run(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
}
