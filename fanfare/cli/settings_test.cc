#include "fanfare/cli/settings.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

const Origin kOption = {Origin::From::kOption, "--x"};
const Origin kFile = {Origin::From::kFile, "hub.toml:3"};

Result<void> give(Layer& layer, std::string_view name, std::vector<std::string> texts, const Origin& origin = kOption) {
  return layer.give(*find_setting(name), std::move(texts), origin);
}

Layer layer_with(std::initializer_list<std::pair<const char*, const char*>> texts) {
  Layer layer;
  for (const auto& [name, text] : texts) EXPECT_TRUE(give(layer, name, {text})) << name;
  return layer;
}

std::string fault(std::string_view name, const char* text, const Origin& origin = kOption) {
  Layer layer;
  const auto given = give(layer, name, {text}, origin);
  return given ? "none" : given.error().message;
}

TEST(Settings, HaveNamesThatAreOptionsKeysAndVariables) {
  for (const Setting& setting : settings()) {
    EXPECT_EQ(find_setting(setting.name), &setting);
    EXPECT_EQ(setting.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << setting.name;
    EXPECT_EQ(setting.value_name.empty(), setting.kind == SettingKind::kSwitch) << setting.name;
    EXPECT_EQ(setting.choices.empty(), setting.kind != SettingKind::kChoice) << setting.name;
    EXPECT_FALSE(setting.help.empty());
  }
  EXPECT_EQ(variable_of(*find_setting("publisher-key-file")), "FANFARE_PUBLISHER_KEY_FILE");
  EXPECT_EQ(find_setting("publisher_key_file"), nullptr);
}

TEST(Settings, DefaultsAreOfTheirForm) {
  for (const Setting& setting : settings()) {
    if (setting.fallback.empty()) continue;
    EXPECT_EQ(fault(setting.name, std::string(setting.fallback).c_str()), "none") << setting.name;
  }
}

TEST(SettingsLayer, TakesOnlyWhatIsOfTheForm) {
  struct Row {
    const char* name;
    const char* text;
    const char* told;
  };
  const Row rows[] = {
      {"anonymous", "true", "none"},
      {"anonymous", "yes", "--anonymous takes true or false, not 'yes'"},
      {"threads", "256", "none"},
      {"threads", "257", "--threads takes a whole number from 1 to 256, not '257'"},
      {"threads", "0", "--threads takes a whole number from 1 to 256, not '0'"},
      {"threads", "1x", "--threads takes a whole number from 1 to 256, not '1x'"},
      {"threads", "", "--threads takes a whole number from 1 to 256, not ''"},
      {"durability", "os", "none"},
      {"durability", "paper", "--durability takes fsync, os or memory, not 'paper'"},
      {"data", "", "--data takes a value, not ''"},
      {"publisher-key", "", "--publisher-key takes a value"},
      {"limit", "heartbeat_ms=5", "none"},
      {"limit", "heartbeat_ms", "--limit: heartbeat_ms takes a whole number, not ''"},
      {"limit", "heartbeat_ms=5s", "--limit: heartbeat_ms takes a whole number, not '5s'"},
      {"limit", "hartbeat_ms=5", "--limit: there is no limit named 'hartbeat_ms'; did you mean 'heartbeat_ms'?"},
  };
  for (const Row& row : rows) EXPECT_EQ(fault(row.name, row.text), row.told);
  EXPECT_EQ(fault("threads", "0", kFile), "hub.toml:3: threads takes a whole number from 1 to 256, not '0'");
  EXPECT_EQ(fault("threads", "0", {Origin::From::kEnvironment, "FANFARE_THREADS"}),
            "$FANFARE_THREADS takes a whole number from 1 to 256, not '0'");
}

TEST(SettingsLayer, ListsHoldAllAndLimitsHaveATableOfTheirOwn) {
  Layer layer;
  ASSERT_TRUE(give(layer, "cors-origin", {"https://a.example", "https://b.example"}));
  ASSERT_TRUE(give(layer, "limit", {"drain_ms=1", "heartbeat_ms=2", "drain_ms=3"}));
  EXPECT_EQ(layer.settings.at("cors-origin").texts.size(), 2u);
  EXPECT_EQ(layer.limits.at("drain_ms").texts.front(), "3");
  EXPECT_EQ(layer.limits.size(), 2u);
  EXPECT_FALSE(layer.settings.contains("limit"));
}

TEST(SettingsLayers, TheHigherCounts) {
  Layer high = layer_with({{"threads", "1"}, {"limit", "drain_ms=1"}});
  Layer low = layer_with({{"threads", "2"}, {"unknown-id", "replay"}, {"limit", "drain_ms=2"}});
  ASSERT_TRUE(give(low, "limit", {"heartbeat_ms=2"}));
  const Layer layers[] = {high, low};
  const Layer all = merged(layers);
  EXPECT_EQ(all.text("threads"), "1");
  EXPECT_EQ(all.text("unknown-id"), "replay");
  EXPECT_EQ(all.limits.at("drain_ms").texts.front(), "1");
  EXPECT_EQ(all.limits.at("heartbeat_ms").texts.front(), "2");
  EXPECT_EQ(all.text("data"), "");
  EXPECT_FALSE(all.is_on("anonymous"));
}

TEST(SettingsLayers, AKeyDisplacesTheLowerKeyWithItsAlgorithmHoweverItIsGiven) {
  const Layer layers[] = {layer_with({{"publisher-key-file", "high"}}),
                          layer_with({{"publisher-key", "low"}, {"publisher-alg", "HS512"}, {"subscriber-key", "s"}})};
  const Layer all = merged(layers);
  EXPECT_EQ(all.text("publisher-key-file"), "high");
  EXPECT_FALSE(all.settings.contains("publisher-key"));
  EXPECT_FALSE(all.settings.contains("publisher-alg"));
  EXPECT_EQ(all.text("subscriber-key"), "s");
}

TEST(SettingsLayers, AnAlgorithmDisplacesOnlyAnAlgorithm) {
  const Layer layers[] = {layer_with({{"publisher-alg", "HS384"}}),
                          layer_with({{"publisher-key", "low"}, {"publisher-alg", "HS512"}})};
  const Layer all = merged(layers);
  EXPECT_EQ(all.text("publisher-key"), "low");
  EXPECT_EQ(all.text("publisher-alg"), "HS384");
}

TEST(SettingsLayers, WhereTheLogIsIsSaidByTheHighest) {
  const Layer layers[] = {layer_with({{"log", "memory"}}), layer_with({{"data", "/d"}})};
  EXPECT_FALSE(merged(layers).settings.contains("data"));
  const Layer turned[] = {layers[1], layers[0]};
  EXPECT_FALSE(merged(turned).settings.contains("log"));
}

TEST(SettingsOrigin, IsToldInMessagesAndComments) {
  EXPECT_EQ(comment_of(kFile), "file hub.toml:3");
  EXPECT_EQ(comment_of({Origin::From::kEnvironment, "SERVER_NAME"}), "environment SERVER_NAME");
  EXPECT_EQ(comment_of(kOption), "flag");
  EXPECT_EQ(comment_of({}), "default");
  EXPECT_EQ(comment_of({Origin::From::kDefault, "for development"}), "default: for development");
  EXPECT_EQ(name_at({}, "threads"), "--threads");
}

}  // namespace
}  // namespace fanfare::cli
