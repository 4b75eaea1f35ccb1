#include "fanfare/cli/serve_config.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <unistd.h>

#include "fanfare/cli/config_file.h"
#include "fanfare/cli/effective_config.h"
#include "fanfare/cli/serve_reload.h"

namespace fanfare::cli {
namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";
const std::string kOtherSecret = "fedcba9876543210fedcba9876543210";

// A directory with what a configuration is made of, gone with the test.
class ServeConfigTest : public ::testing::Test {
 protected:
  ServeConfigTest() { std::filesystem::create_directories(root_); }
  ~ServeConfigTest() override { std::filesystem::remove_all(root_); }

  std::string path(const std::string& name) const { return root_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  // As from a command line.
  void option(std::string_view name, const std::string& text) {
    ASSERT_TRUE(arguments_.options.give(*find_setting(name), {text}, {Origin::From::kOption, "--x"}));
  }
  ServeConfig read() const {
    auto config = read_serve_config(arguments_);
    EXPECT_TRUE(config) << config.error().message;
    return config ? std::move(*config) : ServeConfig();
  }
  std::string fault() const {
    const auto config = read_serve_config(arguments_);
    return config ? "none" : config.error().message;
  }

  const std::string root_ = ::testing::TempDir() + "configuration of " + std::to_string(::getpid());
  ServeArguments arguments_;
};

TEST_F(ServeConfigTest, OptionsCountBeforeVariablesTheseBeforeTheFileAndThatBeforeDefaults) {
  write("hub.toml",
        "log = \"memory\"\nthreads = 1\nunknown-id = \"replay\"\nlog-level = \"error\"\n[limits]\ndrain_ms = 1\n");
  option("threads", "3");
  arguments_.config = path("hub.toml");
  arguments_.environment = {{"FANFARE_THREADS", "2"},
                            {"FANFARE_UNKNOWN_ID", "live"},
                            {"FANFARE_ANONYMOUS", "true"},
                            {"FANFARE_PUBLISHER_KEY", kSecret},
                            {"MERCURE_PUBLISHER_JWT_KEY", kOtherSecret},
                            {"MERCURE_EXTRA_DIRECTIVES", "heartbeat 1s"}};
  const ServeConfig config = read();
  EXPECT_EQ(config.server.threads, 3u);
  EXPECT_EQ(config.server.unknown_id, UnknownId::kLive);
  EXPECT_EQ(config.effective.text("log-level"), "error");
  EXPECT_EQ(config.effective.text("log-format"), "auto");
  EXPECT_EQ(config.server.limits.drain_ms, 1u);
  EXPECT_EQ(config.server.limits.heartbeat_ms, 1'000u);
  EXPECT_TRUE(config.log_is_in_memory());
  EXPECT_EQ(config.effective.text("publisher-key"), kSecret);
}

TEST_F(ServeConfigTest, TheVariableNamesTheFileUnlessAnOptionDoes) {
  write("a.toml", "threads = 1");
  write("b.toml", "threads = 2");
  option("dev", "true");
  option("log", "memory");
  arguments_.environment = {{"FANFARE_CONFIG", path("a.toml")}};
  EXPECT_EQ(read().server.threads, 1u);
  arguments_.config = path("b.toml");
  EXPECT_EQ(read().server.threads, 2u);
  arguments_.config = path("c.toml");
  EXPECT_EQ(fault(), "cannot read the configuration '" + path("c.toml") + "': No such file or directory");
}

TEST_F(ServeConfigTest, WhatAComposeFileSaysToTheReferenceHubIsUnderstood) {
  option("log", "memory");
  arguments_.environment = {{"SERVER_NAME", ":80"},
                            {"MERCURE_PUBLISHER_JWT_KEY", kSecret},
                            {"MERCURE_SUBSCRIBER_JWT_KEY", kOtherSecret},
                            {"MERCURE_EXTRA_DIRECTIVES", "cors_origins http://localhost:3000\nanonymous\n"}};
  const ServeConfig config = read();
  EXPECT_EQ(config.server.listen, std::vector<std::string>{":80"});
  EXPECT_EQ(config.server.cors_origins, std::vector<std::string>{"http://localhost:3000"});
  EXPECT_TRUE(config.server.access.anonymous);
  EXPECT_EQ(config.issuers.front().subscriber.text, kOtherSecret);
  option("listen", "127.0.0.1:8080");
  arguments_.environment.insert_or_assign("SERVER_NAME", "example.com");
  EXPECT_EQ(read().server.listen, std::vector<std::string>{"127.0.0.1:8080"});
}

TEST_F(ServeConfigTest, FaultsNameWhereTheyAre) {
  option("log", "memory");
  option("anonymous", "true");
  arguments_.config = path("hub.toml");
  const std::string file = path("hub.toml");
  const std::string key = "publisher-key = \"" + kSecret + "\"\n";
  const std::pair<std::string, std::string> rows[] = {
      {"publisher-key = \"a\"", file + ":1: publisher-key: a secret for HS256 has 32 bytes or more"},
      {"publisher-key-file = \"none\"", file + ":1: publisher-key-file " + path("none") + ": No such file"},
      {key + "publisher-key-file = \"x\"", "give " + file + ":1: publisher-key or " + file + ":2: publisher-key-file"},
      {key + "publisher-alg = \"none\"", file + ":2: publisher-alg: tokens are not signed with 'none' here"},
      {key + "cors-origin = [\"x\"]", file + ":2: cors-origin: 'x' is not an origin"},
      {key + "publish-origin = [\"x\"]", file + ":2: publish-origin: 'x' is not an origin"},
      {key + "publish-origin = [\"*\"]", file + ":2: publish-origin: any page could publish"},
      {key + "trusted-proxy = [\"10.0.0.0/40\"]", file + ":2: trusted-proxy: "},
      {key + "store-subscriptions = true", file + ":2: store-subscriptions needs --subscriptions"},
      {key + "listen = []", file + ":2: listen takes an address"},
      {key + "listen = [\"here\"]", file + ":2: listen: "},
      {"dev = true\nlisten = [\":80\"]", file + ":2: listen: --dev serves this machine only: it cannot listen on :80"},
      {key + "history-rules = \"rules.toml\"", "cannot read the rules in '" + path("rules.toml") + "': No such file"},
      {key + "[limits]\nhistory_updates_max = 1", "--log memory has no limit history_updates_max"},
      {key + "[limits]\nbudget_bytes = 1", "budget_bytes is too small"},
  };
  for (const auto& [text, message] : rows) {
    write("hub.toml", text);
    EXPECT_NE(fault().find(message), std::string::npos) << fault();
  }
}

TEST_F(ServeConfigTest, TwoPlacesForTheLogInOneFileAreAFaultOfIt) {
  arguments_.config = path("hub.toml");
  write("hub.toml", "dev = true\nlog = \"memory\"\ndata = \"here\"\n");
  EXPECT_EQ(fault(), "give " + path("hub.toml") + ":2: log memory or " + path("hub.toml") + ":3: data, not both");
}

TEST_F(ServeConfigTest, DevelopmentHasAKeyOfItsOwnAndLetsAnybodyIn) {
  option("dev", "true");
  option("log", "memory");
  const ServeConfig config = read();
  EXPECT_TRUE(config.server.access.anonymous);
  EXPECT_TRUE(config.issuers.front().publisher.names_key());
  option("anonymous", "false");
  EXPECT_EQ(fault(), "--anonymous cannot be false with --dev, which lets anybody subscribe");
}

TEST_F(ServeConfigTest, WhatIsPrintedIsAConfigurationWithoutSecrets) {
  write("rules.toml", "[[rule]]\ntopics = [\"a\"]\nmax_updates = 1\n");
  write("key", kOtherSecret);
  write("hub.toml", "history-rules = \"rules.toml\"\ndata = \"lo\\\"g\"\ncors-origin = [\"https://a.example\"]\n" +
                        ("publisher-key = \"" + kSecret) +
                        "\"\nsubscriber-key-file = \"key\"\n[limits]\ndrain_ms = 7\n");
  arguments_.config = path("hub.toml");
  option("threads", "2");
  arguments_.environment = {{"MERCURE_EXTRA_DIRECTIVES", "ui"}, {"FANFARE_ANONYMOUS", "true"}};
  const ServeConfig config = read();
  const std::string text = effective_toml(config);
  EXPECT_EQ(text.find(kSecret), std::string::npos);
  EXPECT_EQ(text.find(kOtherSecret), std::string::npos);
  EXPECT_NE(text.find("# publisher-key = (not shown)"), std::string::npos) << text;
  for (const char* comment : {"# flag\n", "# environment FANFARE_ANONYMOUS\n", "hub.toml:1\n", "hub.toml:7\n",
                              "# default\n", "# MERCURE_EXTRA_DIRECTIVES line 1: ui has no effect: "}) {
    EXPECT_NE(text.find(comment), std::string::npos) << comment << "\n" << text;
  }
  const auto again = parse_config_file(text, "/elsewhere/hub.toml");
  ASSERT_TRUE(again) << again.error().message;
  for (const auto& [name, given] : config.effective.settings) {
    if (name == "publisher-key") continue;
    ASSERT_TRUE(again->settings.contains(name)) << name;
    EXPECT_EQ(again->settings.at(name).texts, given.texts) << name;
  }
  EXPECT_EQ(again->limits.at("drain_ms").texts.front(), "7");
  EXPECT_EQ(again->limits.size(), limit_fields().size());
}

TEST_F(ServeConfigTest, IssuersHaveKeysOfTheirOwn) {
  option("log", "memory");
  write("one", kSecret);
  arguments_.config = path("hub.toml");
  const std::string one = "[[issuer]]\nname = \"one\"\npublisher-key-file = \"one\"\n";
  const std::string two = "[[issuer]]\nname = \"two\"\nsubscriber-jwks-url = \"https://two.example/keys\"\n";
  write("hub.toml", one + two);
  const ServeConfig started = read();
  ASSERT_EQ(started.issuers.size(), 3u) << "the one without a name too";
  EXPECT_EQ(started.issuers[1].name, "one");
  EXPECT_EQ(started.issuers[1].publisher.text, kSecret);
  EXPECT_FALSE(started.issuers[1].subscriber.names_any());
  EXPECT_EQ(started.issuers[2].subscriber.jwks_url, "https://two.example/keys");

  const auto again = parse_config_file(effective_toml(started), "/elsewhere/hub.toml");
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->issuers.size(), 2u);
  EXPECT_EQ(text_of(again->issuers[1].keys, "subscriber-jwks-url"), "https://two.example/keys");

  write("one", kOtherSecret);
  EXPECT_EQ(changes_between(started, started, read()).taken, std::vector<std::string>{"issuer 'one'"});
  write("one", kSecret);
  const std::string third = "[[issuer]]\nname = \"three\"\nsubscriber-key-file = \"one\"\n";
  write("hub.toml", one + third);
  EXPECT_EQ(changes_between(started, started, read()).taken,
            (std::vector<std::string>{"issuer 'two'", "issuer 'three'"}));
}

TEST_F(ServeConfigTest, FaultsOfIssuersNameThem) {
  option("dev", "true");
  option("log", "memory");
  arguments_.config = path("hub.toml");
  const std::string file = path("hub.toml");
  const std::string begin = "[[issuer]]\nname = \"one\"\n";
  const std::pair<std::string, std::string> rows[] = {
      {"issuer = 1", file + ":1:10: issuer takes tables: [[issuer]], not"},
      {"[[issuer]]\npublisher-key-file = \"x\"", "an issuer takes a name"},
      {"[[issuer]]\n", "an issuer takes a name"},
      {begin, "issuer 'one': it has no keys"},
      {begin + "publisher-kee = \"x\"", file + ":3:1: unknown key 'publisher-kee'; did you mean 'publisher-key'"},
      {begin + "anonymous = true", file + ":3:1: unknown key 'anonymous'"},
      {begin + "publisher-key-file = \"none\"", file + ":3: publisher-key-file"},
      {begin + "publisher-jwks-url = \"ftp://x\"", "issuer 'one': " + file + ":3: publisher-jwks-url: "},
      {begin + "publisher-key = \"!ChangeMe!\"\n" + begin + "publisher-key = \"x\"", "two issuers named 'one'"},
  };
  for (const auto& [text, message] : rows) {
    write("hub.toml", text);
    EXPECT_NE(fault().find(message), std::string::npos) << fault();
  }
  arguments_.options.settings.erase("dev");
  option("anonymous", "true");
  write("hub.toml", begin + "publisher-key = \"short\"");
  EXPECT_NE(fault().find(file + ":3: publisher-key: a secret for HS256 has 32 bytes"), std::string::npos) << fault();
}

TEST_F(ServeConfigTest, WhatIsPrintedNamesFilesWhereverItIsReadAndNoQueryOfAUrl) {
  option("log", "memory");
  write("hub.toml", "publisher-key = \"" + kSecret + "\"\nsubscriber-jwks-url = \"https://id.example/keys?secret\"\n");
  arguments_.config = path("hub.toml");
  const std::string text = effective_toml(read());
  EXPECT_NE(text.find("# subscriber-jwks-url = \"https://id.example/keys"), std::string::npos) << text;
  EXPECT_EQ(text.find("?secret"), std::string::npos) << text;
  ServeConfig relative = read();
  relative.effective.settings["data"] = {{"log"}, {}};
  EXPECT_NE(effective_toml(relative).find("data = \"" + std::filesystem::absolute("log").string() + "\""),
            std::string::npos);
}

TEST_F(ServeConfigTest, ChangesAreNamedByWhatTheyTake) {
  write("key", kSecret);
  arguments_.config = path("hub.toml");
  const std::string always = "publisher-key-file = \"key\"\nanonymous = true\ndata = \"log\"\n";
  write("hub.toml", always + "[limits]\ndrain_ms = 1\n");
  const ServeConfig started = read();
  EXPECT_TRUE(changes_between(started, started, read()).taken.empty());
  EXPECT_TRUE(changes_between(started, started, read()).need_restart.empty());

  write("key", kOtherSecret);
  write("hub.toml", always +
                        "listen = [\":81\"]\ncors-origin = [\"*\"]\n[limits]\ndrain_ms = 2\nhistory_updates_max = 5\n"
                        "durable_log_check_ms = 9\nrules_max = 9\n");
  const ServeConfig now = read();
  using Names = std::vector<std::string>;
  const Changes changes = changes_between(started, started, now);
  EXPECT_EQ(changes.taken, (Names{"publisher-key-file", "cors-origin", "limits.drain_ms"}));
  const Names need_restart = {"listen", "limits.history_updates_max", "limits.rules_max",
                              "limits.durable_log_check_ms"};
  EXPECT_EQ(changes.need_restart, need_restart);
  const Changes later = changes_between(started, now, now);
  EXPECT_TRUE(later.taken.empty());
  EXPECT_EQ(later.need_restart, need_restart) << "still";
}

TEST_F(ServeConfigTest, OtherRulesInTheSameFileNeedARestart) {
  option("dev", "true");
  option("data", path("log"));
  option("history-rules", path("rules.toml"));
  write("rules.toml", "[[rule]]\ntopics = [\"a\"]\nmax_updates = 1\n");
  const ServeConfig started = read();
  write("rules.toml", "[[rule]]\ntopics = [\"a\"]\nmax_updates = 2\n");
  EXPECT_EQ(changes_between(started, started, read()).need_restart, std::vector<std::string>{"history-rules"});
}

// Run from the project's folder.
TEST_F(ServeConfigTest, TheExampleOfTheDocumentationIsGood) {
  std::stringstream page;
  page << std::ifstream("docs/configuration.md").rdbuf();
  const std::string text = std::move(page).str();
  constexpr std::string_view kBegin = "```toml\n";
  const auto begin = text.find(kBegin);
  ASSERT_NE(begin, text.npos);
  const std::string example = text.substr(begin + kBegin.size(), text.find("```\n", begin + 1) - begin - kBegin.size());
  const auto layer = parse_config_file(example, "docs/configuration.md");
  ASSERT_TRUE(layer) << layer.error().message;
  for (const Setting& setting : settings()) {
    EXPECT_NE(example.find(std::string(setting.name)), example.npos) << setting.name << " is missing";
  }
}

}  // namespace
}  // namespace fanfare::cli
