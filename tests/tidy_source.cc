#include "tests/tidy_source.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace fanfare::tidy {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Blanks one file, construct by construct. Each skip_ function stands at the construct's first byte and leaves at_
// behind its last one.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), code_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(code_);
  }

 private:
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void blank_until(std::size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_) {
      if (text_[at_] != '\n') code_[at_] = ' ';
    }
  }

  // The place behind the next `what` at or after `from`.
  std::size_t behind(std::string_view what, std::size_t from) const {
    const auto found = text_.find(what, from);
    return found == text_.npos ? text_.size() : found + what.size();
  }

  void step() {
    const char c = text_[at_];
    const bool line_is_empty = only_space_;
    if (c == '\n') only_space_ = true;
    if (kSpace.find(c) == kSpace.npos) only_space_ = false;

    if (starts("//")) {
      skip_line();
    } else if (starts("/*")) {
      blank_until(behind("*/", at_ + 2));
    } else if (c == '#' && line_is_empty) {
      skip_line();
    } else if (c == '"' && follows_raw_prefix()) {
      skip_raw_literal();
    } else if (c == '"' || (c == '\'' && !is_digit_separator())) {
      skip_literal(c);
    } else {
      ++at_;
    }
  }

  // To the end of the line, and of the lines that continue it.
  void skip_line() {
    auto end = text_.find('\n', at_);
    while (end != text_.npos && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
    blank_until(end);
  }

  bool follows_raw_prefix() const {
    if (at_ == 0 || text_[at_ - 1] != 'R') return false;
    auto begin = at_ - 1;
    while (begin > 0 && is_word(text_[begin - 1])) --begin;
    const auto prefix = text_.substr(begin, at_ - begin);
    return prefix == "R" || prefix == "u8R" || prefix == "LR" || prefix == "uR" || prefix == "UR";
  }

  // As in 10'000: between a word that begins with a digit and another digit.
  bool is_digit_separator() const {
    auto begin = at_;
    while (begin > 0 && (is_word(text_[begin - 1]) || text_[begin - 1] == '\'')) --begin;
    return begin < at_ && std::isdigit(static_cast<unsigned char>(text_[begin])) != 0;
  }

  void skip_raw_literal() {
    const auto open = text_.find('(', at_);
    if (open == text_.npos) return blank_until(text_.size());
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    ++at_;
    const auto end = behind(close, open);
    blank_until(end - 1);
    at_ = std::min(end, text_.size());
  }

  void skip_literal(char quote) {
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    ++at_;
    blank_until(end);
    if (at_ < text_.size() && text_[at_] == quote) ++at_;
  }

  std::string_view text_;
  std::string code_;
  std::size_t at_ = 0;
  bool only_space_ = true;  // so far on this line
};

// What a block is, by the text before its brace.
enum class Block { kScope, kFunction, kOther };

std::string without_angles_and_parentheses(std::string_view head) {
  std::string outside;
  int depth = 0;
  for (const char c : head) {
    if (c == '(' || c == '<' || c == '[') ++depth;
    if (depth == 0) outside += c;
    if ((c == ')' || c == '>' || c == ']') && depth > 0) --depth;
  }
  return outside;
}

Block classify(std::string_view head) {
  static const std::regex scope(R"((^|[^\w])(namespace|class|struct|union|enum|extern)($|[^\w]))");
  static const std::regex after_parameters(R"(\)(\s*(const|noexcept|override|final))*$)");
  const std::string text(head);
  const bool has_parameters = head.find('(') != head.npos;
  if (std::regex_search(without_angles_and_parentheses(head), scope) &&
      !(has_parameters && std::regex_search(text, after_parameters))) {
    return Block::kScope;
  }
  if (!has_parameters || head.ends_with('=')) return Block::kOther;
  return Block::kFunction;
}

class FunctionFinder {
 public:
  explicit FunctionFinder(std::string_view text) : code_(code_only(text)) {}

  Functions run() {
    for (at_ = 0; at_ < code_.size(); ++at_) {
      step(code_[at_]);
      if (code_[at_] == '\n') ++line_;
    }
    found_.balanced = found_.balanced && scopes_ == 0 && depth_ == 0;
    return std::move(found_);
  }

 private:
  // scopes_ counts the open namespaces and classes; depth_ the brackets open inside, where nothing is looked for.
  void step(char c) {
    if (c == '(' || c == '[') {
      ++depth_;
    } else if (c == ')' || c == ']') {
      close();
    } else if (c == '{') {
      open_brace();
    } else if (c == '}') {
      close_brace();
    } else if (depth_ == 0 && (c == ';' || (c == ':' && is_access_label()))) {
      begin_head(at_ + 1);
    }
  }

  void close() {
    if (depth_ == 0) found_.balanced = false;
    if (depth_ > 0) --depth_;
  }

  void open_brace() {
    if (depth_ > 0) {
      ++depth_;
      return;
    }
    block_ = classify(head());
    if (block_ == Block::kScope) {
      ++scopes_;
      begin_head(at_ + 1);
    } else {
      ++depth_;
    }
  }

  void close_brace() {
    if (depth_ == 0) {
      if (scopes_ == 0) found_.balanced = false;
      if (scopes_ > 0) --scopes_;
      begin_head(at_ + 1);
      return;
    }
    close();
    if (depth_ > 0 || is_member_initialiser()) return;
    if (block_ == Block::kFunction) end_function();
    begin_head(at_ + 1);
  }

  // In `Box() : a_{1}, b_{2} {` what follows the first closing brace tells that the body is still to come.
  bool is_member_initialiser() const {
    const auto next = code_.find_first_not_of(kSpace, at_ + 1);
    return block_ == Block::kFunction && next != code_.npos && (code_[next] == ',' || code_[next] == '{');
  }

  bool is_access_label() const {
    const auto label = head();
    return label == "public" || label == "private" || label == "protected";
  }

  void end_function() {
    const auto first = code_.find_first_not_of(kSpace, head_);
    const auto breaks = std::count(code_.begin() + static_cast<std::ptrdiff_t>(first),
                                   code_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    std::string head(code_, first, code_.find('{', first) - first);
    std::ranges::replace(head, '\n', ' ');
    found_.functions.push_back({line_ - static_cast<std::size_t>(breaks), line_, std::string(trimmed(head))});
  }

  std::string_view head() const { return trimmed(std::string_view(code_).substr(head_, at_ - head_)); }
  void begin_head(std::size_t at) { head_ = at; }

  std::string code_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t head_ = 0;  // where the declaration began that at_ stands in
  std::size_t scopes_ = 0;
  std::size_t depth_ = 0;
  Block block_ = Block::kOther;
  Functions found_;
};

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

std::string code_only(std::string_view text) {
  return Blanker(text).run();
}

std::vector<Include> find_includes(std::string_view text) {
  static const std::regex include(R"re(^\s*#\s*include\s*(["<])([^">]*)[">].*)re");
  std::vector<Include> includes;
  std::size_t number = 0;
  for (const auto& line : split_lines(text)) {
    ++number;
    std::smatch match;
    if (std::regex_match(line, match, include)) includes.push_back({number, match[2], match[1] == "\""});
  }
  return includes;
}

Functions find_functions(std::string_view text) {
  return FunctionFinder(text).run();
}

}  // namespace fanfare::tidy
