// The commands from their command line to the requests they send and what they print, against a server that plays
// one prepared response per connection and then closes it.
#include "fanfare/cli/commands.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

namespace fanfare::cli {
namespace {

class PlayedServer {
 public:
  explicit PlayedServer(std::vector<std::string> responses) : responses_(std::move(responses)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hub";
    thread_ = std::thread([this] { play(); });
  }
  ~PlayedServer() { close(listener_); }

  const std::string& url() const { return url_; }

  // Ends the server; the requests in the order of their arrival.
  std::vector<std::string> requests() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    return requests_;
  }

 private:
  void play() {
    for (const std::string& response : responses_) {
      int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      requests_.push_back(read_request(peer));
      EXPECT_EQ(write(peer, response.data(), response.size()), static_cast<ssize_t>(response.size()));
      close(peer);
    }
  }

  static std::string read_request(int peer) {
    std::string request;
    char bytes[4096];
    std::size_t wanted = std::string::npos;
    while (request.size() < wanted) {
      ssize_t count = read(peer, bytes, sizeof bytes);
      if (count <= 0) break;
      request.append(bytes, static_cast<std::size_t>(count));
      std::size_t head_end = request.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      std::size_t length = request.find("Content-Length: ");
      std::size_t body = length < head_end ? std::strtoul(request.c_str() + length + 16, nullptr, 10) : 0;
      wanted = head_end + 4 + body;
    }
    return request;
  }

