#include "fanfare/cli/caddyfile.h"

#include <optional>
#include <utility>

namespace fanfare::cli {
namespace {

std::string on_line(std::size_t line, const std::string& message) {
  return "line " + std::to_string(line) + ": " + message;
}

// What one line says, word by word; quotes may take it over several.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t line() const { return line_; }
  bool at_end() const { return at_ >= text_.size(); }

  // Nothing at the end of the line, which is then behind us.
  Result<std::optional<std::string>> next_word() {
    while (!at_end() && is_blank(text_[at_])) ++at_;
    if (!at_end() && text_[at_] == '#') {
      while (!at_end() && text_[at_] != '\n') ++at_;
    }
    if (at_end() || text_[at_] == '\n') {
      take();
      return std::nullopt;
    }
    if (text_[at_] == '"' || text_[at_] == '`') return quoted(text_[at_]);
    std::string word;
    while (!at_end() && !is_blank(text_[at_]) && text_[at_] != '\n') word += take();
    return word;
  }

 private:
  static bool is_blank(char each) { return each == ' ' || each == '\t' || each == '\r'; }

  char take() {
    if (at_end()) return '\n';
    const char taken = text_[at_++];
    if (taken == '\n') ++line_;
    return taken;
  }

  Result<std::optional<std::string>> quoted(char quote) {
    const std::size_t begin = line_;
    std::string word;
    take();
    while (!at_end() && text_[at_] != quote) {
      const bool is_escape = quote == '"' && text_.substr(at_).starts_with("\\\"");
      if (is_escape) take();
      word += take();
    }
    if (at_end()) return fail(on_line(begin, "the quote is not closed"));
    take();
    return word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// To behind the brace that closes the block.
Result<void> skip_block(Scanner& scanner) {
  const std::size_t begin = scanner.line();
  std::size_t open = 1;
  while (!scanner.at_end()) {
    const auto word = scanner.next_word();
    if (!word) return std::unexpected(word.error());
    if (*word == "{") ++open;
    if (*word == "}" && --open == 0) return {};
  }
  return fail(on_line(begin, "the block is not closed: '}' is missing"));
}

std::string with_line_ends(std::string_view text) {
  std::string lines(text);
  if (lines.find('\n') != lines.npos) return lines;
  for (auto at = lines.find("\\n"); at != lines.npos; at = lines.find("\\n", at)) lines.replace(at, 2, "\n");
  return lines;
}

}  // namespace

Result<std::vector<Directive>> parse_directives(std::string_view text) {
  const std::string lines = with_line_ends(text);
  Scanner scanner(lines);
  std::vector<Directive> directives;
  while (!scanner.at_end()) {
    Directive directive{.line = scanner.line(), .words = {}};
    for (;;) {
      auto word = scanner.next_word();
      if (!word) return std::unexpected(std::move(word.error()));
      if (!*word) break;
      if (**word == "{" && !directive.words.empty()) {
        directive.has_block = true;
        if (auto skipped = skip_block(scanner); !skipped) return std::unexpected(std::move(skipped.error()));
        continue;
      }
      directive.words.push_back(std::move(**word));
    }
    if (!directive.words.empty()) directives.push_back(std::move(directive));
  }
  return directives;
}

}  // namespace fanfare::cli
