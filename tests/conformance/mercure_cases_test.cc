// mercure_cases.md names the test of each behaviour of Mercure 0.x: each of them must exist.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fanfare::conformance {
namespace {

const std::filesystem::path kSource = FANFARE_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string all_tests() {
  std::string text;
  for (const char* folder : {"fanfare", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kSource / folder)) {
      if (entry.path().filename().string().ends_with("_test.cc")) text += text_of(entry.path());
    }
  }
  return text;
}

// What stands between backquotes and is written like a test's name.
std::set<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  for (std::size_t open = text.find('`'); open != text.npos; open = text.find('`', open + 1)) {
    const std::size_t close = text.find('`', open + 1);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const bool is_name = name.find_first_of("./") != name.npos && name.find_first_of(" _") == name.npos &&
                         name.front() >= 'A' && name.front() <= 'Z';
    if (is_name) names.emplace(name);
    open = close;
  }
  return names;
}

bool exists(const std::string& name, const std::string& tests) {
  const std::size_t split = name.find_first_of("./");
  const std::string suite = name.substr(0, split);
  const std::string rest = name.substr(split + 1);
  if (name[split] == '/') {
    return tests.find("INSTANTIATE_TEST_SUITE_P(" + suite + ",") != tests.npos &&
           tests.find("\"" + rest + "\"") != tests.npos;
  }
  for (const char* macro : {"TEST(", "TEST_F(", "TEST_P("}) {
    if (tests.find(macro + suite + ", " + rest + ")") != tests.npos) return true;
  }
  return false;
}

TEST(MercureCases, EveryTestThatTheListNamesExists) {
  const std::set<std::string> names = names_in(text_of(kSource / "tests/conformance/mercure_cases.md"));
  ASSERT_GT(names.size(), 100U);
  const std::string tests = all_tests();
  for (const auto& name : names) EXPECT_TRUE(exists(name, tests)) << name;
}

}  // namespace
}  // namespace fanfare::conformance
