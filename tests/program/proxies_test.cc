// Fanfare behind Caddy, nginx and HAProxy, each with its configuration of examples/proxies: what a browser would see
// through them over HTTP/2 and TLS, with curl in its place.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "fanfare/coding/coding.h"
#include "testing/coding/decoder.h"
#include "testing/live/server_process.h"
#include "tests/program/proxy_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

using Clock = std::chrono::steady_clock;

constexpr milliseconds kUnbuffered{100};
constexpr int kMeasured = 20;
constexpr std::string_view kHub = "/.well-known/mercure";

// The answer that curl has printed with its head: that of the last one, and what came behind it.
struct Printed {
  std::string head;  // in lower case as HTTP/2 has it, whatever the proxy's
  std::string body;
};

Printed split(const std::string& out) {
  const auto end = out.find("\r\n\r\n");
  if (end == out.npos) return {};
  std::string head = out.substr(0, end + 2);
  for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return {head, out.substr(end + 4)};
}

// The value of a field; empty if there is none. Several are joined by a bar, which no coding's name has.
std::string field_of(const std::string& head, const std::string& name) {
  std::string values;
  const std::string line = "\r\n" + name + ": ";
  for (auto at = head.find(line); at != head.npos; at = head.find(line, at + 1)) {
    const auto begin = at + line.size();
    values += (values.empty() ? "" : "|") + head.substr(begin, head.find("\r\n", begin) - begin);
  }
  return values;
}

std::string decoded(const std::string& coding, const std::string& bytes) {
  if (coding.empty()) return bytes;
  const auto named = coding_named(coding);
  if (!named) return "no one coding: " + coding;
  const auto decoder = coding_testing::make_decoder(*named);
  std::string plain;
  return decoder->feed(bytes, plain) ? plain : "not in " + coding;
}

class BehindAProxy : public ::testing::TestWithParam<ProxyKind> {
 protected:
  BehindAProxy() { start({}); }

  static ServerProcessOptions hub_options(ServerProcessOptions options) {
    options.arguments.insert(options.arguments.end(), {"--trusted-proxy", "127.0.0.1"});
    options.access_log = true;
    return options;
  }
  // Anew, if it has been started before.
  void start(ServerProcessOptions options) {
    proxy_.reset();
    hub_.reset();
    hub_ = std::make_unique<ServerProcess>(hub_options(std::move(options)));
    proxy_ = std::make_unique<ProxyProcess>(GetParam(), hub_->port());
    ASSERT_TRUE(proxy_->start()) << proxy_->log();
  }

