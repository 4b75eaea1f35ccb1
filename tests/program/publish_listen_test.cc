// `fanfare publish` and `fanfare listen` with a real hub between them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "testing/live/server_process.h"
#include "tests/program/run_program.h"

namespace fanfare::live {
namespace {

class PublishAndListen : public ::testing::Test {
 protected:
  // The commands' environment: where the hub is, and leave to publish there.
  Words environment() const { return {"FANFARE_HUB=" + server_.url(), "FANFARE_TOKEN=" + server_.token()}; }

  ChildOptions command(Words arguments, Input input = Input::kNothing) const {
    arguments.insert(arguments.begin(), kProgram);
    return {.command = std::move(arguments), .environment = environment(), .input = input};
  }
  // So that what is published from now on will be heard.
  void wait_for_listeners(int count) { EXPECT_TRUE(server_.metric_becomes("fanfare_subscribers", count)); }

  ServerProcess server_;
};

TEST_F(PublishAndListen, AnUpdateIsHeardWithTheIdThatPublishPrints) {
  ChildProcess json(command({"listen", "--json", "--count", "1", "greetings"}));
  ChildProcess pretty(command({"listen", "--count", "1", "*"}));
  ChildProcess other(command({"listen", "--data", "elsewhere"}));
  wait_for_listeners(3);
  const Ran published = run({"publish", "--topic", "greetings", "--type", "hail", "Hello, \"world\""}, environment());
  EXPECT_EQ(published.code, 0) << published.err;
  const std::string id = published.out.substr(0, published.out.find('\n'));
  EXPECT_TRUE(id.starts_with("urn:uuid:")) << published.out;
  EXPECT_EQ(json.wait(), 0) << json.err();
  EXPECT_TRUE(has(json.out(), "\"" + id + "\"")) << json.out();
  EXPECT_TRUE(has(json.out(), "\"hail\"")) << json.out();
  EXPECT_TRUE(has(json.out(), R"("Hello, \"world\"")")) << json.out();
  EXPECT_TRUE(has(json.out(), "}\n")) << json.out();
  EXPECT_EQ(pretty.wait(), 0);
  EXPECT_TRUE(has(pretty.out(), "Hello, \"world\"")) << pretty.out();
  EXPECT_EQ(other.out(), "");
}

TEST_F(PublishAndListen, AFileArrivesAsOneUpdate) {
  const std::string path = ::testing::TempDir() + "fanfare_update_" + std::to_string(server_.process().pid());
  std::ofstream(path) << "first line\n\nthird & last";
  ChildProcess listener(command({"listen", "--data", "--count", "1", "t"}));
  wait_for_listeners(1);
  const Ran published = run({"publish", "--topic", "t", "--quiet", "--file", path}, environment());
  std::remove(path.c_str());
  EXPECT_EQ(published.code, 0) << published.err;
  EXPECT_EQ(published.out, "");
  EXPECT_EQ(listener.wait(), 0);
  EXPECT_EQ(listener.out(), "first line\n\nthird & last\n");
}

TEST_F(PublishAndListen, EachLineOfALiveSourceArrivesWhileTheSourceIsOpen) {
  ChildProcess listener(command({"listen", "--data", "host/vmstat"}));
  wait_for_listeners(1);
  ChildProcess publisher(command({"publish", "--topic", "host/vmstat", "-"}, Input::kPipe));
  std::string expected;
  for (const char* line : {"procs ---memory--- ---swap--", " 1  0   0 3021  0%  ü", ""}) {
    ASSERT_TRUE(publisher.write_input(std::string(line) + "\n"));
    expected.append(line).append("\n");
    EXPECT_TRUE(eventually([&] { return listener.out() == expected; })) << listener.out();
  }
  EXPECT_TRUE(publisher.write_input("cut off"));
  EXPECT_EQ(publisher.wait(milliseconds(100)), std::nullopt) << "the source is still open";
  EXPECT_EQ(listener.out(), expected) << "a line has an end";
  publisher.close_input();
  EXPECT_EQ(publisher.wait(), 0) << publisher.err();
  EXPECT_TRUE(eventually([&] { return listener.out() == expected + "cut off\n"; })) << listener.out();
}

TEST_F(PublishAndListen, AShellPipelineIsHeardAsItHappens) {
  ChildProcess listener(command({"listen", "--data", "--quiet", "ticks"}));
  wait_for_listeners(1);
  ChildProcess shell(
      {.command = {"/bin/sh", "-c", "{ echo tick 1; read go; echo tick 2; } | " + kProgram + " publish -t ticks -q -"},
       .environment = environment(),
       .input = Input::kPipe});
  EXPECT_TRUE(eventually([&] { return listener.out() == "tick 1\n"; })) << listener.out() << shell.err();
  EXPECT_TRUE(shell.write_input("go\n"));
  EXPECT_EQ(shell.wait(), 0) << shell.err();
  EXPECT_TRUE(eventually([&] { return listener.out() == "tick 1\ntick 2\n"; })) << listener.out();
}

TEST_F(PublishAndListen, WhatWasMissedIsReadFromTheEventIdOn) {
  std::string ids;
  for (const char* data : {"one", "two", "three"}) ids += run({"publish", "--topic", "t", data}, environment()).out;
  const std::string first = ids.substr(0, ids.find('\n'));
  const Ran later = run({"listen", "--data", "--count", "2", "--last-event-id", first, "t"}, environment());
  EXPECT_EQ(later.code, 0) << later.err;
  EXPECT_EQ(later.out, "two\nthree\n");
  const Ran all = run({"listen", "--data", "--count", "3", "--last-event-id", "earliest", "t"}, environment());
  EXPECT_EQ(all.out, "one\ntwo\nthree\n");
  EXPECT_FALSE(has(later.err + all.err, "missed")) << later.err << all.err;
}

TEST_F(PublishAndListen, ACountThatIsNotReachedInTimeFails) {
  const Ran ran = run({"listen", "--count", "1", "--for", "0.3", "t"}, environment());
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(run({"listen", "--for", "0.1", "t"}, environment()).code, 0);
}

TEST_F(PublishAndListen, ARefusalHasItsOwnExitCodeAndTheHubsWords) {
  const Words without_token = {"FANFARE_HUB=" + server_.url()};
  const Ran missing = run({"publish", "--topic", "t", "x"}, without_token);
  EXPECT_EQ(missing.code, 4) << missing.err;
  EXPECT_TRUE(has(missing.err, "401 Unauthorized (")) << missing.err;
  EXPECT_EQ(
      run({"publish", "--topic", "t", "--key", "another key, of more than thirty-two bytes", "x"}, without_token).code,
      4);
  const Ran listening = run({"listen", "--token", "no.valid.token", "t"}, without_token);
  EXPECT_EQ(listening.code, 4) << listening.err;
  EXPECT_EQ(server_.metric("fanfare_updates_total"), 0);
}

TEST(Program, TellsWhenNobodyListensThere) {
  std::string url;
  {
    ServerProcess gone;
    url = gone.url();
  }
  EXPECT_EQ(run({"publish", "--hub", url, "--topic", "t", "x"}).code, 3);
  const Ran listening = run({"listen", "--hub", url, "t"});
  EXPECT_EQ(listening.code, 3);
  EXPECT_TRUE(has(listening.err, "no hub answers at")) << listening.err;
}

TEST(Program, TellsItsVersionAndHowToUseIt) {
  const Ran version = run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("fanfare 0.") || version.out.starts_with("fanfare 1.")) << version.out;
  for (const Words& arguments :
       {Words{"--help"}, {"serve", "--help"}, {"publish", "--help"}, {"listen", "--help"}, {"log", "--help"}}) {
    const Ran help = run(arguments);
    EXPECT_EQ(help.code, 0);
    EXPECT_TRUE(has(help.out, "Examples:")) << help.out;
    EXPECT_EQ(help.err, "");
  }
  EXPECT_EQ(run({}).code, 2);
  const Ran typo = run({"lisen", "t"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_TRUE(has(typo.err, "did you mean 'listen'?")) << typo.err;
}

TEST(Program, ItsCompletionIsGoodBash) {
  const Ran script = run({"completion", "bash"});
  EXPECT_EQ(script.code, 0);
  EXPECT_TRUE(has(script.out, "--history-rules) mapfile")) << "it takes a file";
  ChildProcess bash({.command = {"/bin/bash", "-n"}, .environment = {}, .input = Input::kPipe});
  EXPECT_TRUE(bash.write_input(script.out));
  bash.close_input();
  EXPECT_EQ(bash.wait(), 0) << bash.err();
  const std::string load = "source <(" + kProgram + " completion bash) && complete -p fanfare";
  ChildProcess loaded({.command = {"/bin/bash", "-c", load}, .environment = {}});
  EXPECT_EQ(loaded.wait(), 0) << loaded.err();
  EXPECT_TRUE(has(loaded.out(), " fanfare\n")) << loaded.out();
}

}  // namespace
}  // namespace fanfare::live
