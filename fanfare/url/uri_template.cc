#include "fanfare/url/uri_template.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace fanfare::url {
namespace {

// RFC 6570 appendix A. A value holds unreserved characters and triplets; with kReserved also reserved characters.
struct Operator {
  char symbol;            // '\0': simple expansion
  std::string_view head;  // what the expression begins with when a variable is defined; these are all quoted for RE2
  std::string_view separator;
  enum class Names { kNone, kBareWhenEmpty, kAlways } names;
  enum class Values { kUnreserved, kReserved } values;
};
using enum Operator::Names;
using enum Operator::Values;

constexpr std::array kOperators = {
    Operator{'\0', "", ",", kNone, kUnreserved},     Operator{'+', "", ",", kNone, kReserved},
    Operator{'#', "#", ",", kNone, kReserved},       Operator{'.', "\\.", "\\.", kNone, kUnreserved},
    Operator{'/', "/", "/", kNone, kUnreserved},     Operator{';', ";", ";", kBareWhenEmpty, kUnreserved},
    Operator{'?', "\\?", "&", kAlways, kUnreserved}, Operator{'&', "&", "&", kAlways, kUnreserved},
};

struct Variable {
  std::string_view name;
  bool exploded = false;
  std::size_t prefix = 0;  // 0: the whole value
};

constexpr std::string_view kTriplet = "%[[:xdigit:]]{2}";
// A triplet above 7F takes its UTF-8 continuations with it: prefixes count characters, not bytes.
constexpr std::string_view kEncodedCharacter =
    "%[0-7][[:xdigit:]]|%[89A-Fa-f][[:xdigit:]](?:%[89ABab][[:xdigit:]]){0,3}";

// One character of a value: a class of what stands for itself, or a form of what is encoded.
std::string character(Operator::Values values, std::string_view more = "", std::string_view encoded = kTriplet) {
  const std::string_view reserved = values == kReserved ? ":/?#\\[\\]@!$&'()*+,;=" : "";
  return std::string("(?:[\\w.~").append(reserved).append(more).append("-]|").append(encoded).append(")");
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool starts_with_triplet(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && is_hex(text[1]) && is_hex(text[2]);
}

// Unreserved and reserved characters: literals that an expansion copies.
bool is_copied(char c) {
  return is_word(c) || (c != '\0' && std::string_view("-.~:/?#[]@!$&'()*+,;=").contains(c));
}

std::string quoted(std::string_view text) {
  std::string regex;
  for (const char c : text) {
    if (!is_word(c) && c != '%') regex.push_back('\\');
    regex.push_back(c);
  }
  return regex;
}

// A literal byte that an expansion percent-encodes: raw, or as a triplet in either case.
std::string raw_or_encoded(char c) {
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  constexpr std::string_view kLower = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  std::string raw = "(?:\\x";
  std::string triplet = "|%";
  for (const auto digit : {byte >> 4, byte & 15}) {
    const auto at = static_cast<std::size_t>(digit);
    raw.push_back(kUpper[at]);
    triplet += at < 10 ? std::string(1, kUpper[at]) : std::string{'[', kUpper[at], kLower[at], ']'};
  }
  return raw + triplet + ")";
}

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}
  Result<TemplatePattern> parse();

 private:
  std::unexpected<Error> error(std::string_view what) const;
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  void literal();
  Result<void> expression();
  Result<const Operator*> operation();
  Result<Variable> variable();
  Result<std::string_view> variable_name();
  Result<std::size_t> prefix();

  std::string value(const Operator& op, const Variable& variable);
  std::string exploded_value(const Operator& op) const;
  std::string counted_value(const Operator& op, std::size_t prefix, bool may_be_empty);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t variables_ = 0;
  std::size_t counted_characters_ = 0;
  bool in_literal_prefix_ = true;
  TemplatePattern pattern_;
};

std::unexpected<Error> TemplateParser::error(std::string_view what) const {
  return fail("the URI template is wrong at byte " + std::to_string(at_) + ": " + std::string(what));
}

Result<TemplatePattern> TemplateParser::parse() {
  while (!at_end()) {
    if (peek() == '}') return error("'}' without '{'");
    if (peek() == '{') {
      in_literal_prefix_ = false;
      if (auto parsed = expression(); !parsed) return std::unexpected(parsed.error());
    } else {
      literal();
    }
  }
  return std::move(pattern_);
}

void TemplateParser::literal() {
  const std::string_view rest = text_.substr(at_);
  if (!is_copied(rest[0]) && !starts_with_triplet(rest)) {
    in_literal_prefix_ = false;  // more than one spelling matches
    pattern_.regex += raw_or_encoded(rest[0]);
    ++at_;
    return;
  }
  const std::string_view copied = rest.substr(0, rest[0] == '%' ? 3 : 1);
  pattern_.regex += quoted(copied);
  if (in_literal_prefix_) pattern_.literal_prefix += copied;
  at_ += copied.size();
}

// Any of the items, at least one, in their order, with separators between them. Halving repeats an item's text only
// once a level, so the length is n log n (n is at most kTemplateVariablesMax) where the obvious forms square it.
std::string some_in_order(std::span<const std::string> items, std::string_view separator) {
  if (items.size() == 1) return items[0];
  const auto left = items.first(items.size() / 2);
  const auto right = items.subspan(left.size());
  std::string regex = "(?:" + some_in_order(left, separator);
  for (const auto& item : right) regex.append("(?:").append(separator).append(item).append(")?");
  return regex + "|" + some_in_order(right, separator) + ")";
}