  ChildOptions curl(const std::string& path, const Words& more = {}) const {
    Words command = {"/usr/bin/env",
                     "curl",
                     "-sSN",
                     "-i",
                     "--http2",
                     "--cacert",
                     proxy_->certificate(),
                     "--resolve",
                     "localhost:" + std::to_string(proxy_->port()) + ":127.0.0.1"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(proxy_->url(path));
    return {.command = command, .environment = {}};
  }
  ChildOptions subscribe(const Words& more = {}) const { return curl(std::string(kHub) + "?topic=t", more); }
  // The id of the update.
  std::string publish(const std::string& data) const {
    const Answer answer = Publisher(hub_->port(), hub_->token()).publish("t", data);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body;
  }
  static bool shows(const ChildProcess& subscriber, const std::string& part, milliseconds patience = kPatience) {
    return eventually([&] { return has(subscriber.out(), part); }, patience);
  }

  std::unique_ptr<ServerProcess> hub_;
  std::unique_ptr<ProxyProcess> proxy_;
};

TEST_P(BehindAProxy, AnEventArrivesWithin100MsOfItsPublication) {
  ChildProcess subscriber(subscribe());
  ASSERT_TRUE(shows(subscriber, "\r\n\r\n:\n")) << "the first byte waits for nothing: " << subscriber.out();
  EXPECT_TRUE(subscriber.out().starts_with("HTTP/2 200")) << subscriber.out();
  milliseconds best = kPatience;
  for (int i = 0; i < kMeasured; ++i) {
    const std::string data = "data: " + std::to_string(i) + " of " + std::to_string(kMeasured) + "\n\n";
    const auto begin = Clock::now();
    publish(data.substr(6, data.size() - 8));
    ASSERT_TRUE(shows(subscriber, data, milliseconds(5'000))) << i << " is held back";
    best = std::min(best, std::chrono::ceil<milliseconds>(Clock::now() - begin));
  }
  EXPECT_LT(best, kUnbuffered);
  RecordProperty("best_ms", static_cast<int>(best.count()));
}

TEST_P(BehindAProxy, PublishingGoesThroughItToo) {
  ChildProcess subscriber(subscribe());
  ASSERT_TRUE(shows(subscriber, ":\n"));
  constexpr std::size_t kBytes = 500'000;
  std::string body = "topic=t&data=";  // three times as large in a form: more than nginx takes unless it is told
  for (std::size_t i = 0; i < kBytes; ++i) body += "%78";
  const std::string file = ::testing::TempDir() + "update_" + std::to_string(proxy_->port());
  std::ofstream(file) << body;
  ChildProcess publisher(curl(std::string(kHub), {"-H", "Authorization: Bearer " + hub_->token(), "-d", "@" + file}));
  EXPECT_EQ(publisher.wait(), 0) << publisher.err();
  std::filesystem::remove(file);
  EXPECT_TRUE(publisher.out().starts_with("HTTP/2 200")) << publisher.out();
  EXPECT_TRUE(shows(subscriber, "data: " + std::string(kBytes, 'x') + "\n")) << subscriber.out().size();
}

TEST_P(BehindAProxy, HeartbeatsPass) {
  start({.limits = {"heartbeat_ms=1000"}});
  ChildProcess subscriber(subscribe());
  EXPECT_TRUE(shows(subscriber, "\r\n\r\n:\n:\n")) << subscriber.out();
}

TEST_P(BehindAProxy, ASubscriberWhoLeavesHasLeftTheHubToo) {
  auto subscriber = std::make_unique<ChildProcess>(subscribe());
  ASSERT_TRUE(shows(*subscriber, ":\n"));
  EXPECT_TRUE(hub_->metric_becomes("fanfare_subscribers", 1));
  subscriber.reset();
  EXPECT_TRUE(hub_->metric_becomes("fanfare_subscribers", 0));
}

TEST_P(BehindAProxy, WhatWasMissedComesAfterTheProxyIsBack) {
  ChildProcess first(subscribe());
  ASSERT_TRUE(shows(first, ":\n"));
  const std::string id = publish("one");
  ASSERT_TRUE(shows(first, "data: one\n\n"));
  proxy_->kill();
  EXPECT_TRUE(first.wait().has_value()) << "the client is told";
  publish("two");
  ASSERT_TRUE(proxy_->start()) << proxy_->log();
  ChildProcess again(subscribe({"-H", "Last-Event-ID: " + id}));
  ASSERT_TRUE(shows(again, "data: two\n\n")) << again.out();
  EXPECT_FALSE(has(again.out(), "data: one"));
  EXPECT_EQ(field_of(split(again.out()).head, "last-event-id"), id);
}

TEST_P(BehindAProxy, WhatWasMissedComesAfterTheHubIsBack) {
  const std::string log = ::testing::TempDir() + "proxied_log_" + std::to_string(proxy_->port());
  start({.data = log});
  ChildProcess first(subscribe());
  ASSERT_TRUE(shows(first, ":\n"));
  const std::string id = publish("one");
  ASSERT_TRUE(shows(first, "data: one\n\n"));
  publish("two");
  const std::uint16_t port = hub_->port();
  hub_->kill();
  EXPECT_TRUE(first.wait().has_value()) << "the client is told";
  ChildProcess meanwhile(subscribe());
  EXPECT_TRUE(meanwhile.wait().has_value());
  EXPECT_TRUE(meanwhile.out().starts_with("HTTP/2 50")) << meanwhile.out();
  hub_ = std::make_unique<ServerProcess>(hub_options({.port = port, .data = log}));
  std::string heard;  // nginx, and others with checks, may take the hub for dead for a while
  EXPECT_TRUE(eventually([&] {
    ChildProcess again(subscribe({"-H", "Last-Event-ID: " + id}));
    const bool came = shows(again, "data: two\n\n", milliseconds(1'000));
    heard = again.out();
    return came;
  })) << heard;
  EXPECT_FALSE(has(heard, "data: one"));
  hub_.reset();
  std::filesystem::remove_all(log);
}

TEST_P(BehindAProxy, AStreamIsCodedAsTheHubDoesItAndOnce) {
  for (const std::string coding : {"gzip", "br", "zstd", "deflate", ""}) {
    const Words accept = coding.empty() ? Words{"-H", "Accept-Encoding:"} : Words{"-H", "Accept-Encoding: " + coding};
    ChildProcess through(subscribe(accept));
    Words directly = {"/usr/bin/env", "curl", "-sSN", "-i"};
    directly.insert(directly.end(), accept.begin(), accept.end());
    directly.push_back(hub_->url() + "?topic=t");
    ChildProcess direct({.command = directly, .environment = {}});
    ASSERT_TRUE(eventually([&] { return has(through.out(), "\r\n\r\n") && has(direct.out(), "\r\n\r\n"); }));
    EXPECT_TRUE(hub_->metric_becomes("fanfare_subscribers", 2));
    const std::string coded_as = field_of(split(direct.out()).head, "content-encoding");
    EXPECT_EQ(field_of(split(through.out()).head, "content-encoding"), coded_as) << "asked for " << coding;
    EXPECT_TRUE(coded_as.empty() || coded_as == coding) << coded_as;
    const std::string data = "in " + (coding.empty() ? "clear" : coding) + std::string(2'000, 'x');
    publish(data);
    EXPECT_TRUE(eventually([&] { return has(decoded(coded_as, split(through.out()).body), "data: " + data + "\n\n"); }))
        << decoded(coded_as, split(through.out()).body);
  }
}

TEST_P(BehindAProxy, APageIsCodedAsTheHubDoesItAndOnce) {
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    const std::string accept = "Accept-Encoding: " + coding;
    ChildProcess through(curl("/", {"-H", accept}));
    EXPECT_EQ(through.wait(), 0) << through.err();
    const Answer direct = request(hub_->port(), "GET / HTTP/1.1\r\nHost: a\r\n" + accept + "\r\n\r\n");
    const Printed page = split(through.out());
    EXPECT_EQ(field_of(page.head, "content-encoding"), direct.header("Content-Encoding"));
    EXPECT_TRUE(page.body == direct.body) << "the bytes are the hub's";
    EXPECT_TRUE(has(decoded(direct.header("Content-Encoding"), page.body), "<!doctype html>")) << page.head;
  }
}

TEST_P(BehindAProxy, TheHubLogsTheClientAndNotWhatItSaysOfItself) {
  ChildProcess asking(curl("/healthz", {"--interface", "127.0.0.5", "-H", "X-Forwarded-For: 203.0.113.9", "-H",
                                        "Forwarded: for=203.0.113.9;host=evil.example"}));
  EXPECT_EQ(asking.wait(), 0) << asking.err();
  const auto line = [this] {
    const std::string log = hub_->process().err();
    const auto path = log.find("\"path\":\"/healthz\"");
    const auto begin = path == log.npos ? path : log.rfind('\n', path) + 1;
    return path == log.npos ? "" : log.substr(begin, log.find('\n', begin) - begin);
  };
  ASSERT_TRUE(eventually([&] { return !line().empty(); }));
  EXPECT_TRUE(has(line(), "\"client\":\"127.0.0.5\"")) << line();
  EXPECT_TRUE(has(line(), "\"peer\":\"127.0.0.1:")) << line();
}

std::string name_of(const ::testing::TestParamInfo<ProxyKind>& info) {
  return info.param == ProxyKind::kCaddy ? "Caddy" : info.param == ProxyKind::kNginx ? "Nginx" : "Haproxy";
}

// What a browser's WebSocket sends, and the origin of its page: the hub knows its own by what the proxy tells.
TEST_P(BehindAProxy, AWebSocketIsPassedOnAndItsOriginIsChecked) {
  const auto open = [&](const std::string& origin) {
    return subscribe({"--http1.1", "-H", "Upgrade: websocket", "-H", "Connection: Upgrade", "-H",
                      "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "-H",
                      "Origin: " + origin});
  };
  ChildProcess own(open("https://localhost:" + std::to_string(proxy_->port())));
  // curl shows what it got of another protocol with the next bytes that come.
  ASSERT_TRUE(
      eventually([&] { return has(get(hub_->port(), "/metrics").body, "fanfare_subscribers 1\n"); }, kPatience));
  publish("one");
  EXPECT_TRUE(shows(own, R"("data":"one"})")) << own.out();
  EXPECT_TRUE(own.out().starts_with("HTTP/1.1 101")) << own.out();
  ChildProcess foreign(open("https://evil.example"));
  EXPECT_TRUE(shows(foreign, "may not open a WebSocket here")) << foreign.out();
  EXPECT_TRUE(foreign.out().starts_with("HTTP/1.1 403")) << foreign.out();
}

INSTANTIATE_TEST_SUITE_P(Program, BehindAProxy,
                         ::testing::Values(ProxyKind::kCaddy, ProxyKind::kNginx, ProxyKind::kHaproxy), name_of);

TEST(BehindHaproxy, ItsHeadersTellTheClientIfTheHubIsToldToTakeThem) {
  ServerProcess hub({.arguments = {"--trusted-proxy", "127.0.0.1", "--proxy-protocol"}, .access_log = true});
  ProxyProcess proxy(ProxyKind::kHaproxy, hub.port(), {{"  # YOURS: where", " send-proxy-v2  # YOURS: where"}});
  ASSERT_TRUE(proxy.start()) << proxy.log();
  const std::string resolve = "localhost:" + std::to_string(proxy.port()) + ":127.0.0.1";
  ChildProcess asking(
      {.command = {"/usr/bin/env", "curl", "-sS", "--cacert", proxy.certificate(), "--resolve", resolve, "--interface",
                   "127.0.0.5", "-H", "X-Forwarded-For: 203.0.113.9", proxy.url("/healthz")},
       .environment = {}});
  EXPECT_EQ(asking.wait(), 0) << asking.err();
  EXPECT_EQ(asking.out(), "ok\n");
  EXPECT_TRUE(eventually([&] { return has(hub.process().err(), "\"client\":\"127.0.0.5:"); })) << hub.process().err();

  ProxyProcess without(ProxyKind::kHaproxy, hub.port());
  ASSERT_TRUE(without.start()) << without.log();
  ChildProcess refused({.command = {"/usr/bin/env", "curl", "-sS", "-k", without.url("/healthz")}, .environment = {}});
  refused.wait();
  EXPECT_FALSE(has(refused.out(), "ok")) << refused.out();
  EXPECT_TRUE(has(hub.process().err(), "no PROXY header (HAProxy: send-proxy-v2)")) << hub.process().err();
}

}  // namespace
}  // namespace fanfare::live
