// What audiences cost on a real server (DESIGN section 8, last row): N subscribers with {shared topic, own topic} and a
// token of their own each, which makes N audiences, against N subscribers of the shared topic alone, one audience.
// Starts the server itself, a fresh one for each case, in turn; publishes to the shared topic at a fixed rate and
// checks that each subscriber gets every update, in order. Measured from outside: CPU time of all the server's threads
// by schedstat, resident memory. What it is not: a test, or a comparison with other servers. Two threads: the main one
// receives, one publishes.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fanfare/access/authorizer.h"
#include "fanfare/base/error.h"
#include "testing/live/child_process.h"
#include "testing/live/http_client.h"

namespace fanfare {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kKey = "the key of a benchmark, 32 bytes or more";
constexpr std::string_view kSharedTopic = "shared";
constexpr std::size_t kUpdateBytes = 128;
constexpr std::size_t kWarmingUpdates = 3;  // each audience has had its first allocations
constexpr std::size_t kPortsPerAddress = 20'000;
constexpr std::size_t kOpeningMax = 512;  // requests sent and not answered yet
constexpr std::size_t kFilesBesides = 128;
constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::milliseconds kSettling{500};
constexpr double kRatioGoal = 1.5;
constexpr double kAudienceBytesGoal = 2048;

enum class Case { kOneAudience, kOwnAudiences };

struct Settings {
  std::string program = live::kProgram;
  std::size_t subscribers = 10'000;
  std::size_t updates = 60;
  std::size_t rate = 6;  // updates a second
  std::size_t turns = 3;
  std::size_t threads = 1;  // of the server
};

struct Figures {
  double ns_per_delivery = 0;
  double deliveries_per_write = 0;  // 1: nothing coalesced, so every delivery has paid for its write
  double idle_bytes = 0;            // resident memory of a subscriber that has received nothing
  double used_bytes = 0;            // … and after the last update
};

std::string update_text(std::size_t number) {
  return live::numbered(number, kUpdateBytes);
}

// The server, and what can be seen of it from outside.
class MeasuredServer {
 public:
  explicit MeasuredServer(const Settings& settings) : process_({.command = command(settings), .environment = {}}) {
    live::eventually([this] { return (port_ = port_in(process_.err())) != 0 || process_.wait(live::milliseconds(0)); });
  }

  std::uint16_t port() const { return port_; }  // 0: it did not become ready
  std::string log() const { return process_.err(); }

  double cpu_ns() const {
    double sum = 0;
    for (const auto& task : std::filesystem::directory_iterator(proc() + "/task")) {
      double ns = 0;
      if (std::ifstream(task.path() / "schedstat") >> ns) sum += ns;
    }
    return sum;
  }

  double resident_bytes() const {
    double size_pages = 0;
    double resident_pages = 0;
    std::ifstream(proc() + "/statm") >> size_pages >> resident_pages;
    return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }

  // A sample of /metrics without labels; -1 if there is none.
  double metric(std::string_view name) const {
    const std::string text = live::get(port_, "/metrics").body;
    const std::string line = "\n" + std::string(name) + " ";
    const auto found = text.find(line);
    return found == text.npos ? -1 : std::strtod(text.c_str() + found + line.size(), nullptr);
  }

 private:
  static std::vector<std::string> command(const Settings& settings) {
    const std::string key(kKey);
    return {settings.program,
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--publisher-key",
            key,
            "--subscriber-key",
            key,
            "--anonymous",
            "--no-access-log",
            "--log",
            "memory",
            "--log-format",
            "json",
            "--threads",
            std::to_string(settings.threads)};
  }

  // From the line that tells that it is ready; 0 before it has come.
  static std::uint16_t port_in(const std::string& log) {
    constexpr std::string_view kListen = "\"listen\":\"127.0.0.1:";
    const auto listen = log.find(kListen);
    std::uint16_t port = 0;
    if (listen != log.npos) std::from_chars(log.data() + listen + kListen.size(), log.data() + log.size(), port);
    return port;
  }

