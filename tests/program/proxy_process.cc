#include "tests/program/proxy_process.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <ranges>
#include <sstream>

#include "fanfare/net/self_signed.h"
#include "testing/live/http_client.h"

namespace fanfare::live {
namespace {

const std::string kExamples = FANFARE_SOURCE_DIR "/examples/proxies/";
constexpr std::int64_t kDayS = 86'400;

// Of this machine; somebody else may take it until it is used.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

// The configuration with these changes, each of which has to have its place in a line that is marked YOURS.
std::string configured(const std::string& name, const Changes& changes) {
  std::istringstream lines(text_of(kExamples + name));
  std::vector<std::size_t> times(changes.size());
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const bool is_users = line.find("# YOURS") != line.npos;
    std::map<std::size_t, std::size_t> places;  // in the line as it is, and the change there
    for (std::size_t i = 0; i < changes.size() && is_users; ++i) {
      const auto at = line.find(changes[i].first);
      if (at == line.npos) continue;
      places.emplace(at, i);
      ++times[i];
    }
    for (const auto& [at, i] : std::views::reverse(places)) {
      line.replace(at, changes[i].first.size(), changes[i].second);
    }
    result += line + "\n";
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(times[i], 1u) << name << " has no line marked YOURS with " << changes[i].first;
  }
  return result;
}

}  // namespace

ProxyProcess::ProxyProcess(ProxyKind kind, std::uint16_t hub_port, Changes more)
    : kind_(kind),
      hub_("127.0.0.1:" + std::to_string(hub_port)),
      more_(std::move(more)),
      port_(free_port()),
      root_(::testing::TempDir() + "proxy_" + std::to_string(::getpid()) + "_" + std::to_string(port_)) {
  std::filesystem::create_directories(root_);
  const std::int64_t now_s = std::time(nullptr);
  const std::string host = "localhost";
  const auto made = net::make_self_signed({&host, 1}, now_s, now_s + kDayS);
  std::ofstream(path("hub.pem")) << made.certificate;
  std::ofstream(path("hub.key")) << made.key;
  std::ofstream(path("both.pem")) << made.certificate << made.key;
}

ProxyProcess::~ProxyProcess() {
  process_.reset();
  std::filesystem::remove_all(root_);
}

bool ProxyProcess::start() {
  const ChildOptions options = kind_ == ProxyKind::kCaddy   ? prepare_caddy()
                               : kind_ == ProxyKind::kNginx ? prepare_nginx()
                                                            : prepare_haproxy();
  process_ = std::make_unique<ChildProcess>(options);
  return eventually([this] { return Connection(port_).is_open() || process_->wait(milliseconds(0)).has_value(); }) &&
         !process_->wait(milliseconds(0)).has_value();
}

void ProxyProcess::kill() {
  process_->send_signal(SIGKILL);
  process_->wait();
}

ChildOptions ProxyProcess::prepare_caddy() const {
  EXPECT_TRUE(more_.empty()) << "Caddy is configured by its environment";
  return {.command = {"/usr/bin/env", "caddy", "run", "--adapter", "caddyfile", "--config", kExamples + "Caddyfile"},
          .environment = {"HOME=" + root_, "XDG_DATA_HOME=" + root_, "XDG_CONFIG_HOME=" + root_,
                          "FANFARE_SITE=https://localhost:" + std::to_string(port_), "FANFARE_HUB=" + hub_,
                          "FANFARE_TLS=\"" + path("hub.pem") + "\" \"" + path("hub.key") + "\"",
                          "FANFARE_HTTP_PORT=" + std::to_string(free_port()), "CADDY_ADMIN=off"}};
}

// The file goes into the http block of a configuration as Debian has it, but for one process instead of several, and
// places that need no root. As there, and for all types, it compresses unless it is told otherwise.
ChildOptions ProxyProcess::prepare_nginx() const {
  Changes changes = {{"127.0.0.1:8080", hub_},
                     {"listen 443", "listen 127.0.0.1:" + std::to_string(port_)},
                     {"hub.example", "localhost"},
                     {"/etc/ssl/certs/hub.pem", path("hub.pem")},
                     {"/etc/ssl/private/hub.key", path("hub.key")}};
  changes.insert(changes.end(), more_.begin(), more_.end());
  std::ofstream(path("fanfare.conf")) << configured("nginx.conf", changes);
  std::ofstream main(path("nginx.conf"));
  main << "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {}\nhttp {\n  gzip on;\n  gzip_types *;\n"
       << "  gzip_min_length 1;\n  gzip_proxied any;\n  access_log off;\n";
  for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    main << "  " << each << "_temp_path " << each << ";\n";
  }
  main << "  include fanfare.conf;\n}\n";
  main.close();
  return {.command = {"/usr/bin/env", "PATH=/usr/sbin:/usr/bin", "nginx", "-p", root_, "-e", "stderr", "-c",
                      path("nginx.conf")},
          .environment = {}};
}

ChildOptions ProxyProcess::prepare_haproxy() const {
  Changes changes = {{"127.0.0.1:8080", hub_},
                     {":443", "127.0.0.1:" + std::to_string(port_)},
                     {"/etc/haproxy/hub.pem", path("both.pem")}};
  changes.insert(changes.end(), more_.begin(), more_.end());
  std::ofstream(path("haproxy.cfg")) << configured("haproxy.cfg", changes);
  return {.command = {"/usr/bin/env", "PATH=/usr/sbin:/usr/bin", "haproxy", "-db", "-f", path("haproxy.cfg")},
          .environment = {}};
}

}  // namespace fanfare::live
