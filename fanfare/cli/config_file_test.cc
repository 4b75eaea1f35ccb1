#include "fanfare/cli/config_file.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

std::string told(std::string_view text) {
  const auto layer = parse_config_file(text, "hub.toml");
  return layer ? "read" : layer.error().message;
}

TEST(ConfigFile, EverySettingIsAKey) {
  for (const Setting& setting : settings()) {
    std::string value = "\"x\"";
    if (setting.kind == SettingKind::kSwitch) value = "true";
    if (setting.kind == SettingKind::kNumber) value = "1";
    if (setting.kind == SettingKind::kChoice) value = "\"" + std::string(setting.choices.front()) + "\"";
    if (setting.kind == SettingKind::kLimits) continue;
    EXPECT_EQ(told(std::string(setting.name) + " = " + value), "read");
  }
}

TEST(ConfigFile, ValuesKnowWhereTheyStand) {
  const auto layer = parse_config_file(R"(threads = 2
anonymous = true
cors-origin = ["https://a.example", "https://b.example"]
publish-origin = "https://a.example"
[limits]
heartbeat_ms = 5000
)",
                                       "/etc/hub.toml");
  ASSERT_TRUE(layer) << layer.error().message;
  EXPECT_EQ(layer->text("threads"), "2");
  EXPECT_TRUE(layer->is_on("anonymous"));
  EXPECT_EQ(layer->settings.at("cors-origin").texts.back(), "https://b.example");
  EXPECT_EQ(layer->text("publish-origin"), "https://a.example");
  EXPECT_EQ(layer->limits.at("heartbeat_ms").texts.front(), "5000");
  EXPECT_EQ(layer->limits.at("heartbeat_ms").origin.place, "/etc/hub.toml:6");
  EXPECT_EQ(layer->settings.at("threads").origin.from, Origin::From::kFile);
}

TEST(ConfigFile, FilesThatItNamesAreBesideIt) {
  const auto layer = parse_config_file("data = \"log\"\npublisher-key-file = \"/run/secrets/key\"", "/etc/f/hub.toml");
  ASSERT_TRUE(layer) << layer.error().message;
  EXPECT_EQ(layer->text("data"), "/etc/f/log");
  EXPECT_EQ(layer->text("publisher-key-file"), "/run/secrets/key");
  EXPECT_EQ(parse_config_file("data = \"log\"", "hub.toml")->text("data"), "log");
}

TEST(ConfigFile, WhatIsWrongIsToldWithItsPlaceAndWhatWouldBeRight) {
  const std::pair<const char*, const char*> rows[] = {
      {"lisen = \":80\"", "hub.toml:1:1: unknown key 'lisen'; did you mean 'listen'?"},
      {"publisher_key = \"x\"", "hub.toml:1:1: unknown key 'publisher_key'; did you mean 'publisher-key'?"},
      {"limit = 1", "hub.toml:1:1: unknown key 'limit'; did you mean 'limits'?"},
      {"config = \"x\"",
       "hub.toml:1:1: unknown key 'config'; there is listen, tls-listen, tls-certificate, tls-key, tls-self-signed, "
       "dev, "},
      {"heartbeat_ms = 1", "hub.toml:1:1: heartbeat_ms is a limit: put it below [limits]"},
      {"[limits]\nthreads = 1", "hub.toml:2:1: threads is no limit: put it above the table [limits]"},
      {"[limits]\nheartbeat = \"1\"", "hub.toml:2: there is no limit named 'heartbeat'; did you mean 'heartbeat_ms'?"},
      {"dev = 1", "hub.toml:1:7: dev takes true or false, not an integer"},
      {"dev = \"true\"", "hub.toml:1:7: dev takes true or false, not a string"},
      {"\nthreads = \"2\"", "hub.toml:2:11: threads takes a whole number, not a string"},
      {"threads = 0", "hub.toml:1: threads takes a whole number from 1 to 256, not '0'"},
      {"threads = -1", "hub.toml:1: threads takes a whole number from 1 to 256, not '-1'"},
      {"data = 1", "hub.toml:1:8: data takes a string, not an integer"},
      {"data = \"\"", "hub.toml:1: data takes a value, not ''"},
      {"listen = 8080", "hub.toml:1:10: listen takes an array of strings, not an integer"},
      {"listen = [\":80\", 8080]", "hub.toml:1:18: listen takes strings, not an integer"},
      {"log-level = \"loud\"", "hub.toml:1: log-level takes debug, info, warning or error, not 'loud'"},
      {"limits = 1", "hub.toml:1:10: limits takes a table: [limits], not an integer"},
      {"[limits]\nheartbeat_ms = \"15s\"", "hub.toml:2:16: heartbeat_ms takes a whole number, not a string"},
      {"[limits]\nheartbeat_ms = -1", "hub.toml:2: heartbeat_ms takes a whole number, not '-1'"},
      {"[limits]\nheartbeat = 1", "hub.toml:2: there is no limit named 'heartbeat'; did you mean 'heartbeat_ms'?"},
      {"[listen]\na = 1", "hub.toml:1:1: listen takes an array of strings, not a table"},
  };
  for (const auto& [text, message] : rows) EXPECT_EQ(told(text).find(message), 0u) << told(text);
}

TEST(ConfigFile, ASecretIsNotInAMessage) {
  EXPECT_EQ(told("publisher-key = [\"hidden\"]").find("hidden"), std::string::npos);
}

TEST(ConfigFile, AFileThatCannotBeReadIsNamed) {
  const auto missing = read_config_file("/nowhere/hub.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot read the configuration '/nowhere/hub.toml': No such file or directory");
}

}  // namespace
}  // namespace fanfare::cli