  std::string proc() const { return "/proc/" + std::to_string(process_.pid()); }

  live::ChildProcess process_;
  std::uint16_t port_ = 0;
};

std::string subscribe_request(Case which, std::size_t number) {
  std::string text = "GET /.well-known/mercure?topic=" + std::string(kSharedTopic);
  if (which == Case::kOneAudience) return text + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string own_topic = "own-" + std::to_string(number);
  Grants grants;
  grants.subscribe = {own_topic};
  return text + "&topic=" + own_topic + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + make_token(kKey, grants) +
         "\r\n\r\n";
}

// All subscribers of one server, received by one epoll set.
class Farm {
 public:
  explicit Farm(std::uint16_t port) : port_(port), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  ~Farm() {
    for (const auto& each : subscribers_) ::close(each.fd);
    ::close(poll_);
  }
  Farm(const Farm&) = delete;
  Farm& operator=(const Farm&) = delete;

  // Connects so many and waits until the server has opened all their streams.
  Result<void> open(Case which, std::size_t count) {
    subscribers_.reserve(count);
    while (subscribers_.size() < count) {
      if (auto connected = connect(which, count); !connected) return connected;
      if (auto opened = receive_until([this] { return opened_ + kOpeningMax >= subscribers_.size(); }); !opened) {
        return opened;
      }
    }
    return receive_until([this] { return opened_ == subscribers_.size(); });
  }

  // Receives until everybody has got the updates before `number`.
  Result<void> receive_all_before(std::size_t number) {
    return receive_until([this, number] { return got_ == number * subscribers_.size(); });
  }

 private:
  struct Subscriber {
    int fd;
    bool is_open = false;
    std::size_t next = 0;    // the update that it expects
    std::string unfinished;  // what has come after the last whole event
  };

  Result<void> connect(Case which, std::size_t count) {
    const std::size_t number = subscribers_.size();
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail("no socket for subscriber " + std::to_string(number));
    subscribers_.push_back({.fd = fd, .unfinished = {}});
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (count > kPortsPerAddress) {  // 127.0.1.1 and so on: one address has not enough ports
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
      address.sin_addr.s_addr = htonl(0x7f000101U + static_cast<std::uint32_t>(number / kPortsPerAddress));
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    const std::string request = subscribe_request(which, number);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      return fail("subscriber " + std::to_string(number) + " cannot connect");
    }
    epoll_event interest{.events = EPOLLIN | EPOLLET, .data = {.u64 = number}};
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &interest);
    return {};
  }

