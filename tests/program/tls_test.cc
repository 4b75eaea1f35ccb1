// `fanfare serve` with TLS, and curl as its client: certificates from files, read again on SIGHUP, and one that it
// makes itself.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "fanfare/net/self_signed.h"
#include "testing/live/child_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

const std::string kKey = "0123456789abcdef0123456789abcdef";

class ProgramTls : public ::testing::Test {
 protected:
  ProgramTls() { std::filesystem::create_directories(root_); }
  ~ProgramTls() override { std::filesystem::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  // To NAME.pem and NAME.key, for localhost.
  void make_certificate(const std::string& name) const {
    const std::int64_t now_s = std::time(nullptr);
    const std::string host = "localhost";
    const auto made = net::make_self_signed({&host, 1}, now_s, now_s + 86'400);
    write(name + ".pem", made.certificate);
    write(name + ".key", made.key);
  }
  ChildOptions serve(const Words& more) const {
    Words command = {kProgram, "serve", "--log", "memory", "--anonymous", "--publisher-key", kKey};
    command.insert(command.end(), more.begin(), more.end());
    return {.command = command, .environment = {"STATE_DIRECTORY=" + path("state")}};
  }
  // What curl says of the hub's health, trusting nobody but this certificate: "ok\n" if all is well.
  static std::string health(std::uint16_t port, const std::string& trusted) {
    ChildProcess curl({.command = {"/usr/bin/env", "curl", "-sS", "--cacert", trusted, "--resolve",
                                   "localhost:" + std::to_string(port) + ":127.0.0.1",
                                   "https://localhost:" + std::to_string(port) + "/healthz"},
                       .environment = {}});
    const Ran ran = finish(curl);
    return ran.out + ran.err;
  }
  static bool reload(ChildProcess& server, const std::string& outcome) {
    server.send_signal(SIGHUP);
    return eventually([&] { return has(server.err(), outcome); });
  }

  const std::string root_ = ::testing::TempDir() + "tls of " + std::to_string(::getpid());
};

TEST_F(ProgramTls, CertificatesAreReadAgainOnHangupAndABadOneChangesNothing) {
  make_certificate("first");
  make_certificate("second");
  std::filesystem::copy(path("first.pem"), path("shown.pem"));
  std::filesystem::copy(path("first.key"), path("shown.key"));
  ChildProcess server(
      serve({"--tls-listen", "127.0.0.1:0", "--tls-certificate", path("shown.pem"), "--tls-key", path("shown.key")}));
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  EXPECT_EQ(health(port, path("first.pem")), "ok\n");
  EXPECT_TRUE(has(health(port, path("second.pem")), "certificate")) << "another one is not trusted";

  const auto over = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy(path("second.pem"), path("shown.pem"), over);
  ASSERT_TRUE(reload(server, "the key is not that of the certificate")) << server.err();
  EXPECT_EQ(health(port, path("first.pem")), "ok\n");

  std::filesystem::copy(path("second.key"), path("shown.key"), over);
  ASSERT_TRUE(reload(server, "\"event\":\"reloaded\",\"changed\":\"tls-certificate\"")) << server.err();
  EXPECT_EQ(health(port, path("second.pem")), "ok\n");
}

TEST_F(ProgramTls, ACertificateThatItMakesItselfIsPrintedAndKept) {
  std::string print;
  for (const char* is_new : {"true", "false"}) {
    ChildProcess server(serve({"--tls-self-signed", "--tls-listen", "127.0.0.1:0"}));
    const std::uint16_t port = port_of(server);
    ASSERT_NE(port, 0) << server.err();
    const std::string file = path("state/tls/self-signed.pem");
    std::string text;
    std::getline(std::ifstream(file), text, '\0');
    const std::string printed = net::fingerprint_of(text).value();
    EXPECT_TRUE(has(server.err(), "\"event\":\"self_signed_certificate\",\"file\":\"" + file + "\",\"sha256\":\"" +
                                      printed + "\",\"is_new\":" + is_new))
        << server.err();
    EXPECT_TRUE(print.empty() || print == printed);
    print = printed;
    EXPECT_EQ(health(port, file), "ok\n");
    server.send_signal(SIGTERM);
    EXPECT_EQ(server.wait(), 0);
  }
  struct stat key{};
  ASSERT_EQ(::stat(path("state/tls/self-signed.key").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600U);
}

TEST_F(ProgramTls, ACertificateThatItMakesOnHangupIsKeptToo) {
  ChildProcess server(serve({"--tls-self-signed", "--tls-listen", "127.0.0.1:0"}));
  const std::uint16_t port = port_of(server);
  ASSERT_NE(port, 0) << server.err();
  const std::string file = path("state/tls/self-signed.pem");
  std::filesystem::remove(file);
  ASSERT_TRUE(reload(server, "\"event\":\"reloaded\"")) << server.err();
  EXPECT_EQ(health(port, file), "ok\n");
}

TEST_F(ProgramTls, InClearAndInsideTlsAtOnceIfBothAreAskedFor) {
  make_certificate("one");
  std::ofstream(path("both.pem")) << std::ifstream(path("one.pem")).rdbuf() << std::ifstream(path("one.key")).rdbuf();
  ChildProcess server(
      serve({"--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0", "--tls-certificate", path("both.pem")}));
  ASSERT_NE(port_of(server), 0) << server.err();
  const std::string log = server.err();
  const auto tls = log.find(" https://127.0.0.1:");
  ASSERT_NE(tls, log.npos) << log;
  EXPECT_EQ(health(static_cast<std::uint16_t>(std::stoi(log.substr(tls + 19))), path("one.pem")), "ok\n");
  EXPECT_EQ(request(port_of(server), "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").body, "ok\n");
}

TEST_F(ProgramTls, WhatIsWrongKeepsItFromStarting) {
  make_certificate("one");
  make_certificate("other");
  const std::pair<Words, std::string> rows[] = {
      {{"--tls-listen", "127.0.0.1:0"}, "--tls-listen needs a certificate"},
      {{"--tls-certificate", path("absent.pem")}, "cannot read '" + path("absent.pem") + "'"},
      {{"--tls-certificate", path("one.pem")}, "the key is no PEM"},
      {{"--tls-certificate", path("one.pem"), "--tls-key", path("other.key")},
       "the key is not that of the certificate"},
      {{"--tls-certificate", path("one.pem"), "--tls-key", path("one.key"), "--tls-key", path("other.key")},
       "--tls-key is given 2 times, and a certificate 1 times"},
      {{"--tls-certificate", path("one.pem"), "--tls-key", path("one.key"), "--tls-self-signed"}, "not both"},
  };
  for (const auto& [arguments, reason] : rows) {
    ChildProcess server(serve(arguments));
    const Ran ran = finish(server);
    EXPECT_EQ(ran.code, 2) << reason;
    EXPECT_TRUE(has(ran.err, reason)) << ran.err;
  }
}

TEST_F(ProgramTls, CheckMakesNoCertificate) {
  ChildProcess check(serve({"--tls-self-signed", "--check"}));
  const Ran ran = finish(check);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "tls-listen = [\"127.0.0.1:8443\"]")) << ran.out;
  EXPECT_FALSE(has(ran.out, "\nlisten =")) << "in clear only if that is asked for";
  EXPECT_FALSE(std::filesystem::exists(path("state")));
}

}  // namespace
}  // namespace fanfare::live