Result<void> TemplateParser::expression() {
  ++at_;
  const auto operation_found = operation();
  if (!operation_found) return std::unexpected(operation_found.error());
  const Operator& op = **operation_found;
  std::vector<std::string> values;
  while (true) {
    const auto parsed = variable();
    if (!parsed) return std::unexpected(parsed.error());
    if (++variables_ > kTemplateVariablesMax) {
      return error("more than " + std::to_string(kTemplateVariablesMax) + " variables");
    }
    std::string regex = value(op, *parsed);
    // An exploded value is a sequence of any length: two in a row match what one does.
    if (!parsed->exploded || values.empty() || values.back() != regex) values.push_back(std::move(regex));
    if (peek() != ',') break;
    ++at_;
  }
  if (at_end()) return error("'{' is not closed");
  if (peek() != '}') return error("a variable must be followed by ',', ':', '*' or '}'");
  ++at_;
  if (op.head == op.separator) {
    for (const auto& each : values) pattern_.regex.append("(?:").append(op.head).append(each).append(")?");
  } else {
    pattern_.regex.append("(?:").append(op.head).append(some_in_order(values, op.separator)).append(")?");
  }
  return {};
}

Result<const Operator*> TemplateParser::operation() {
  const char symbol = peek();
  if (at_end()) return error("'{' is not closed");
  if (symbol == '}') return error("the expression is empty");
  if (is_word(symbol) || symbol == '%') return &kOperators[0];
  const auto op = std::ranges::find(kOperators, symbol, &Operator::symbol);
  if (op != kOperators.end() && symbol != '\0') {
    ++at_;
    return &*op;
  }
  if (std::string_view("=,!@|").contains(symbol)) return error("the operator is reserved for extensions");
  return error("a variable name or one of the operators + # . / ; ? & must follow '{'");
}

Result<Variable> TemplateParser::variable() {
  const auto name = variable_name();
  if (!name) return std::unexpected(name.error());
  Variable parsed{.name = *name};
  if (peek() == '*') {
    parsed.exploded = true;
    ++at_;
  } else if (peek() == ':') {
    ++at_;
    const auto length = prefix();
    if (!length) return std::unexpected(length.error());
    parsed.prefix = *length;
  }
  return parsed;
}

// varname = varchar *( ["."] varchar ); a triplet is a varchar.
Result<std::string_view> TemplateParser::variable_name() {
  const std::size_t begin = at_;
  while (true) {
    if (is_word(peek())) {
      ++at_;
    } else if (starts_with_triplet(text_.substr(at_))) {
      at_ += 3;
    } else if (peek() == '.' && at_ > begin && text_[at_ - 1] != '.') {
      ++at_;
    } else {
      break;
    }
  }
  if (at_ == begin) return error("a variable name is missing");
  if (text_[at_ - 1] == '.') return error("a variable name cannot have '.' at an end or two in a row");
  return text_.substr(begin, at_ - begin);
}

Result<std::size_t> TemplateParser::prefix() {
  if (peek() < '1' || peek() > '9') return error("a prefix length must be 1 to 9999");
  std::size_t length = 0;
  for (int digits = 0; peek() >= '0' && peek() <= '9'; ++digits, ++at_) {
    if (digits == 4) return error("a prefix length must be 1 to 9999");
    length = length * 10 + static_cast<std::size_t>(peek() - '0');
  }
  return length;
}

// What one variable expands to when it is defined, name included. Only a string has a prefix; a list that is not
// exploded is joined by commas, and so is an associative array.
std::string TemplateParser::value(const Operator& op, const Variable& variable) {
  if (variable.exploded) return exploded_value(op);
  const auto of = [&](bool may_be_empty) {
    if (variable.prefix > 0) return counted_value(op, variable.prefix, may_be_empty);
    return character(op.values, ",") + (may_be_empty ? "*" : "+");
  };
  if (op.names == kNone) return of(true);
  const std::string name = quoted(variable.name);
  return op.names == kAlways ? name + "=" + of(true) : name + "(?:=" + of(false) + ")?";
}

// A list is joined by the operator's separator, with the variable's name before each item where names are written; an
// array is so too, with its own keys, which may be anything: so the variable's name cannot be required.
std::string TemplateParser::exploded_value(const Operator& op) const {
  if (op.values == kReserved) return character(op.values) + "*";  // it holds "," and "=" itself
  const std::string text = character(op.values) + "*";
  std::string item = text;
  if (op.names == kNone) item += "(?:=" + text + ")?";
  if (op.names == kBareWhenEmpty) item += "(?:=" + character(op.values) + "+)?";
  if (op.names == kAlways) item += "=" + text;
  return item + "(?:" + std::string(op.separator) + item + ")*";
}

std::string TemplateParser::counted_value(const Operator& op, std::size_t prefix, bool may_be_empty) {
  if (prefix > kCountedCharactersMax - counted_characters_) {
    return character(op.values) + (may_be_empty ? "*" : "+");
  }
  counted_characters_ += prefix;
  return character(op.values, "", kEncodedCharacter) + (may_be_empty ? "{0," : "{1,") + std::to_string(prefix) + "}";
}

}  // namespace

bool has_template_expression(std::string_view text) {
  const auto open = text.find('{');
  return open != text.npos && text.find('}', open) != text.npos;
}

Result<TemplatePattern> parse_uri_template(std::string_view text) {
  return TemplateParser(text).parse();
}

}  // namespace fanfare::url
