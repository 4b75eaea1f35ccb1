// `fanfare serve --history-rules`: what a hub keeps of each topic, and what it says of a file that is wrong.
#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/history_rocksdb/test_log.h"
#include "testing/live/server_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

constexpr const char* kRules = R"([[rule]]
topics = ["price/{id}"]
max_updates = 1

[[rule]]
topics = ["presence"]
durable = false

[[rule]]
topics = ["brief"]
max_age = "1ms"
)";

// The id of the update.
std::string publish(const ServerProcess& server, const std::string& topic, const std::string& data) {
  const Answer answer = Publisher(server.port(), server.token()).publish(topic, data);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

// The data of the first so many events of a subscription.
std::string listen(const ServerProcess& server, const std::string& query, int count, Words options = {}) {
  options.insert(options.begin(), {"listen", "--data", "--count", std::to_string(count), server.url() + "?" + query});
  const Ran ran = run(std::move(options));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_FALSE(has(ran.err, "missed")) << ran.err;
  return ran.out;
}

class ProgramHistoryRules : public ::testing::Test {
 protected:
  ProgramHistoryRules() { write_rules(kRules); }

  void write_rules(const std::string& text) const { std::ofstream(rules()) << text; }
  std::string rules() const { return root_.path() + "/rules.toml"; }
  ServerProcessOptions options() const { return {.data = root_.path() + "/log", .history_rules = rules()}; }

  // What it stores, by its data, in log order.
  std::string stored() const {
    const Ran dumped = run({"log", "dump", "--data", root_.path() + "/log"});
    EXPECT_EQ(dumped.code, 0) << dumped.err;
    constexpr std::string_view kData = "\"data\":\"";
    std::string all;
    for (auto at = dumped.out.find(kData); at != dumped.out.npos; at = dumped.out.find(kData, at)) {
      at += kData.size();
      all += dumped.out.substr(at, dumped.out.find('"', at) - at) + " ";
    }
    return all;
  }
  Ran serve(const std::string& text, Words arguments) const {
    write_rules(text);
    arguments.insert(arguments.begin(), {"serve", "--dev", "--listen", "127.0.0.1:0", "--history-rules", rules()});
    return run(std::move(arguments));
  }

  const TestDirectory root_;
};

TEST_F(ProgramHistoryRules, OfATopicThatIsAStateOnlyTheLastUpdateIsKept) {
  {
    const ServerProcess server(options());
    for (const char* data : {"1a", "1b", "1c"}) publish(server, "price/1", data);
    for (const char* data : {"2a", "2b"}) publish(server, "price/2", data);
    for (const char* data : {"x", "y"}) publish(server, "other", data);
    EXPECT_EQ(listen(server, "topic=price/%7Bid%7D&replay=last", 2), "1c\n2b\n");
  }
  const ServerProcess server(options());
  publish(server, "other", "z");  // retention looks when something is new
  EXPECT_TRUE(eventually([&] { return stored() == "1c 2b x y z "; })) << stored();
  EXPECT_EQ(listen(server, "topic=price/1&topic=price/2&replay=last", 2), "1c\n2b\n");
  EXPECT_EQ(listen(server, "topic=*", 5, {"--last-event-id", "earliest"}), "1c\n2b\nx\ny\nz\n");
}

TEST_F(ProgramHistoryRules, WhatIsNotDurableIsGoneWithTheProcessButItsPositionsAreNot) {
  const std::string both = "topic=kept&topic=presence";
  std::string between;
  std::string last;
  {
    ServerProcess server(options());
    publish(server, "kept", "a");
    between = publish(server, "presence", "here");
    publish(server, "kept", "b");
    last = publish(server, "presence", "gone");
    EXPECT_EQ(listen(server, both, 4, {"--last-event-id", "earliest"}), "a\nhere\nb\ngone\n");
    EXPECT_EQ(stored(), "a b ");
    server.kill();
  }
  const ServerProcess server(options());
  publish(server, "kept", "c");
  EXPECT_EQ(listen(server, both, 3, {"--last-event-id", "earliest"}), "a\nb\nc\n");
  EXPECT_EQ(listen(server, both, 2, {"--last-event-id", between}), "b\nc\n");
  EXPECT_EQ(listen(server, both, 1, {"--last-event-id", last}), "c\n");
}

TEST_F(ProgramHistoryRules, AnAgeIsThatOfTheTopicAlone) {
  const ServerProcess server(options());
  publish(server, "brief", "soon gone");
  publish(server, "other", "kept");
  EXPECT_TRUE(eventually([&] { return listen(server, "topic=*", 1, {"--last-event-id", "earliest"}) == "kept\n"; }));
}

TEST_F(ProgramHistoryRules, AFileThatIsWrongKeepsTheHubFromStarting) {
  struct Case {
    const char* text;
    const char* told;
  };
  const Case cases[] = {
      {"[[rule]]\ntopics = [\"t\"]\nmax_updates = 0\n",
       ":3:15: max_updates takes 1 or more; leave it out for no bound\n"},
      {"[[rule]]\ntopics = [\"t\"]\nmax_update = 1\n", ":3:1: unknown key 'max_update'; did you mean 'max_updates'?\n"},
      {"rule\n", ":1:5: this is no TOML: "},
      {"\"\\u001b[2J\" = 1\n", ":1:1: unknown key '\\x1b[2J'; there is rule\n"},
  };
  for (const auto& each : cases) {
    const Ran ran = serve(each.text, {"--data", root_.path() + "/log"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(has(ran.err, "fanfare serve: " + rules() + each.told)) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(std::filesystem::exists(root_.path() + "/log")) << "it was found out before the log was made";
  }
  const Ran missing = run({"serve", "--dev", "--log", "memory", "--history-rules", "/nowhere/rules.toml"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_TRUE(has(missing.err, "cannot read the rules in '/nowhere/rules.toml': No such file")) << missing.err;
}

TEST_F(ProgramHistoryRules, TheLogInMemoryStartsOnlyWithWhatItCanKeep) {
  const Ran refused = serve(kRules, {"--log", "memory"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(has(refused.err, ":3:1: --log memory keeps no max_updates of single topics")) << refused.err;
  write_rules("[[rule]]\ntopics = [\"presence\"]\ndurable = false\n");
  const ServerProcess server({.history_rules = rules()});
  EXPECT_TRUE(server.is_healthy());
}

}  // namespace
}  // namespace fanfare::live
