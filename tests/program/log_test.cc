// `fanfare log` beside a real hub, and its dump published into another.
#include <gtest/gtest.h>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fanfare/history_rocksdb/test_log.h"
#include "testing/live/server_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

Ran log(const std::string& command, const std::string& directory, const Words& options = {}) {
  Words words = {"log", command, "--data", directory};
  words.insert(words.end(), options.begin(), options.end());
  return run(std::move(words));
}

// A dump without the times, which are the log's own.
std::string timeless(std::string dump) {
  constexpr std::string_view kTime = ",\"time\":\"";
  for (auto at = dump.find(kTime); at != dump.npos; at = dump.find(kTime, at)) {
    dump.erase(at, dump.find('"', at + kTime.size()) + 1 - at);
  }
  return dump;
}

class ProgramLog : public ::testing::Test {
 protected:
  std::string directory(const std::string& name) const { return root_.path() + "/" + name; }

  static Words environment(const ServerProcess& server) {
    return {"FANFARE_HUB=" + server.url(), "FANFARE_TOKEN=" + server.token()};
  }
  static Ran publish(const ServerProcess& server, const std::string& lines) {
    ChildProcess child(
        {.command = {kProgram, "publish", "--json-lines"}, .environment = environment(server), .input = Input::kPipe});
    EXPECT_TRUE(child.write_input(lines));
    child.close_input();
    return finish(child);
  }
  static Ran shell(const ServerProcess& server, const std::string& script) {
    ChildProcess child({.command = {"/bin/sh", "-c", script}, .environment = environment(server)});
    return finish(child);
  }

  const TestDirectory root_;
};

const std::string kLines =
    R"({"id":"1","topics":["a","b"],"type":"t","retry":5,"private":true,"data":"one\u000d\ntwo\n\n"})"
    "\n"
    R"({"topics":["b"],"data":"\"ü\" \\ \u0000"})"
    "\n"
    R"({"id":"3","topics":["https://example.com/c"],"data":""})"
    "\n";

TEST_F(ProgramLog, ADumpPublishedIntoAnotherHubGivesTheSameUpdates) {
  const ServerProcess old_hub({.data = directory("old")});
  const Ran published = publish(old_hub, kLines);
  ASSERT_EQ(published.code, 0) << published.err;
  EXPECT_TRUE(published.out.starts_with("1\nurn:uuid:")) << published.out;
  const Ran dumped = log("dump", directory("old"));
  EXPECT_EQ(dumped.code, 0) << dumped.err;
  EXPECT_EQ(std::ranges::count(dumped.out, '\n'), 3);
  EXPECT_TRUE(timeless(dumped.out).starts_with(kLines.substr(0, kLines.find('\n') + 1))) << dumped.out;

  const ServerProcess new_hub({.data = directory("new")});
  const std::string dump = kProgram + " log dump --data " + directory("old");
  const Ran restored = shell(new_hub, dump + " | " + kProgram + " publish --json-lines");
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(restored.out, published.out) << "the ids";
  const Ran again = log("dump", directory("new"));
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(timeless(again.out), timeless(dumped.out));
  for (const char* name : {"old", "new"}) {
    const Ran verified = log("verify", directory(name));
    EXPECT_EQ(verified.code, 0) << verified.err;
    EXPECT_TRUE(verified.out.ends_with(": whole\n")) << verified.out;
  }
}

TEST_F(ProgramLog, DumpTakesATopicAndTimesAndAReaderThatLeaves) {
  const ServerProcess hub({.data = directory("log")});
  ASSERT_EQ(publish(hub, kLines).code, 0);
  const auto count = [&](const Words& options) {
    const Ran dumped = log("dump", directory("log"), options);
    EXPECT_EQ(dumped.code, 0) << dumped.err;
    return std::ranges::count(dumped.out, '\n');
  };
  EXPECT_EQ(count({"--topic", "b"}), 2);
  EXPECT_EQ(count({"--topic", "c"}), 0);
  EXPECT_EQ(count({"--since", "1d", "--topic", "a"}), 1);
  EXPECT_EQ(count({"--until", "1d"}), 0);
  EXPECT_EQ(count({"--since", "1970-01-01T00:00:00Z", "--until", "9999-01-01T00:00:00Z"}), 3);
  const Ran headed = shell(hub, "{ " + kProgram + " log dump --data " + directory("log") + "; echo $? >&2; } | true");
  EXPECT_EQ(headed.err, "0\n");
}

TEST_F(ProgramLog, StatTellsWhatIsThereAndCompactWaitsForNobody) {
  {
    const ServerProcess hub({.data = directory("log")});
    ASSERT_EQ(publish(hub, kLines).code, 0);
    const Ran stat = log("stat", directory("log"));
    EXPECT_EQ(stat.code, 0) << stat.err;
    EXPECT_TRUE(stat.out.starts_with("updates  3\ntopics   3\nbytes    ")) << stat.out;
    EXPECT_TRUE(has(stat.out, "  id 1\n")) << stat.out;
    EXPECT_TRUE(stat.out.ends_with("  id 3\n")) << stat.out;
    const Ran held = log("compact", directory("log"));
    EXPECT_EQ(held.code, 1);
    EXPECT_TRUE(has(held.err, "is held by process " + std::to_string(hub.process().pid()))) << held.err;
  }
  const Ran before = log("dump", directory("log"));
  const Ran compacted = log("compact", directory("log"));
  EXPECT_EQ(compacted.code, 0) << compacted.err;
  EXPECT_TRUE(compacted.out.ends_with(" after\n")) << compacted.out;
  EXPECT_EQ(log("dump", directory("log")).out, before.out);
  const Ran verified = log("verify", directory("log"));
  EXPECT_TRUE(verified.out.starts_with("4 files, 3 updates, 6 index entries: ")) << verified.out << verified.err;
}

TEST_F(ProgramLog, DamageIsTold) {
  {
    const ServerProcess hub({.data = directory("log")});
    ASSERT_EQ(publish(hub, kLines).code, 0);
  }
  ASSERT_EQ(log("compact", directory("log")).code, 0);
  for (const auto& entry : std::filesystem::directory_iterator(directory("log"))) {
    if (entry.path().extension() != ".sst") continue;
    FILE* file = std::fopen(entry.path().c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    std::fputc('?', file);
    std::fclose(file);
  }
  const Ran verified = log("verify", directory("log"));
  EXPECT_EQ(verified.code, 1);
  EXPECT_EQ(verified.out, "");
  EXPECT_TRUE(has(verified.err, ".sst")) << verified.err;
  EXPECT_EQ(log("dump", directory("log")).code, 1);
}

}  // namespace
}  // namespace fanfare::live
