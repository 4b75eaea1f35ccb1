#include "bench/measured_server.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fanfare/access/authorizer.h"
#include "testing/live/http_client.h"

namespace fanfare::bench {
namespace {

std::vector<std::string> command(const std::string& program, const std::vector<std::string>& arguments) {
  const std::string key(kKey);
  std::vector<std::string> all = {
      program,       "serve",           "--listen",     "127.0.0.1:0", "--publisher-key", key, "--subscriber-key", key,
      "--anonymous", "--no-access-log", "--log-format", "json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

// From the line that tells that it is ready; 0 before it has come.
std::uint16_t port_in(const std::string& log) {
  constexpr std::string_view kListen = "\"listen\":\"127.0.0.1:";
  const auto listen = log.find(kListen);
  std::uint16_t port = 0;
  if (listen != log.npos) std::from_chars(log.data() + listen + kListen.size(), log.data() + log.size(), port);
  return port;
}

}  // namespace

std::string publisher_token() {
  Grants grants;
  grants.publish = {"*"};
  return make_token(kKey, grants);
}

MeasuredServer::MeasuredServer(const std::string& program, const std::vector<std::string>& arguments)
    : process_({.command = command(program, arguments), .environment = {}}) {
  live::eventually([this] { return (port_ = port_in(process_.err())) != 0 || process_.wait(live::milliseconds(0)); });
}

double MeasuredServer::cpu_ns() const {
  double sum = 0;
  for (const auto& task : std::filesystem::directory_iterator(proc() + "/task")) {
    double ns = 0;
    if (std::ifstream(task.path() / "schedstat") >> ns) sum += ns;
  }
  return sum;
}

double MeasuredServer::resident_bytes() const {
  double size_pages = 0;
  double resident_pages = 0;
  std::ifstream(proc() + "/statm") >> size_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double MeasuredServer::peak_resident_bytes() const {
  std::ifstream status(proc() + "/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return 0;
}

void MeasuredServer::forget_peak() const {
  std::ofstream(proc() + "/clear_refs") << "5";
}

double MeasuredServer::metric(std::string_view name) const {
  const std::string text = live::get(port_, "/metrics").body;
  const std::string line = "\n" + std::string(name) + " ";
  const auto found = text.find(line);
  return found == text.npos ? -1 : std::strtod(text.c_str() + found + line.size(), nullptr);
}

}  // namespace fanfare::bench
