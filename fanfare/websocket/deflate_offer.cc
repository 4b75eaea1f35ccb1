#include "fanfare/websocket/deflate_offer.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace fanfare::websocket {
namespace {

// What a client that lets us choose is told to use. Clients of a hub say little: a window of 1 KiB inflates in 8 KB of
// memory, the largest in 40 (bench/websocket_bench.cc).
constexpr std::uint8_t kClientWindowBits = 10;
constexpr std::uint8_t kWindowBitsMin = 8;

struct Parameter {
  std::string_view name;
  std::optional<std::string> value;
};

struct Extension {
  std::string_view name;
  std::vector<Parameter> parameters;
};

// Reads a list of extensions from the left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) { skip_space(); }

  bool is_at_end() const { return rest_.empty(); }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }
  // Empty if there is none.
  std::string_view token() {
    const auto end = std::ranges::find_if_not(rest_, http::is_token_char);
    const auto found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    skip_space();
    return found;
  }
  // A token, or one in quotes: what is in them must be a token, too.
  std::optional<std::string> value() {
    std::string text;
    if (!rest_.starts_with('"')) {
      text = token();
    } else if (!unquote(text)) {
      return std::nullopt;
    }
    if (!http::is_token(text)) return std::nullopt;
    return text;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && http::is_space_or_tab(rest_.front())) rest_.remove_prefix(1);
  }
  bool unquote(std::string& text) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        skip_space();
        return true;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) return false;
      text.push_back(rest_[i]);
    }
    return false;
  }

  std::string_view rest_;
};

std::optional<Extension> scan_extension(Scanner& scanner) {
  Extension extension{scanner.token(), {}};
  if (extension.name.empty()) return std::nullopt;
  while (scanner.skip(';')) {
    Parameter parameter{scanner.token(), std::nullopt};
    if (parameter.name.empty()) return std::nullopt;
    if (scanner.skip('=')) {
      parameter.value = scanner.value();
      if (!parameter.value) return std::nullopt;
    }
    extension.parameters.push_back(std::move(parameter));
  }
  return extension;
}

// Appends the extensions of one field. An empty element is none (RFC 9110 section 5.6.1).
bool scan_extensions(std::string_view field, std::vector<Extension>& extensions) {
  Scanner scanner(field);
  do {
    if (scanner.is_at_end()) return true;
    if (scanner.skip(',')) continue;
    auto extension = scan_extension(scanner);
    if (!extension) return false;
    extensions.push_back(std::move(*extension));
    if (scanner.is_at_end()) return true;
    if (!scanner.skip(',')) return false;
  } while (true);
}

// 8 to 15, without leading zeros; 0 for all else.
std::uint8_t window_bits(const std::string& text) {
  if (text == "8" || text == "9") return static_cast<std::uint8_t>(text[0] - '0');
  if (text.size() != 2 || text[0] != '1' || text[1] < '0' || text[1] > '5') return 0;
  return static_cast<std::uint8_t>(10 + text[1] - '0');
}

// Whether the parameter is one that can be agreed to; notes what it asks for.
bool agree(const Parameter& parameter, DeflateTerms& terms) {
  if (parameter.name == "server_no_context_takeover" || parameter.name == "client_no_context_takeover")
    return !parameter.value;
  if (parameter.name == "server_max_window_bits") {
    terms.names_server_window = true;
    return parameter.value && window_bits(*parameter.value) == kWindowBitsMax;
  }
  if (parameter.name == "client_max_window_bits") {
    const std::uint8_t most = parameter.value ? window_bits(*parameter.value) : kWindowBitsMax;
    terms.client_window_bits = std::min(most, kClientWindowBits);
    return most >= kWindowBitsMin;
  }
  return false;
}

std::optional<DeflateTerms> terms_of(const Extension& offer) {
  if (offer.name != "permessage-deflate") return std::nullopt;
  DeflateTerms terms;
  for (const Parameter& parameter : offer.parameters) {
    if (std::ranges::count(offer.parameters, parameter.name, &Parameter::name) > 1) return std::nullopt;
    if (!agree(parameter, terms)) return std::nullopt;
  }
  return terms;
}

}  // namespace

std::expected<std::optional<DeflateTerms>, http::Refusal> choose_deflate(const http::Headers& request) {
  std::vector<Extension> extensions;
  for (const http::Header& field : request) {
    if (!http::equals_ignoring_case(field.name, "Sec-WebSocket-Extensions")) continue;
    if (!scan_extensions(field.value, extensions)) {
      return std::unexpected(http::Refusal{
          400,
          "Sec-WebSocket-Extensions is no list of extensions, such as permessage-deflate; client_max_window_bits"});
    }
  }
  for (const Extension& extension : extensions) {
    if (const auto terms = terms_of(extension)) return terms;
  }
  return std::nullopt;
}

std::string acceptance_of(const DeflateTerms& terms) {
  std::string value = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  if (terms.names_server_window) value += "; server_max_window_bits=" + std::to_string(kWindowBitsMax);
  if (terms.client_window_bits < kWindowBitsMax)
    value += "; client_max_window_bits=" + std::to_string(terms.client_window_bits);
  return value;
}

}  // namespace fanfare::websocket
