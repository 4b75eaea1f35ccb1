// Many requests at once over HTTP/2, by h2load: none may fail, in clear and inside TLS.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "testing/live/server_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

class Http2Load : public ::testing::Test {
 protected:
  Http2Load() { std::filesystem::create_directories(root_); }
  ~Http2Load() override { std::filesystem::remove_all(root_); }

  // What h2load reports of 2,000 requests on ten connections, each with up to 50 of them at once.
  static std::string report(const std::string& url, Words more = {}) {
    Words command = {"/usr/bin/env", "h2load", "-n", "2000", "-c", "10", "-m", "50", "-p", "h2c"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(url);
    ChildProcess h2load({.command = std::move(command), .environment = {}});
    const Ran ran = finish(h2load);
    return ran.out + ran.err;
  }
  static bool is_clean(const std::string& report) {
    return has(report, "2000 succeeded, 0 failed, 0 errored, 0 timeout") && has(report, "status codes: 2000 2xx");
  }

  const std::string root_ = ::testing::TempDir() + "h2load of " + std::to_string(::getpid());
};

TEST_F(Http2Load, ReadingInClearAndInsideTls) {
  const ServerProcess server(
      {.arguments = {"--tls-self-signed", "--tls-listen", "127.0.0.1:0"}, .environment = {"STATE_DIRECTORY=" + root_}});
  ASSERT_NE(server.port(), 0);
  const std::string in_clear = report("http://127.0.0.1:" + std::to_string(server.port()) + "/healthz");
  EXPECT_TRUE(is_clean(in_clear)) << in_clear;
  const std::string log = server.process().err();
  const auto tls = log.find("https://127.0.0.1:");
  ASSERT_NE(tls, log.npos) << log;
  const std::string in_tls = report(log.substr(tls, log.find_first_of("\" ", tls) - tls) + "/healthz");
  EXPECT_TRUE(is_clean(in_tls)) << in_tls;
  EXPECT_TRUE(has(in_tls, "TLS Protocol: TLSv1.3")) << in_tls;
  EXPECT_TRUE(server.is_healthy());
}

TEST_F(Http2Load, PublishingToSubscribersOnTheSameHub) {
  const ServerProcess server;
  ASSERT_NE(server.port(), 0);
  Subscriber subscriber(server.port(), {.topic = "load"});
  ASSERT_TRUE(subscriber.is_subscribed());
  const std::string form = root_ + "/form";
  std::ofstream(form) << "topic=load&data=an+update";
  const std::string published = report(server.url(), {"-d", form, "-H", "authorization: Bearer " + server.token(), "-H",
                                                      "content-type: application/x-www-form-urlencoded"});
  EXPECT_TRUE(is_clean(published)) << published;
  EXPECT_TRUE(subscriber.read_events(2'000));
}

}  // namespace
}  // namespace fanfare::live
