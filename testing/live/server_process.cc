#include "testing/live/server_process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "fanfare/access/authorizer.h"

namespace fanfare::live {
namespace {

constexpr std::string_view kKey = "a key of a test, thirty-two bytes or more";
constexpr double kHeldWhenIdle = 1024;  // each shard keeps a heartbeat at hand

ChildOptions serve_command(const ServerProcessOptions& options) {
  ChildOptions child;
  child.command = {kProgram,           "serve",
                   "--listen",         "127.0.0.1:" + std::to_string(options.port),
                   "--publisher-key",  std::string(kKey),
                   "--subscriber-key", std::string(kKey),
                   "--threads",        "2",
                   "--log-format",     "json"};
  const bool is_durable = !options.data.empty();
  child.command.push_back(is_durable ? "--data" : "--log");
  child.command.push_back(is_durable ? options.data : "memory");
  if (!options.history_rules.empty()) {
    child.command.push_back("--history-rules");
    child.command.push_back(options.history_rules);
  }
  for (const auto& limit : options.limits) {
    child.command.push_back("--limit");
    child.command.push_back(limit);
  }
  if (!options.access_log) child.command.push_back("--no-access-log");
  if (options.anonymous) child.command.push_back("--anonymous");
  child.command.insert(child.command.end(), options.arguments.begin(), options.arguments.end());
  child.environment = options.environment;
  child.files_max = options.files_max;
  return child;
}

// From the line that tells that it is ready; 0 before it has come.
std::uint16_t port_in(const std::string& log) {
  constexpr std::string_view kBefore = "\"event\":\"ready\"";
  constexpr std::string_view kListen = "\"listen\":\"127.0.0.1:";
  const auto ready = log.find(kBefore);
  const auto listen = ready == log.npos ? ready : log.find(kListen, ready);
  std::uint16_t port = 0;
  if (listen != log.npos) std::from_chars(log.data() + listen + kListen.size(), log.data() + log.size(), port);
  return port;
}

std::string file_of(pid_t pid, const char* name) {
  std::ostringstream text;
  text << std::ifstream("/proc/" + std::to_string(pid) + "/" + name).rdbuf();
  return std::move(text).str();
}

}  // namespace

ServerProcess::ServerProcess(const ServerProcessOptions& options) : process_(serve_command(options)) {
  eventually([this] {
    port_ = port_in(process_.err());
    return port_ != 0 || process_.wait(milliseconds(0)).has_value();
  });
  EXPECT_NE(port_, 0) << "the server did not become ready: " << process_.err();
}

void ServerProcess::kill() {
  process_.send_signal(SIGKILL);
  EXPECT_EQ(process_.wait(), 128 + SIGKILL);
}

std::string ServerProcess::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/.well-known/mercure";
}

std::string ServerProcess::token() const {
  Grants grants;
  grants.publish = {"*"};
  grants.subscribe = {"*"};
  return token_with(grants);
}

std::string ServerProcess::token_with(const Grants& grants) {
  return make_token(kKey, grants);
}

bool ServerProcess::is_healthy() const {
  return get(port_, "/healthz").status == 200;
}

double ServerProcess::metric(std::string_view name) const {
  const std::string text = "\n" + get(port_, "/metrics").body;
  const std::string line = "\n" + std::string(name) + " ";
  const auto found = text.find(line);
  return found == text.npos ? -1 : std::strtod(text.c_str() + found + line.size(), nullptr);
}

bool ServerProcess::metric_becomes(std::string_view name, double value) const {
  const bool came = eventually([&] { return metric(name) == value; });
  if (!came) ADD_FAILURE() << name << " is " << metric(name) << ", not " << value;
  return came;
}

bool ServerProcess::holds_next_to_nothing() const {
  return eventually([this] { return metric("fanfare_held_bytes") < kHeldWhenIdle; });
}

bool ServerProcess::is_deserted() const {
  return metric_becomes("fanfare_connections", 1) && metric_becomes("fanfare_subscribers", 0) &&
         metric_becomes("fanfare_audiences", 0) && holds_next_to_nothing();
}

double ServerProcess::cpu_seconds() const {
  const std::string stat = file_of(process_.pid(), "stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));  // from the third on: the second may hold spaces
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t ServerProcess::resident_bytes() const {
  std::istringstream pages(file_of(process_.pid(), "statm"));
  std::size_t all = 0;
  std::size_t resident = 0;
  pages >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace fanfare::live
