// The house keeps its own rules: DESIGN's map of who may include whom, and the lengths and manners of CONTRIBUTING.md.
// First the rules are tried on files made to break them, then they are applied to every source of the repository.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/tidy_rules.h"
#include "tests/tidy_source.h"

namespace fanfare::tidy {
namespace {

std::string repeated(std::string_view line, std::size_t times) {
  std::string text;
  for (; times > 0; --times) text.append(line).append("\n");
  return text;
}

std::string function_of(std::size_t lines) {
  return "void f() {\n" + repeated("  g();", lines - 2) + "}\n";
}

TEST(TidySource, CommentsAndLiteralsAreNoCode) {
  EXPECT_EQ(code_only("a /* { */ b // {\nc"), "a         b     \nc");
  EXPECT_EQ(code_only("x = \"{\\\"{\" + '{' + '\\'';"), "x = \"    \" + ' ' + '  ';");
  EXPECT_EQ(code_only("R\"re(\"{)\")re\"; b"), "R\"          \"; b");
  EXPECT_EQ(code_only("auto n = 10'000'000; char c = '{';"), "auto n = 10'000'000; char c = ' ';");
  EXPECT_EQ(code_only("#define OPEN {\\\n  {\nb"), "               \n   \nb");
  EXPECT_EQ(code_only("/* unclosed {\n{"), "             \n ");
}

TEST(TidySource, IncludesAreFoundWithTheirLines) {
  const auto includes = find_includes("// a\n#include <vector>\n  # include \"fanfare/hub/hub.h\"  // why\n");
  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[0].name, "vector");
  EXPECT_FALSE(includes[0].quoted);
  EXPECT_EQ(includes[1].name, "fanfare/hub/hub.h");
  EXPECT_TRUE(includes[1].quoted);
  EXPECT_EQ(includes[1].line, 3u);
}

struct FunctionCase {
  const char* text;
  std::vector<std::pair<std::size_t, std::size_t>> lines;  // first and last of each function
};

TEST(TidySource, FunctionsAreFoundFromTheirHeadToTheirBrace) {
  const FunctionCase cases[] = {
      {"int f();\n", {}},
      {"int f() { return 1; }\n", {{1, 1}}},
      {"// why\n\nint f(int a,\n      int b)\n{\n  if (a) { b(); }\n}\n", {{3, 7}}},
      {"namespace n {\nint f() {\n}\n}  // namespace n\nint g() {\n}\n", {{2, 3}, {5, 6}}},
      {"class A : public B<C(int)> {\n public:\n\n  A() : a_{1}, b_{\n    2} {\n  }\n  int b_ = 1;\n};\n", {{4, 6}}},
      {"struct alignas(64) A {\n  bool operator()(int) const {\n  }\n} a;\n", {{2, 3}}},
      {"template <typename T>\n  requires(sizeof(T) > 1)\nstruct A {\n  void f() {}\n};\n", {{4, 4}}},
      {"enum class E : int {\n  kA,\n};\nauto f() -> int {\n}\n", {{4, 5}}},
      {"extern \"C\" {\nint f() {\n}\n}\nextern \"C\" int g(int) {\n}\n", {{2, 3}, {5, 6}}},
      {"const Row kRows[] = {\n  {1, f(2)},\n  {[] { return 1; }},\n};\nint f() {}\n", {{5, 5}}},
      {"std::function<int(int)> steps[] = {\n  f,\n};\n", {}},
      {"const auto kF = [](int a) {\n  return a;\n};\n", {{1, 3}}},
      {"TEST(A, B) {\n  const char* s = R\"(}}})\";\n}\nTEST(A, C) {\n}\n", {{1, 3}, {4, 5}}},
      {"struct stat status(int a) {\n}\n", {{1, 2}}},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.text);
    const auto found = find_functions(each.text);
    EXPECT_TRUE(found.balanced);
    std::vector<std::pair<std::size_t, std::size_t>> lines;
    for (const auto& function : found.functions) lines.emplace_back(function.first_line, function.last_line);
    EXPECT_EQ(lines, each.lines);
  }
}