  std::vector<std::string> responses_;
  std::vector<std::string> requests_;
  std::string url_;
  int listener_ = socket(AF_INET, SOCK_STREAM, 0);
  std::thread thread_;
};

std::string answer(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string event_stream(std::string_view events) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + std::string(events);
}

struct Ran {
  ExitCode exit_code;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments) {
  for (const char* name : {"FANFARE_HUB", "FANFARE_TOKEN", "MERCURE_PUBLISHER_JWT_KEY", "MERCURE_SUBSCRIBER_JWT_KEY"})
    unsetenv(name);
  Run chosen;
  CLI::App app("", "fanfare");
  app.require_subcommand(0, 1);
  add_publish_command(app, chosen);
  add_listen_command(app, chosen);
  add_token_command(app, chosen);
  add_log_command(app, chosen);
  add_completion_command(app, chosen);
  std::ranges::reverse(arguments);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran{ExitCode::kUsage, "", ""};
  try {
    app.parse(arguments);
    ran.exit_code = chosen();
  } catch (const CLI::ParseError&) {
  }
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Commands, FindErrorsOfUsageBeforeTheyConnect) {
  const std::vector<std::string> cases[] = {
      {"publish", "data"},
      {"publish", "--topic", "x"},
      {"publish", "--topic", "x", "data", "more"},
      {"publish", "--topic", "x", "data", "--file", "f"},
      {"publish", "--topic", "x", "--id", "1", "-"},
      {"publish", "--topic", "x", "data", "--token", "t", "--key", "k"},
      {"publish", "--topic", "x", "data", "--token", "t\r\nX: y"},
      {"publish", "--topic", "x", "data", "--retry", "soon"},
      {"publish", "--topic", "x", "data", "--hub", "ftp://h"},
      {"publish", "--json-lines", "data"},
      {"publish", "--json-lines", "-"},
      {"publish", "--json-lines", "--topic", "x"},
      {"publish", "--json-lines", "--file", "f"},
      {"publish", "--json-lines", "--private"},
      {"log"},
      {"log", "stat"},
      {"log", "dump", "--data", "/nowhere", "--since", "yesterday"},
      {"log", "stat", "--data", "/nowhere", "--since", "1h"},
      {"listen"},
      {"listen", "http://h/", "topic"},
      {"listen", "http://h/", "--topic", "x"},
      {"listen", "x", "--json", "--data"},
      {"listen", "x", "--for", "-1"},
      {"listen", "x", "--last-event-id", "a\nb"},
      {"completion", "tcsh"},
      {"token"},
      {"token", "--publish", "x"},
      {"token", "--key", "k"},
      {"token", "--publish", "x", "--key", "k", "--alg", "RS256"},
      {"token", "--publish", "x", "--key", "k", "--expires", "soon"},
      {"token", "--publish", "x", "--key", "k", "--expires", "1ms"},
      {"token", "--publish", "x", "--key", "k", "--payload", "{"},
      {"token", "--publish", "\xFF", "--key", "k"},
      {"token", "--explain", "t", "--publish", "x"},
      {"token", "--explain", "t", "--alg", "HS256"},
      {"token", "--explain", "t", "--key-file", "/nowhere"},
      {"publish", "--topic", "x", "data", "--token", "t", "--key-file", "f"},
      {"publish", "--topic", "x", "data", "--key-file", "/nowhere"},
  };
  for (const auto& arguments : cases) {
    EXPECT_EQ(run(arguments).exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
  }
}

TEST(Commands, PublishSendsWhatTheOptionsSay) {
  PlayedServer server({answer("200 OK", "#7\n"), answer("200 OK", "#8"), answer("200 OK", "#9")});
  Ran ran = run({"publish", "--hub", server.url(), "-t", "[a,b]", "-t", "c", "--id", "#7", "--type", "t", "--retry",
                 "5", "--private", "--token", "secret", "[1,2]"});
  EXPECT_EQ(ran.exit_code, ExitCode::kDone) << ran.err;
  EXPECT_EQ(ran.out, "#7\n");
  EXPECT_EQ(run({"publish", "--hub", server.url(), "-t", "x", "listen"}).out, "#8\n");
  EXPECT_EQ(run({"publish", "--hub", server.url(), "-t", "x", "-q", "--", "--data"}).out, "");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_TRUE(has(requests[0], "POST /hub HTTP/1.1\r\n")) << requests[0];
  EXPECT_TRUE(has(requests[0], "\r\nAuthorization: Bearer secret\r\n")) << requests[0];
  EXPECT_EQ(body_of(requests[0]), "topic=%5Ba%2Cb%5D&topic=c&id=%237&type=t&retry=5&private=on&data=%5B1%2C2%5D");
  EXPECT_EQ(body_of(requests[1]), "topic=x&data=listen");
  EXPECT_FALSE(has(requests[1], "Authorization"));
  EXPECT_EQ(body_of(requests[2]), "topic=x&data=--data");
}

// Runs with these bytes (fewer than a pipe holds) on standard input.
Ran run_with_input(std::string_view bytes, const std::vector<std::string>& arguments) {
  int input[2];
  EXPECT_EQ(pipe(input), 0);
  EXPECT_EQ(write(input[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  close(input[1]);
  int kept = dup(STDIN_FILENO);
  dup2(input[0], STDIN_FILENO);
  close(input[0]);
  Ran ran = run(arguments);
  dup2(kept, STDIN_FILENO);
  close(kept);
  return ran;
}

TEST(Commands, PublishStopsAtTheFirstLineThatFailsAndNamesIt) {
  PlayedServer server({answer("200 OK", "a"), answer("200 OK", "b"), answer("413 Content Too Large", "too big\n")});
  Ran ran = run_with_input("one\n\nthree\nfour\n", {"publish", "--hub", server.url(), "-t", "x", "-"});
  EXPECT_EQ(ran.exit_code, ExitCode::kRefused);
  EXPECT_EQ(ran.out, "a\nb\n");
  EXPECT_TRUE(has(ran.err, "line 3: the server refused: 413 Content Too Large (too big)")) << ran.err;
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(body_of(requests[0]), "topic=x&data=one");
  EXPECT_EQ(body_of(requests[1]), "topic=x&data=");
  EXPECT_EQ(body_of(requests[2]), "topic=x&data=three");
}

constexpr std::string_view kJsonLines =
    R"({"id":"#1","time":"not looked at","topics":["a","b"],"type":"t","retry":5,"private":true,"data":"x\ny"})"
    "\n"
    R"({"topics":["c"],"data":""})"
    "\n";

TEST(Commands, PublishSendsJsonLinesThatCameTogetherInOneRequest) {
  PlayedServer server({answer("200 OK", "#1\n#2\n")});
  const std::string input = std::string(kJsonLines) + R"({"Topic":"c"})";
  Ran ran = run_with_input(input, {"publish", "--hub", server.url(), "--json-lines"});
  EXPECT_EQ(ran.exit_code, ExitCode::kFailed);
  EXPECT_EQ(ran.out, "#1\n#2\n");
  EXPECT_TRUE(has(ran.err, "line 3: no update: \"Topic\" is not known")) << ran.err;
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_TRUE(has(requests[0], "\r\nContent-Type: application/x-ndjson\r\n")) << requests[0];
  EXPECT_EQ(body_of(requests[0]), kJsonLines);
}

TEST(Commands, PublishSendsASingleJsonLineAsAForm) {
  PlayedServer server({answer("200 OK", "#1")});
  Ran ran = run_with_input(R"({"topic":"a"})", {"publish", "--hub", server.url(), "--json-lines"});
  EXPECT_EQ(ran.exit_code, ExitCode::kDone) << ran.err;
  EXPECT_EQ(body_of(server.requests().at(0)), "topic=a&data=");
}

TEST(Commands, PublishSendsJsonLinesOneByOneToAHubThatTakesNoBatches) {
  PlayedServer server(
      {answer("415 Unsupported Media Type", "a form!"), answer("200 OK", "#1"), answer("200 OK", "#2")});
  Ran ran = run_with_input(kJsonLines, {"publish", "--hub", server.url(), "--json-lines"});
  EXPECT_EQ(ran.exit_code, ExitCode::kDone);
  EXPECT_EQ(ran.out, "#1\n#2\n");
  EXPECT_TRUE(has(ran.err, "one request for each update from now on, nothing is lost: ")) << ran.err;
  EXPECT_TRUE(has(ran.err, "(a form!)")) << ran.err;
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_TRUE(has(requests[1], "\r\nContent-Type: application/x-www-form-urlencoded\r\n")) << requests[1];
  EXPECT_EQ(body_of(requests[1]), "topic=a&topic=b&id=%231&type=t&retry=5&private=on&data=x%0Ay");
  EXPECT_EQ(body_of(requests[2]), "topic=c&data=");
}

TEST(Commands, PublishNamesTheJsonLineThatIsRefusedAndPublishesThoseBefore) {
  PlayedServer server({answer("403 Forbidden", "line 2: no"), answer("200 OK", "#1"), answer("403 Forbidden", "no")});
  Ran ran = run_with_input(kJsonLines, {"publish", "--hub", server.url(), "--json-lines"});
  EXPECT_EQ(ran.exit_code, ExitCode::kRefused);
  EXPECT_EQ(ran.out, "#1\n");
  EXPECT_TRUE(has(ran.err, "line 2: the server refused: 403 Forbidden (no)")) << ran.err;
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Commands, PublishDoesNotRepeatJsonLinesWhoseFateItDoesNotKnow) {
  PlayedServer server({answer("500 Internal Server Error", "oh"), answer("200 OK", "#1\n")});
  for (const char* told : {"lines 1 to 2: the server failed: 500", "lines 1 to 2: this is no answer of a hub: 1 ids"}) {
    Ran ran = run_with_input(kJsonLines, {"publish", "--hub", server.url(), "--json-lines"});
    EXPECT_EQ(ran.exit_code, ExitCode::kServer);
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(has(ran.err, told)) << ran.err;
  }
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(Commands, LogTellsWhereThereIsNone) {
  for (const char* command : {"stat", "dump", "verify", "repair", "compact"}) {
    Ran ran = run({"log", command, "--data", "/nowhere"});
    EXPECT_EQ(ran.exit_code, ExitCode::kFailed);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, std::string("fanfare log ") + command + ": there is no Fanfare event log in /nowhere\n");
  }
}

TEST(Commands, PublishTakesALastLineWithoutItsEndAndWholeInput) {
  PlayedServer server({answer("200 OK", "a"), answer("200 OK", "b"), answer("200 OK", "c")});
  EXPECT_EQ(run_with_input("one\r\ntwo", {"publish", "--hub", server.url(), "-t", "x", "-"}).out, "a\nb\n");
  EXPECT_EQ(run_with_input("one\ntwo", {"publish", "--hub", server.url(), "-t", "x", "--file", "-"}).out, "c\n");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(body_of(requests[0]), "topic=x&data=one");
  EXPECT_EQ(body_of(requests[1]), "topic=x&data=two");
  EXPECT_EQ(body_of(requests[2]), "topic=x&data=one%0Atwo");
}

TEST(Commands, ListenReconnectsAfterTheLastEventIdUntil204) {
  PlayedServer server({event_stream("retry: 1\nid: 1\ndata: one\n\nid: 2\nevent: t\ndata: two\n\ndata: unfinished"),
                       event_stream(""), answer("204 No Content", "")});
  auto begin = std::chrono::steady_clock::now();
  Ran ran = run({"listen", server.url(), "--data"});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3)) << "the default, not retry";
  EXPECT_EQ(ran.exit_code, ExitCode::kDone) << ran.err;
  EXPECT_EQ(ran.out, "one\ntwo\n");
  auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_TRUE(has(requests[0], "\r\nAccept: text/event-stream\r\n")) << requests[0];
  EXPECT_FALSE(has(requests[0], "Last-Event-ID"));
  EXPECT_TRUE(has(requests[1], "\r\nLast-Event-ID: 2\r\n")) << requests[1];
  EXPECT_TRUE(has(requests[2], "\r\nLast-Event-ID: 2\r\n")) << requests[2];
}

TEST(Commands, ListenEndsAfterTheCountInTheMiddleOfAWrite) {
  PlayedServer server({event_stream("data: one\n\ndata: two\n\ndata: three\n\n")});
  Ran ran = run({"listen", "--hub", server.url(), "a b", "-t", "http://c", "--data", "-n", "2", "--quiet"});
  EXPECT_EQ(ran.exit_code, ExitCode::kDone);
  EXPECT_EQ(ran.out, "one\ntwo\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(has(server.requests().at(0), "GET /hub?topic=http%3A%2F%2Fc&topic=a+b HTTP/1.1\r\n"));
}

TEST(Commands, ListenFailsForGoodOnWhatIsNoEventStream) {
  PlayedServer server({answer("401 Unauthorized", "a token is needed\n"), answer("503 Service Unavailable", "full"),
                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\nConnection: close\r\n\r\ndata: x\n\n"});
  Ran refused = run({"listen", server.url()});
  EXPECT_EQ(refused.exit_code, ExitCode::kRefused);
  EXPECT_TRUE(has(refused.err, "401 Unauthorized (a token is needed)")) << refused.err;
  EXPECT_EQ(run({"listen", server.url()}).exit_code, ExitCode::kServer);
  EXPECT_EQ(run({"listen", server.url()}).exit_code, ExitCode::kServer);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Commands, TellWhenNobodyAnswers) {
  std::string url;
  {
    PlayedServer gone({});
    url = gone.url();
    gone.requests();
  }
  for (const auto& ran : {run({"listen", url}), run({"publish", "--hub", url, "-t", "x", "y"})}) {
    EXPECT_EQ(ran.exit_code, ExitCode::kConnect);
    EXPECT_TRUE(has(ran.err, "no hub answers at " + url)) << ran.err;
  }
}

TEST(Commands, TokenMakesWhatItExplains) {
  const Ran made = run({"token", "--key", "secret", "--publish", "a", "--publish", "b/{x}", "--subscribe", "*",
                        "--payload", "{\"n\":1}", "--expires", "never"});
  EXPECT_EQ(made.exit_code, ExitCode::kDone) << made.err;
  const std::string token = made.out.substr(0, made.out.find('\n'));
  EXPECT_EQ(made.out, token + "\n");
  const Ran good = run({"token", "--explain", token, "--key", "secret"});
  EXPECT_EQ(good.exit_code, ExitCode::kDone) << good.err;
  EXPECT_EQ(good.out,
            "header      {\"alg\":\"HS256\",\"typ\":\"JWT\"}\n"
            "payload     {\"mercure\":{\"payload\":{\"n\":1},\"publish\":[\"a\",\"b/{x}\"],\"subscribe\":[\"*\"]}}\n"
            "publish     a\n"
            "            b/{x}\n"
            "subscribe   *\n"
            "expires     never\n"
            "key         --key\n"
            "  signature good\n"
            "  token     accepted\n");
  const Ran wrong = run({"token", "--explain", token, "--key", "other"});
  EXPECT_EQ(wrong.exit_code, ExitCode::kRefused);
  EXPECT_TRUE(has(wrong.out, "the token's signature is wrong")) << wrong.out;
  const Ran other_algorithm = run({"token", "--explain", token, "--key", "secret", "--alg", "HS512"});
  EXPECT_EQ(other_algorithm.exit_code, ExitCode::kRefused);
  const Ran unchecked = run({"token", "--explain", token});
  EXPECT_EQ(unchecked.exit_code, ExitCode::kDone);
  EXPECT_TRUE(has(unchecked.out, "not checked")) << unchecked.out;
}

TEST(Commands, ATokenExpiresAfterAnHourUnlessToldOtherwise) {
  const Ran made = run({"token", "--key", "secret", "--publish", "a"});
  const Ran explained = run({"token", "--explain", made.out.substr(0, made.out.find('\n')), "--key", "secret"});
  EXPECT_TRUE(has(explained.out, "Z, in 1 h\n") || has(explained.out, "Z, in 59 min")) << explained.out;
}

TEST(Commands, CompletionKnowsTheOptionsOfTheParser) {
  std::string script = run({"completion", "bash"}).out;
  EXPECT_TRUE(has(script, "--last-event-id")) << script;
  EXPECT_TRUE(has(script, "-f|--file) mapfile")) << script;
  EXPECT_TRUE(has(script, "--key-file) mapfile")) << script;
  EXPECT_TRUE(has(script, "--explain")) << script;
  EXPECT_TRUE(has(script, "compgen -W 'stat dump verify repair compact'")) << script;
  EXPECT_TRUE(has(script, "--data -t --topic --since")) << script;
  EXPECT_FALSE(has(script, "--private)")) << "a flag takes no value";
}

}  // namespace
}  // namespace fanfare::cli