  template <typename Done>
  Result<void> receive_until(Done done) {
    std::array<epoll_event, 512> ready;
    auto until = Clock::now() + kPatience;
    while (!done()) {
      const int count = ::epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 100);
      for (int i = 0; i < count; ++i) {
        const std::size_t number = ready[static_cast<std::size_t>(i)].data.u64;
        if (auto received = receive(subscribers_[number]); !received) {
          return fail("subscriber " + std::to_string(number) + ": " + received.error().message);
        }
      }
      if (count > 0) until = Clock::now() + kPatience;
      if (Clock::now() > until) {
        return fail("nothing comes any more: " + std::to_string(opened_) + " of " +
                    std::to_string(subscribers_.size()) + " streams are open, " + std::to_string(got_) +
                    " updates were received");
      }
    }
    return {};
  }

  Result<void> receive(Subscriber& subscriber) {
    while (true) {
      const ssize_t count = ::recv(subscriber.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (count == 0) return fail("the server ended the stream");
      if (count < 0) return errno == EAGAIN ? Result<void>() : fail("the connection broke");
      subscriber.unfinished.append(buffer_.data(), static_cast<std::size_t>(count));
      if (auto taken = take_events(subscriber); !taken) return taken;
      if (static_cast<std::size_t>(count) < buffer_.size()) return {};
    }
  }

  Result<void> take_events(Subscriber& subscriber) {
    constexpr std::string_view kData = "\ndata: ";
    std::string_view rest = subscriber.unfinished;
    if (!subscriber.is_open) {
      const auto head_end = rest.find("\r\n\r\n");
      if (head_end == rest.npos) return {};
      if (!rest.starts_with("HTTP/1.1 200 ")) return fail("the server answered " + std::string(rest));
      subscriber.is_open = true;
      ++opened_;
      rest.remove_prefix(head_end + 4);
    }
    for (auto end = rest.find("\n\n"); end != rest.npos; end = rest.find("\n\n")) {
      const std::string_view event = rest.substr(0, end);
      const auto data = event.find(kData);
      const auto number = subscriber.next++;
      if (data == event.npos || event.substr(data + kData.size()) != update_text(number)) {
        return fail("update " + std::to_string(number) + " did not come, but '" + std::string(event) + "'");
      }
      ++got_;
      rest.remove_prefix(end + 2);
    }
    subscriber.unfinished.erase(0, subscriber.unfinished.size() - rest.size());
    return {};
  }

  const std::uint16_t port_;
  const int poll_;
  std::vector<Subscriber> subscribers_;
  std::size_t opened_ = 0;
  std::size_t got_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

// Publishes the updates first … last at the rate, in a thread of its own, while the farm receives them all.
Result<void> publish_and_receive(const MeasuredServer& server, Farm& farm, std::size_t first, std::size_t last,
                                 std::size_t rate) {
  Grants grants;
  grants.publish = {"*"};
  std::atomic<bool> refused = false;
  std::jthread publishing([&, token = make_token(kKey, grants)](const std::stop_token& stop) {
    live::Publisher publisher(server.port(), token);
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / rate;
    auto when = Clock::now();
    for (std::size_t number = first; number <= last && !refused && !stop.stop_requested(); ++number) {
      std::this_thread::sleep_until(when);
      refused = publisher.publish(kSharedTopic, update_text(number)).status != 200;
      when += interval;
    }
  });
  auto received = farm.receive_all_before(last + 1);
  publishing.request_stop();
  publishing.join();
  if (refused) return fail("the server refused an update");
  return received;
}

Result<Figures> measure(const Settings& settings, Case which) {
  const MeasuredServer server(settings);
  if (server.port() == 0) return fail("the server did not start: " + server.log());
  const double resident_before = server.resident_bytes();
  Farm farm(server.port());
  if (auto opened = farm.open(which, settings.subscribers); !opened) return std::unexpected(opened.error());
  std::this_thread::sleep_for(kSettling);
  const double resident_idle = server.resident_bytes();
  const double audiences = server.metric("fanfare_audiences");
  const bool is_meant = which == Case::kOwnAudiences
                            ? audiences == static_cast<double>(settings.subscribers)
                            : audiences >= 1 && audiences <= static_cast<double>(settings.threads);
  if (!is_meant) return fail("the server has " + std::to_string(audiences) + " audiences");

  auto received = publish_and_receive(server, farm, 0, kWarmingUpdates - 1, settings.rate);
  if (!received) return std::unexpected(received.error());
  const double writes_before = server.metric("fanfare_writes_total");
  const double cpu_before = server.cpu_ns();
  received = publish_and_receive(server, farm, kWarmingUpdates, kWarmingUpdates + settings.updates - 1, settings.rate);
  if (!received) return std::unexpected(received.error());
  const double cpu = server.cpu_ns() - cpu_before;
  const double writes = server.metric("fanfare_writes_total") - writes_before;

  const auto subscribers = static_cast<double>(settings.subscribers);
  const double deliveries = subscribers * static_cast<double>(settings.updates);
  return Figures{.ns_per_delivery = cpu / deliveries,
                 .deliveries_per_write = deliveries / writes,
                 .idle_bytes = (resident_idle - resident_before) / subscribers,
                 .used_bytes = (server.resident_bytes() - resident_before) / subscribers};
}

void print(const char* what, const char* name, const Figures& figures) {
  std::printf(
      "%-7s %-14s %6.0f ns CPU a delivery, %.2f deliveries a write; %5.0f B a subscriber, %5.0f B after updates\n",
      what, name, figures.ns_per_delivery, figures.deliveries_per_write, figures.idle_bytes, figures.used_bytes);
  std::fflush(stdout);
}

Figures median(const std::vector<Figures>& turns) {
  const auto middle = [&](double Figures::* member) {
    std::vector<double> values;
    for (const auto& each : turns) values.push_back(each.*member);
    std::ranges::sort(values);
    return values[(values.size() - 1) / 2];
  };
  return {middle(&Figures::ns_per_delivery), middle(&Figures::deliveries_per_write), middle(&Figures::idle_bytes),
          middle(&Figures::used_bytes)};
}

Result<void> run(const Settings& settings) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < settings.subscribers + kFilesBesides) {
    return fail("only " + std::to_string(files.rlim_cur) + " files may be open (ulimit -n)");
  }
  std::printf("%zu subscribers, %zu updates of %zu bytes at %zu/s, %zu server thread(s)\n", settings.subscribers,
              settings.updates, kUpdateBytes, settings.rate, settings.threads);
  std::vector<Figures> one_turns;
  std::vector<Figures> own_turns;
  for (std::size_t turn = 1; turn <= settings.turns; ++turn) {
    const std::string what = "turn " + std::to_string(turn);
    const auto one = measure(settings, Case::kOneAudience);
    if (!one) return std::unexpected(one.error());
    print(what.c_str(), "one audience", *one);
    const auto own = measure(settings, Case::kOwnAudiences);
    if (!own) return std::unexpected(own.error());
    print(what.c_str(), "own audiences", *own);
    std::printf("%-7s ratio %.2f\n", what.c_str(), own->ns_per_delivery / one->ns_per_delivery);
    one_turns.push_back(*one);
    own_turns.push_back(*own);
  }
  const Figures one = median(one_turns);
  const Figures own = median(own_turns);
  print("median", "one audience", one);
  print("median", "own audiences", own);
  std::printf(
      "median  ratio %.2f (goal: at most %.2f); an audience: %.0f B idle, %.0f B after updates (goal: at most %.0f)\n",
      own.ns_per_delivery / one.ns_per_delivery, kRatioGoal, own.idle_bytes - one.idle_bytes,
      own.used_bytes - one.used_bytes, kAudienceBytesGoal);
  return {};
}

