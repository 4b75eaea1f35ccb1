#include "fanfare/url/uri_template.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <memory>
#include <vector>

namespace fanfare::url {
namespace {

RE2::Options bytes() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  return options;
}

// Parses from a buffer of exactly the right size, so that a sanitizer sees any read past its end.
Result<TemplatePattern> parse(std::string_view text) {
  const auto exact = std::make_unique<char[]>(text.size());
  text.copy(exact.get(), text.size());
  return parse_uri_template({exact.get(), text.size()});
}

bool matches(std::string_view text, std::string_view uri) {
  const auto pattern = parse(text);
  EXPECT_TRUE(pattern) << text << ": " << pattern.error().message;
  if (!pattern) return false;
  const RE2 regex(pattern->regex, bytes());
  EXPECT_TRUE(regex.ok()) << pattern->regex << ": " << regex.error();
  const bool matched = RE2::FullMatch(re2::StringPiece(uri.data(), uri.size()), regex);
  EXPECT_TRUE(!matched || uri.starts_with(pattern->literal_prefix)) << text;
  return matched;
}

struct Row {
  std::string_view text;
  std::vector<std::string_view> uris;
};

void expect_matches(std::initializer_list<Row> rows) {
  for (const auto& row : rows) {
    for (const auto uri : row.uris) EXPECT_TRUE(matches(row.text, uri)) << row.text << " should match " << uri;
  }
}

void expect_no_match(std::initializer_list<Row> rows) {
  for (const auto& row : rows) {
    for (const auto uri : row.uris) EXPECT_FALSE(matches(row.text, uri)) << row.text << " should not match " << uri;
  }
}

// The examples of RFC 6570, with the values of its section 3.2: undef is undefined, list is (red, green, blue), keys
// is [(semi, ;), (dot, .), (comma, ,)]. An array has no order, so two orders are tried.

TEST(UriTemplate, SimpleAndReservedAndFragmentExpansionsOfTheRfcMatch) {
  expect_matches({
      {"{count}", {"one,two,three"}},
      {"{count*}", {"one,two,three"}},
      {"{var}", {"value", ""}},
      {"{hello}", {"Hello%20World%21"}},
      {"{half}", {"50%25"}},
      {"O{empty}X", {"OX"}},
      {"O{undef}X", {"OX"}},
      {"{x,y}", {"1024,768", "1024", "768", ""}},
      {"{x,hello,y}", {"1024,Hello%20World%21,768"}},
      {"?{x,empty}", {"?1024,"}},
      {"?{x,undef}", {"?1024"}},
      {"?{undef,y}", {"?768"}},
      {"{var:3}", {"val"}},
      {"{var:30}", {"value"}},
      {"{list}", {"red,green,blue"}},
      {"{list*}", {"red,green,blue"}},
      {"{keys}", {"semi,%3B,dot,.,comma,%2C"}},
      {"{keys*}", {"semi=%3B,dot=.,comma=%2C", "comma=%2C,dot=.,semi=%3B"}},
      {"{+var}", {"value"}},
      {"{+hello}", {"Hello%20World!"}},
      {"{+half}", {"50%25"}},
      {"{base}index", {"http%3A%2F%2Fexample.com%2Fhome%2Findex"}},
      {"{+base}index", {"http://example.com/home/index"}},
      {"O{+empty}X", {"OX"}},
      {"O{+undef}X", {"OX"}},
      {"{+path}/here", {"/foo/bar/here"}},
      {"here?ref={+path}", {"here?ref=/foo/bar"}},
      {"up{+path}{var}/here", {"up/foo/barvalue/here"}},
      {"{+x,hello,y}", {"1024,Hello%20World!,768"}},
      {"{+path,x}/here", {"/foo/bar,1024/here"}},
      {"{+path:6}/here", {"/foo/b/here"}},
      {"{+list}", {"red,green,blue"}},
      {"{+list*}", {"red,green,blue"}},
      {"{+keys}", {"semi,;,dot,.,comma,,"}},
      {"{+keys*}", {"semi=;,dot=.,comma=,"}},
      {"{#var}", {"#value", ""}},
      {"{#hello}", {"#Hello%20World!"}},
      {"{#half}", {"#50%25"}},
      {"foo{#empty}", {"foo#"}},
      {"foo{#undef}", {"foo"}},
      {"{#x,hello,y}", {"#1024,Hello%20World!,768"}},
      {"{#path,x}/here", {"#/foo/bar,1024/here"}},
      {"{#path:6}/here", {"#/foo/b/here"}},
      {"{#list}", {"#red,green,blue"}},
      {"{#list*}", {"#red,green,blue"}},
      {"{#keys}", {"#semi,;,dot,.,comma,,"}},
      {"{#keys*}", {"#semi=;,dot=.,comma=,"}},
  });
}

TEST(UriTemplate, LabelAndPathExpansionsOfTheRfcMatch) {
  expect_matches({
      {"{.who}", {".fred", ""}},
      {"{.who,who}", {".fred.fred"}},
      {"{.half,who}", {".50%25.fred"}},
      {"www{.dom*}", {"www.example.com"}},
      {"X{.var}", {"X.value"}},
      {"X{.empty}", {"X."}},
      {"X{.undef}", {"X"}},
      {"X{.var:3}", {"X.val"}},
      {"X{.list}", {"X.red,green,blue"}},
      {"X{.list*}", {"X.red.green.blue"}},
      {"X{.keys}", {"X.semi,%3B,dot,.,comma,%2C"}},
      {"X{.keys*}", {"X.semi=%3B.dot=..comma=%2C", "X.comma=%2C.semi=%3B.dot=."}},
      {"X{.empty_keys}", {"X"}},
      {"X{.empty_keys*}", {"X"}},
      {"{/who}", {"/fred"}},
      {"{/who,who}", {"/fred/fred"}},
      {"{/half,who}", {"/50%25/fred"}},
      {"{/who,dub}", {"/fred/me%2Ftoo"}},
      {"{/var}", {"/value"}},
      {"{/var,empty}", {"/value/"}},
      {"{/var,undef}", {"/value"}},
      {"{/var,x}/here", {"/value/1024/here"}},
      {"{/var:1,var}", {"/v/value"}},
      {"{/list}", {"/red,green,blue"}},
      {"{/list*}", {"/red/green/blue"}},
      {"{/list*,path:4}", {"/red/green/blue/%2Ffoo"}},
      {"{/keys}", {"/semi,%3B,dot,.,comma,%2C"}},
      {"{/keys*}", {"/semi=%3B/dot=./comma=%2C"}},
  });
}

TEST(UriTemplate, ParameterAndQueryExpansionsOfTheRfcMatch) {
  expect_matches({
      {"{;who}", {";who=fred", ""}},
      {"{;half}", {";half=50%25"}},
      {"{;empty}", {";empty"}},
      {"{;v,empty,who}", {";v=6;empty;who=fred"}},
      {"{;v,bar,who}", {";v=6;who=fred"}},
      {"{;x,y}", {";x=1024;y=768"}},
      {"{;x,y,empty}", {";x=1024;y=768;empty"}},
      {"{;x,y,undef}", {";x=1024;y=768"}},
      {"{;hello:5}", {";hello=Hello"}},
      {"{;list}", {";list=red,green,blue"}},
      {"{;list*}", {";list=red;list=green;list=blue"}},
      {"{;keys}", {";keys=semi,%3B,dot,.,comma,%2C"}},
      {"{;keys*}", {";semi=%3B;dot=.;comma=%2C"}},
      {"{?who}", {"?who=fred", ""}},
      {"{?half}", {"?half=50%25"}},
      {"{?x,y}", {"?x=1024&y=768", "?x=1024", "?y=768"}},
      {"{?x,y,empty}", {"?x=1024&y=768&empty="}},
      {"{?x,y,undef}", {"?x=1024&y=768"}},
      {"{?var:3}", {"?var=val"}},
      {"{?list}", {"?list=red,green,blue"}},
      {"{?list*}", {"?list=red&list=green&list=blue"}},
      {"{?keys}", {"?keys=semi,%3B,dot,.,comma,%2C"}},
      {"{?keys*}", {"?semi=%3B&dot=.&comma=%2C"}},
      {"{&who}", {"&who=fred"}},
      {"{&half}", {"&half=50%25"}},
      {"?fixed=yes{&x}", {"?fixed=yes&x=1024"}},
      {"{&x,y,empty}", {"&x=1024&y=768&empty="}},
      {"{&x,y,undef}", {"&x=1024&y=768"}},
      {"{&var:3}", {"&var=val"}},
      {"{&list}", {"&list=red,green,blue"}},
      {"{&list*}", {"&list=red&list=green&list=blue"}},
      {"{&keys}", {"&keys=semi,%3B,dot,.,comma,%2C"}},
      {"{&keys*}", {"&semi=%3B&dot=.&comma=%2C"}},
      {"{?a.b,%C3%A9}", {"?a.b=1&%C3%A9=2"}},
  });
}

TEST(UriTemplate, WhatNoExpansionGivesDoesNotMatch) {
  expect_no_match({
      {"{var}", {"a/b", "a?b", "a=b", "Hello World", "50%", "50%2", "50%2g", "a!", "\xC3\xA9", "a\n"}},
      {"{keys*}", {"a=b=c", "a;b"}},
      {"{x,y}", {"a;b", "a=b"}},
      {"{+path}", {"a b", "a\"b", "50%", "a\xFF"}},
      {"{#var}", {"value", "x#value"}},
      {"X{.var}", {"Xvalue", "X.a/b"}},
      {"{/var}", {"value", "/a/b", "//"}},
      {"{/a,b}", {"/a/b/c"}},
      {"{/list*}", {"red", "/red?"}},
      {"{;x,y}", {";y=1;x=2", ";x=", ";x=1y=2", ";z=1", "x=1", ";x=1;", ";x=1;x=1"}},
      {"{;x:3}", {";x=", ";x=abcd", ";x=a,b"}},
      {"{?x,y}", {"?", "?x", "?y=1&x=2", "?x=1&", "?x=1y=2", "?&y=1", "&x=1", "?x=1&x=1", "?z=1"}},
      {"{?x,y,z}", {"?z=1&x=2", "?x=1?y=2", "?x=1&z=2&y=3"}},
      {"{?list*}", {"?list", "?a=1&b"}},
      {"{&x}", {"?x=1", "&x"}},
      {"{?a.b}", {"?axb=1"}},
  });
}

TEST(UriTemplate, AVariableOfAPathDoesNotReachIntoTheNextSegment) {
  constexpr std::string_view kBooks = "https://example.com/books/{id}";
  expect_matches(
      {{kBooks, {"https://example.com/books/1", "https://example.com/books/", "https://example.com/books/%2F"}}});
  expect_no_match(
      {{kBooks,
        {"https://example.com/books/1/reviews", "https://example.com/books", "https://example.com/books/1?a",
         "http://example.com/books/1", "https://exampleXcom/books/1", "xhttps://example.com/books/1"}}});
}

TEST(UriTemplate, AnyVariableOfSeveralMayBeUndefined) {
  expect_matches({{"{?a,b,c,d}", {"", "?a=", "?d=", "?a=&d=", "?b=&c=", "?a=&b=&c=&d=", "?a=&c=&d="}},
                  {"{/a,b,c}", {"", "/1", "/1/2", "/1/2/3"}},
                  {"{a:1,b:1,c:1}", {"", "1", "1,2", ",", "1,2,3"}}});
  expect_no_match({{"{a:1,b:1,c:1}", {"12", "1,2,3,4", "1,22"}}});
}

TEST(UriTemplate, APrefixCountsCharactersNotBytes) {
  expect_matches(
      {{"{v:2}", {"", "a", "ab", "%20b", "%C3%A9%C3%A9", "%F0%9F%8E%BA%e2%82%ac"}}, {"{+v:2}", {"//", "%C3%A9!"}}});
  expect_no_match({{"{v:2}", {"abc", "%20%20%20", "%C3%A9%C3%A9%C3%A9", "a,b"}}, {"{+v:2}", {"///"}}});
}

TEST(UriTemplate, PrefixesBeyondTheCountedCharactersMatchAnyLength) {
  const std::string hundred(100, 'x');
  EXPECT_TRUE(matches("{v:100}", hundred));
  EXPECT_FALSE(matches("{v:100}", hundred + "x"));
  EXPECT_TRUE(matches("{v:101}", hundred + "xxx"));
  EXPECT_FALSE(matches("{v:101}", "a,b"));
  EXPECT_FALSE(matches("{a:60}/{b:40}", hundred + "/"));
  EXPECT_FALSE(matches("{a:60}/{b:40}", "/" + hundred));
  EXPECT_TRUE(matches("{a:60}/{b:41}", "/" + hundred));
}

TEST(UriTemplate, ALiteralThatNoUriMayHoldMatchesRawAndEncoded) {
  expect_matches({
      {"a b{x}", {"a b", "a%20b"}},
      {"\xC3\xA9{x}", {"\xC3\xA9", "%C3%A9", "%c3%a9"}},
      {"\"<>\\^`|{x}", {"\"<>\\^`|", "%22%3C%3E%5C%5E%60%7C"}},
      {"5%{x}", {"5%", "5%25"}},
      {"%41%{x}", {"%41%", "%41%25"}},
      {"(a)[b]$+.*?{x}", {"(a)[b]$+.*?"}},
  });
  expect_no_match({{"a b{x}", {"a+b"}}, {"%41{x}", {"A", "%2541"}}, {"a{x}", {"%61", "A"}}, {"a.b{x}", {"axb"}}});
  using namespace std::string_view_literals;
  EXPECT_TRUE(matches("a\0b{x}"sv, "a\0b"sv));
  EXPECT_TRUE(matches("a\nb{x}", "a\nb"));
}

TEST(UriTemplate, TheLiteralPrefixEndsBeforeTheFirstThingThatVaries) {
  const struct {
    std::string_view text, prefix;
  } rows[] = {
      {"https://example.com/books/{id}", "https://example.com/books/"},
      {"{id}", ""},
      {"a%20b.{x}c{y}d", "a%20b."},
      {"a b{x}", "a"},
      {"\xC3\xA9{x}", ""},
      {"no-expression", "no-expression"},
      {"{x}after", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(parse(row.text).value().literal_prefix, row.prefix) << row.text;
}

TEST(UriTemplate, ErrorsNameTheirPlace) {
  const struct {
    std::string_view text, message;
  } rows[] = {
      {"{", "at byte 1: '{' is not closed"},
      {"ab{c", "at byte 4: '{' is not closed"},
      {"ab{c,", "at byte 5: a variable name is missing"},
      {"a}", "at byte 1: '}' without '{'"},
      {"{a}}", "at byte 3: '}' without '{'"},
      {"{}", "at byte 1: the expression is empty"},
      {"{a{b}}", "at byte 2: a variable must be followed by"},
      {"{{a}}", "at byte 1: a variable name or one of"},
      {"{/}", "at byte 2: a variable name is missing"},
      {"{a,}", "at byte 3: a variable name is missing"},
      {"{,a}", "at byte 1: the operator is reserved"},
      {"{=a}", "at byte 1: the operator is reserved"},
      {"{!a}", "at byte 1: the operator is reserved"},
      {"{@a}", "at byte 1: the operator is reserved"},
      {"{|a}", "at byte 1: the operator is reserved"},
      {"{$a}", "at byte 1: a variable name or one of"},
      {"{a b}", "at byte 2: a variable must be followed by"},
      {"{a-b}", "at byte 2: a variable must be followed by"},
      {"{.a.}", "at byte 4: a variable name cannot have '.'"},
      {"{a..b}", "at byte 3: a variable name cannot have '.'"},
      {"{%4}", "at byte 1: a variable name is missing"},
      {"{a:}", "at byte 3: a prefix length must be 1 to 9999"},
      {"{a:0}", "at byte 3: a prefix length must be 1 to 9999"},
      {"{a:10000}", "at byte 7: a prefix length must be 1 to 9999"},
      {"{a:3*}", "at byte 4: a variable must be followed by"},
      {"{a*:3}", "at byte 3: a variable must be followed by"},
      {"{a**}", "at byte 3: a variable must be followed by"},
  };
  for (const auto& row : rows) {
    const auto pattern = parse(row.text);
    ASSERT_FALSE(pattern) << row.text;
    EXPECT_NE(pattern.error().message.find(row.message), std::string::npos)
        << row.text << ": " << pattern.error().message;
  }
  EXPECT_TRUE(parse("{a:9999}"));
}

TEST(UriTemplate, OnlyATextWithBothBracesHasAnExpression) {
  EXPECT_TRUE(has_template_expression("a{b}"));
  EXPECT_TRUE(has_template_expression("a{b}}{"));
  for (const char* text : {"", "ab", "a{b", "ab}", "}a{"}) EXPECT_FALSE(has_template_expression(text)) << text;
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(UriTemplate, AHostileTemplateIsRefusedOrCompilesToASmallProgram) {
  EXPECT_FALSE(parse(repeated("{a}", 33)));
  EXPECT_FALSE(parse("{" + repeated("a,", 32) + "a}"));
  const std::string templates[] = {
      repeated("{a}", 32),
      repeated("{a}x", 32),
      repeated("{+a*}/", 32),
      repeated("{#a}", 32),
      repeated("{a:1}", 32),
      repeated("{a:9999}", 32),
      "{?" + repeated("a:1,", 31) + "a:1}",
      "{?" + repeated("a*,", 31) + "a*}",
      "{#" + repeated("a:1,", 31) + "a:1}",
      "{" + repeated("a*,", 31) + "a*}",
      "{?" + repeated("a*,b,", 15) + "a*,b}",
      "{" + repeated("a*,b,", 15) + "a*,b}",
      "{/" + repeated("a*,b,", 15) + "a*,b}",
      repeated("{a*}", 32),
      repeated("{/a*}", 32),
      repeated("{.a*}", 32),
      repeated("{;a*}", 32),
      repeated("{;a*}{?b*}", 16),
      "{?a:100" + repeated(",a*", 31) + "}",
      "{?" + repeated(std::string(39, 'n') + ",", 31) + "n}",
      repeated("\xC3\xA9", 2048),
      repeated("\xEF", 3000) + repeated("{+a}\xEF", 32),
  };
  for (const auto& text : templates) {
    const auto pattern = parse(text);
    ASSERT_TRUE(pattern) << text << pattern.error().message;
    EXPECT_LE(pattern->regex.size(), 16'000u + 16 * text.size()) << text;
    const RE2 regex(pattern->regex, bytes());
    ASSERT_TRUE(regex.ok()) << text.substr(0, 40) << ": " << regex.error();
    EXPECT_LE(regex.ProgramSize(), 20'000) << text;
  }
}

TEST(UriTemplate, TheRegexGrowsLinearlyWithTheTemplate) {
  for (const std::string_view part : {"{a}/", "{+a,b}x", "literal/", "\xFF", "%41", "{?a*}", "{;a,b:2}", "% "}) {
    const auto one = parse(part);
    const auto many = parse(repeated(part, 16));
    ASSERT_TRUE(one && many) << part;
    EXPECT_LE(many->regex.size(), 16 * one->regex.size()) << part;
  }
  // Within one expression the factor is the depth of halving: 6 for 32 variables.
  const auto one = parse("{?a}");
  const auto thirty_two = parse("{?a" + repeated(",a", 31) + "}");
  EXPECT_LE(thirty_two.value().regex.size(), 6 * 32 * one.value().regex.size());
  EXPECT_EQ(parse("{?a*,b*,c*}").value().regex, parse("{?a*}").value().regex);
}

}  // namespace
}  // namespace fanfare::url