TEST(TidySource, BracketsWithoutAPartnerAreSaid) {
  for (const char* text :
       {"int f() {", "int f() }", "namespace n {", "}", "int f(;", "#if A\nint f() {\n#else\nint f(int) {\n#endif\n}"})
    EXPECT_FALSE(find_functions(text).balanced) << text;
}

TEST(TidyRules, ARoomIncludesOnlyTheRoomsBelowIt) {
  EXPECT_EQ(check_rooms({"fanfare/hub/hub.cc", "#include \"fanfare/history/event_log.h\"\n"}), Faults{});
  EXPECT_EQ(check_rooms({"fanfare/hub/hub.cc", "#include \"fanfare/hub/audience.h\"\n"}), Faults{});
  EXPECT_EQ(check_rooms({"fanfare/hub/hub.cc", "\n#include \"fanfare/server/server.h\"\n"}),
            Faults{"fanfare/hub/hub.cc:2: hub may not include server"});
  EXPECT_EQ(check_rooms({"fanfare/url/form.h", "#include <fanfare/hub/hub.h>\n"}).size(), 1u);
  EXPECT_EQ(check_rooms({"fanfare/client/a.cc", "#include \"fanfare/server/server.h\"\n"}).size(), 1u);
  EXPECT_EQ(check_rooms({"fanfare/server/a.cc", "#include \"fanfare/history_rocksdb/log.h\"\n"}).size(), 1u);
  EXPECT_EQ(check_rooms({"fanfare/base/a.cc", "#include \"fanfare/attic/a.h\"\n"}).size(), 1u);
}

TEST(TidyRules, ARoomThatNobodyPutOnTheMapIsAFault) {
  EXPECT_EQ(check_rooms({"fanfare/attic/a.cc", ""}).size(), 1u);
}

TEST(TidyRules, PathsThatClimbAreFaults) {
  EXPECT_EQ(check_rooms({"tests/a.cc", "#include \"../fanfare/hub/hub.h\"\n"}).size(), 1u);
  EXPECT_EQ(check_rooms({"fanfare/hub/a.cc", "#include \"fanfare/hub/../hub/hub.h\"\n"}).size(), 1u);
}

TEST(TidyRules, OnlyTestsIncludeFakes) {
  EXPECT_EQ(check_rooms({"fanfare/hub/hub.cc", "#include \"testing/fake_clock.h\"\n"}).size(), 1u);
  EXPECT_EQ(check_rooms({"fanfare/hub/hub_test.cc", "#include \"testing/fake_clock.h\"\n"}), Faults{});
}

TEST(TidyRules, APureRoomTouchesNoSocketClockThreadOrLog) {
  for (const char* name : {"sys/socket.h", "thread", "chrono", "boost/asio/ip/tcp.hpp", "spdlog/spdlog.h", "mutex"}) {
    const std::string include = "#include <" + std::string(name) + ">\n";
    EXPECT_EQ(check_purity({"fanfare/http/http1_session.cc", include}).size(), 1u) << name;
    EXPECT_EQ(check_purity({"fanfare/hub/hub_test.cc", include}), Faults{}) << name;
    EXPECT_EQ(check_purity({"fanfare/net/loop.cc", include}), Faults{}) << name;
    EXPECT_EQ(check_purity({"fanfare/client/source_session.cc", include}).size(), 1u) << name;
    EXPECT_EQ(check_purity({"fanfare/client/curl_driver.cc", include}), Faults{}) << name;
  }
  EXPECT_EQ(check_purity({"fanfare/hub/hub.cc", "#include \"fanfare/observe/log.h\"\n"}).size(), 1u);
  EXPECT_EQ(check_purity({"fanfare/http/a.cc", "#include <boost/asio/buffer.hpp>\n#include <string>\n"}), Faults{});
}

TEST(TidyRules, HeavyHeadersStayOutOfHeaders) {
  EXPECT_EQ(check_heavy_headers({"fanfare/access/jwt.h", "#include <nlohmann/json.hpp>\n"}).size(), 1u);
  EXPECT_EQ(check_heavy_headers({"fanfare/access/jwt.cc", "#include <nlohmann/json.hpp>\n"}), Faults{});
  EXPECT_EQ(check_heavy_headers({"fanfare/net/loop.h", "#include <boost/asio/io_context.hpp>\n"}), Faults{});
  EXPECT_EQ(check_heavy_headers({"fanfare/net/loop.h", "#include <boost/beast/http.hpp>\n"}).size(), 1u);
  EXPECT_EQ(check_heavy_headers({"testing/a.h", "#include <boost/asio/io_context.hpp>\n"}).size(), 1u);
}