// Nothing if an argument is wrong.
std::optional<Settings> settings_from(const std::vector<std::string>& arguments) {
  struct Number {
    std::string_view name;
    std::size_t Settings::* member;
  };
  constexpr std::array kNumbers = {Number{"--subscribers", &Settings::subscribers},
                                   Number{"--updates", &Settings::updates}, Number{"--rate", &Settings::rate},
                                   Number{"--turns", &Settings::turns}, Number{"--threads", &Settings::threads}};
  Settings settings;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) return std::nullopt;
    const std::string& value = arguments[i + 1];
    if (arguments[i] == "--program") {
      settings.program = std::filesystem::absolute(value);
      continue;
    }
    const auto number = std::ranges::find(kNumbers, arguments[i], &Number::name);
    if (number == kNumbers.end()) return std::nullopt;
    const char* end = value.data() + value.size();
    std::size_t& member = settings.*number->member;
    if (std::from_chars(value.data(), end, member).ptr != end || member == 0) return std::nullopt;
  }
  return settings;
}

}  // namespace
}  // namespace fanfare

int main(int count, char** arguments) {
  const auto settings = fanfare::settings_from({arguments + 1, arguments + count});
  if (!settings) {
    std::fprintf(stderr,
                 "usage: audiences_bench [--program FILE] [--subscribers N] [--updates N] [--rate N] [--turns N] "
                 "[--threads N]\n");
    return 2;
  }
  if (const auto done = fanfare::run(*settings); !done) {
    std::fprintf(stderr, "audiences_bench: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
