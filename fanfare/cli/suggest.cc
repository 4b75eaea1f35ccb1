#include "fanfare/cli/suggest.h"

#include <algorithm>
#include <vector>

namespace fanfare::cli {
namespace {

constexpr std::size_t kWordBytesMax = 64;
constexpr std::size_t kBeginningBytesMin = 3;

// How many insertions, omissions, changes and swaps of neighbours make b of a (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view typed, std::span<const std::string> words) {
  if (typed.size() > kWordBytesMax) return "";
  std::string nearest;
  std::size_t least = typed.size() < 4 ? 2 : std::max<std::size_t>(typed.size() / 3, 2) + 1;
  for (const std::string& word : words) {
    bool is_beginning = typed.size() >= kBeginningBytesMin && word.starts_with(typed);
    std::size_t edits = is_beginning ? 1 : distance(typed, word);
    if (edits >= least) continue;
    least = edits;
    nearest = word;
  }
  return nearest;
}

std::string suggestion(std::string_view typed, std::span<const std::string> words) {
  if (const std::string nearest = nearest_word(typed, words); !nearest.empty()) {
    return "did you mean '" + nearest + "'?";
  }
  std::string text = "there is ";
  for (const std::string& word : words) text.append(&word == &words.front() ? "" : ", ").append(word);
  return text;
}

}  // namespace fanfare::cli
