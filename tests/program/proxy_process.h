// A real proxy of Debian in front of a hub: a child process on loopback, with the configuration of examples/proxies, in
// which only what a user has to change is changed. It needs no root and writes into a directory of its own.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "testing/live/child_process.h"

namespace fanfare::live {

enum class ProxyKind { kCaddy, kNginx, kHaproxy };

// What stands for something else in a configuration: the text there, and what it becomes.
using Changes = std::vector<std::pair<std::string, std::string>>;

class ProxyProcess {
 public:
  // Serves https://localhost:port() with a certificate that it makes. more: changes of lines that are marked YOURS.
  // start() has to be called.
  ProxyProcess(ProxyKind kind, std::uint16_t hub_port, Changes more = {});
  ~ProxyProcess();

  // Returns when it accepts connections; false: it does not.
  bool start();
  // Kills it; start() brings it back under the same port.
  void kill();

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path) const { return "https://localhost:" + std::to_string(port_) + path; }
  std::string certificate() const { return path("hub.pem"); }
  // What it has said.
  std::string log() const { return process_ ? process_->out() + process_->err() : ""; }

 private:
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  ChildOptions prepare_caddy() const;
  ChildOptions prepare_nginx() const;
  ChildOptions prepare_haproxy() const;

  const ProxyKind kind_;
  const std::string hub_;  // ADDR:PORT
  const Changes more_;
  const std::uint16_t port_;
  const std::string root_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace fanfare::live
