#include "fanfare/cli/environment.h"

#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

std::string told(const Environment& environment) {
  const auto layer = read_variables(environment);
  return layer ? "read" : layer.error().message;
}

TEST(Environment, GivesEverySettingByItsName) {
  const auto layer = read_variables({{"FANFARE_THREADS", "3"},
                                     {"FANFARE_ANONYMOUS", "true"},
                                     {"FANFARE_LISTEN", " :80  [::1]:81\n"},
                                     {"FANFARE_LIMIT", "drain_ms=1 heartbeat_ms=2"},
                                     {"FANFARE_PUBLISHER_KEY", "two words"},
                                     {"PATH", "/bin"}});
  ASSERT_TRUE(layer) << layer.error().message;
  EXPECT_EQ(layer->text("threads"), "3");
  EXPECT_TRUE(layer->is_on("anonymous"));
  EXPECT_EQ(layer->settings.at("listen").texts, (std::vector<std::string>{":80", "[::1]:81"}));
  EXPECT_EQ(layer->limits.at("heartbeat_ms").texts.front(), "2");
  EXPECT_EQ(layer->text("publisher-key"), "two words");
  EXPECT_EQ(comment_of(layer->settings.at("threads").origin), "environment FANFARE_THREADS");
}

TEST(Environment, AVariableThatIsNoSettingIsAnError) {
  EXPECT_EQ(told({{"FANFARE_PUBLISHER_KEYFILE", "x"}}),
            "there is no setting for $FANFARE_PUBLISHER_KEYFILE; did you mean 'FANFARE_PUBLISHER_KEY_FILE'?");
  EXPECT_EQ(told({{"FANFARE_THREADS", "many"}}), "$FANFARE_THREADS takes a whole number from 1 to 256, not 'many'");
  EXPECT_NE(told({{"FANFARE_", "x"}}), "read");
}

TEST(Environment, WhatOthersPutThereIsLeftAlone) {
  EXPECT_EQ(told({{"FANFARE_HUB", "http://a"}, {"FANFARE_TOKEN", "t"}, {"FANFARE_CONFIG", "f"}}), "read");
  EXPECT_EQ(told({{"FANFARE_SERVICE_HOST", "10.0.0.1"},
                  {"FANFARE_SERVICE_PORT_HTTP", "80"},
                  {"FANFARE_PORT", "tcp://10.0.0.1:80"},
                  {"FANFARE_PORT_80_TCP_ADDR", "10.0.0.1"},
                  {"FANFARE_NAME", "/web/fanfare"}}),
            "read")
      << "of a service or link that is called fanfare";
}

TEST(Environment, AnEmptyVariableIsNone) {
  ::setenv("FANFARE_THREADS", "", 1);
  ::setenv("FANFARE_DATA", "a=b", 1);
  const Environment environment = read_environment();
  ::unsetenv("FANFARE_THREADS");
  ::unsetenv("FANFARE_DATA");
  EXPECT_FALSE(environment.contains("FANFARE_THREADS"));
  EXPECT_EQ(value_in(environment, "FANFARE_DATA"), "a=b");
  EXPECT_EQ(value_in(environment, "FANFARE_THREADS"), "");
}

}  // namespace
}  // namespace fanfare::cli
