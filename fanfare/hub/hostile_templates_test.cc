// What a hostile template can cost: counted in the bytes that its compiled form is charged with and in the instructions
// of its program, never in time.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fanfare/base/limits.h"
#include "fanfare/hub/selector.h"

namespace fanfare {
namespace {

// So many times, as far as the limit of a selector allows.
std::string repeated(const std::string& part, std::size_t bytes) {
  std::string text;
  while (text.size() + part.size() <= bytes) text += part;
  return text;
}

// Templates of about so many bytes that ask for as much as they can.
std::vector<std::string> hostile(std::size_t bytes) {
  std::vector<std::string> texts;
  for (const char* part :
       {"{a}", "{a*}", "{+a}", "{+a*}", "{#a}", "{.a*}", "{/a*}", "{;a*}", "{?a*}", "{&a*}", "{a:9999}", "{+a:100}",
        "{?a,b,c}", "{?a*,b*,c*}", "x{a}", "{a}%41", "{a} ", "\xFF{a}", "{a}.+*?()[]\\|^$"}) {
    texts.push_back(repeated(part, bytes));
    // The most variables that are allowed, and literals for the rest.
    std::string filled = repeated(part, std::min<std::size_t>(bytes / 2, 30 * std::string(part).size()));
    texts.push_back(filled + repeated("\xFF ", bytes - filled.size()));
  }
  std::string list = "{?v0*";
  for (int i = 1; i < 32; ++i) list += ",v" + std::to_string(i) + "*";
  texts.push_back(list + "}");
  texts.push_back("{" + repeated("long_name.", bytes - 3) + "x}");
  texts.push_back(repeated("{", bytes));
  texts.push_back(repeated("{a", bytes));
  texts.push_back(repeated("{{a}}", bytes));
  texts.push_back(repeated("}", bytes));
  return texts;
}

// Beside what each byte costs: 32 variables, and 100 characters that prefixes count.
constexpr std::size_t kBytesBeside = 300'000;
constexpr std::size_t kBytesPerByte = 512;

TEST(HostileTemplates, CostNoMoreThanTheirLength) {
  std::size_t compiled = 0;
  for (const std::size_t bytes : {64u, 256u, 1'024u, 4'096u}) {
    for (const std::string& text : hostile(bytes)) {
      const auto made = CompiledTemplate::make(text);
      if (!made) continue;
      ++compiled;
      EXPECT_LE((*made)->memory_bytes(), kBytesBeside + kBytesPerByte * text.size()) << text.substr(0, 60);
    }
  }
  EXPECT_GT(compiled, 40u) << "most are templates, not errors";
}

TEST(HostileTemplates, AreRefusedWithoutBeingCompiledWhereTheyAreNone) {
  SelectorCompiler compiler(1);
  for (const std::string& text : {repeated("{", 4'096), repeated("{{a}}", 4'096), repeated("{a", 4'096),
                                  repeated("{a}", 4'096), repeated("{?a*,b*,c*}", 4'096)}) {
    const auto set = compiler.compile({text});
    ASSERT_TRUE(set) << text.substr(0, 60);
    EXPECT_TRUE(set->templates().empty()) << "it is an exact topic";
  }
  EXPECT_EQ(compiler.memory_bytes(), 0u);
}

TEST(HostileTemplates, ManyOfThemCostNoMoreThanTheBudget) {
  const std::size_t budget = Limits{}.compiled_selectors_bytes_max / 8;
  SelectorCompiler compiler(budget);
  std::vector<SelectorSet> held;
  std::size_t refused = 0;
  for (int i = 0; i < 200; ++i) {
    auto set = compiler.compile({std::to_string(i) + "/{?a*,b*,c*}{+d:100}{&e*}{;f*,g*}"});
    ASSERT_LE(compiler.memory_bytes(), budget);
    if (set) {
      held.push_back(std::move(*set));
    } else {
      EXPECT_EQ(set.error().failure, SelectorFailure::kOverBudget);
      ++refused;
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_GT(held.size(), 0u);
  held.clear();
  EXPECT_EQ(compiler.memory_bytes(), 0u);
  EXPECT_TRUE(compiler.compile({"after/{that}"})) << "what nobody uses any more is not counted";
}

}  // namespace
}  // namespace fanfare
