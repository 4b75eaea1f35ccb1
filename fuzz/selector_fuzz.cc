// The input's lines are selectors up to an empty line, and topics after it. Whatever they are: compiling keeps the
// budget, costs no more than the length, and fails in two ways only; a set matches exactly what one of its selectors
// matches ("*", the same bytes, or the template), as written and in canonical form; and one automaton for all templates
// agrees with each alone.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/base/check.h"
#include "fanfare/hub/selector.h"
#include "fanfare/hub/template_set.h"

namespace fanfare {
namespace {

constexpr std::size_t kBudgetBytes = 512 * 1024;
constexpr std::size_t kLinesMax = 24;
constexpr std::size_t kLineBytesMax = 512;
// Of a template's compiled form, for each byte of its text and beside it: hub/hostile_templates_test.cc counts the
// worst.
constexpr std::size_t kBytesPerByte = 1'024;
constexpr std::size_t kBytesBeside = 300'000;

struct Input {
  std::vector<std::string> selectors;
  std::vector<std::string> topics;
};

Input read(std::string_view bytes) {
  Input input;
  auto* lines = &input.selectors;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, std::min(end, kLineBytesMax));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty()) {
      lines = &input.topics;
    } else if (lines->size() < kLinesMax) {
      lines->emplace_back(line);
    }
  }
  return input;
}

bool selects(const std::string& selector, std::string_view topic) {
  if (selector == "*" || selector == topic) return true;
  const auto compiled = CompiledTemplate::make(selector);
  return compiled && (*compiled)->matches(topic);
}

void check_set(const SelectorSet& set, const std::vector<std::string>& selectors, std::string_view topic) {
  const bool wanted = std::ranges::any_of(selectors, [&](const auto& each) { return selects(each, topic); });
  FANFARE_CHECK(set.matches(topic) == wanted);
}

void check_automaton(const SelectorSet& set, const std::vector<std::string>& topics) {
  if (set.templates().empty()) return;
  const TemplateSet together(set.templates());
  std::vector<int> places;
  for (const auto& topic : topics) {
    together.match(topic, places);
    std::ranges::sort(places);
    std::vector<int> alone;
    for (std::size_t i = 0; i < set.templates().size(); ++i) {
      if (set.templates()[i]->matches(topic)) alone.push_back(static_cast<int>(i));
    }
    FANFARE_CHECK(places == alone);
  }
}

}  // namespace
}  // namespace fanfare

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanfare;
  auto [selectors, topics] = read({reinterpret_cast<const char*>(data), size});
  topics.insert(topics.end(), selectors.begin(), selectors.end());
  SelectorCompiler compiler(kBudgetBytes);
  {
    const auto canonical = canonical_selectors(selectors);
    FANFARE_CHECK(canonical_selectors(canonical) == canonical);
    const auto set = compiler.compile(canonical);
    FANFARE_CHECK(compiler.memory_bytes() <= kBudgetBytes);
    if (set) {
      for (const auto& each : set->templates()) {
        FANFARE_CHECK(each->memory_bytes() <= kBytesBeside + kBytesPerByte * each->text().size());
        FANFARE_CHECK(std::ranges::find(selectors, each->text()) != selectors.end());
      }
      for (const auto& topic : topics) check_set(*set, selectors, topic);
      check_automaton(*set, topics);
    } else {
      FANFARE_CHECK(!set.error().message.empty());
    }
  }
  FANFARE_CHECK(compiler.memory_bytes() == 0);
  return 0;
}