TEST(TidyRules, AFunctionOf71LinesIsTooLong) {
  EXPECT_EQ(check_lengths({"fanfare/hub/hub.cc", function_of(70)}), Faults{});
  EXPECT_EQ(check_lengths({"fanfare/hub/hub.cc", "\n" + function_of(71)}),
            Faults{"fanfare/hub/hub.cc:2: a function of 71 lines, at most 70: void f()"});
  EXPECT_EQ(check_lengths({"a.h", "class A {\n public:\n" + function_of(71) + "};\n"}).size(), 1u);
  EXPECT_EQ(check_lengths({"a.cc", "const int kTable[] = {\n" + repeated("  1,", 80) + "};\n"}), Faults{});
}

TEST(TidyRules, AFileOf601LinesIsTooLong) {
  EXPECT_EQ(check_lengths({"a.cc", repeated("int a;", 600)}), Faults{});
  EXPECT_EQ(check_lengths({"a.cc", repeated("int a;", 601)}).size(), 1u);
}

TEST(TidyRules, AFileThatCannotBeMeasuredIsAFault) {
  EXPECT_EQ(check_lengths({"a.cc", "int f() {\n"}).size(), 1u);
}

TEST(TidyRules, AHeaderOpensWithAShortComment) {
  EXPECT_EQ(check_opening({"a.h", "// What it is.\n#pragma once\n"}), Faults{});
  EXPECT_EQ(check_opening({"a.h", "#pragma once\n"}).size(), 1u);
  EXPECT_EQ(check_opening({"a.cc", "#include \"a.h\"\n"}), Faults{});
  EXPECT_EQ(check_opening({"a.cc", repeated("// word", 15) + "int a;\n"}), Faults{});
  EXPECT_EQ(check_opening({"a.cc", repeated("// word", 16) + "int a;\n"}).size(), 1u);
}

TEST(TidyRules, NothingIsLeftToBeDone) {
  for (const std::string word : {"TO"
                                 "DO",
                                 "FIX"
                                 "ME",
                                 "X"
                                 "XX"}) {
    EXPECT_EQ(check_leftovers({"a.cc", "int a;  // " + word + ": later\n"}).size(), 1u) << word;
    EXPECT_EQ(check_leftovers({"a.cc", "int k" + word + "s;\n"}), Faults{}) << word;
  }
}

TEST(TidyRules, ARoomLinksOnlyWhatItMayInclude) {
  EXPECT_EQ(check_cmake_rooms({"c", "fanfare_room(hub ROOMS base url\n  history LINKS server)\n"}), Faults{});
  EXPECT_EQ(check_cmake_rooms({"c", "fanfare_room(url LINKS Boost::headers ROOMS base hub)\n"}),
            Faults{"c:1: url may not link hub"});
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

// The test runs at the top of the repository.
TEST(Tidy, EverySourceKeepsTheRules) {
  std::size_t files = 0;
  for (const char* top : {"fanfare", "tests", "testing", "fuzz", "bench", "examples"}) {
    if (!std::filesystem::exists(top)) continue;
    for (auto entry = std::filesystem::recursive_directory_iterator(top); entry != end(entry); ++entry) {
      const auto& path = entry->path();
      if (path.filename() == "node_modules") entry.disable_recursion_pending();
      Faults faults;
      if (path.extension() == ".h" || path.extension() == ".cc") {
        faults = check_source({path.generic_string(), read(path)});
        ++files;
      } else if (path.filename() == "CMakeLists.txt") {
        faults = check_cmake_rooms({path.generic_string(), read(path)});
      }
      for (const auto& fault : faults) ADD_FAILURE() << fault;
    }
  }
  EXPECT_GT(files, 10u) << "no sources here: the test must run at the top of the repository";
}

}  // namespace
}  // namespace fanfare::tidy
