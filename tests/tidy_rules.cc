#include "tests/tidy_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

#include "tests/tidy_source.h"

namespace fanfare::tidy {
namespace {

// Which rooms a room may include, besides itself. A room that is not in this table is a fault.
const std::map<std::string, std::set<std::string>, std::less<>>& allowed_rooms() {
  static const std::map<std::string, std::set<std::string>, std::less<>> rooms = {
      {"base", {}},
      {"event_stream", {"base"}},
      {"coding", {"base"}},
      {"url", {"base"}},
      {"http", {"base"}},
      {"websocket", {"base", "http"}},
      {"access", {"base"}},
      {"observe", {"base"}},
      {"jwks", {"base", "access", "observe"}},
      {"console", {"base", "coding"}},
      {"net", {"base", "observe"}},
      {"history", {"base", "event_stream", "coding", "url", "access", "observe"}},
      {"hub", {"base", "event_stream", "coding", "url", "http", "websocket", "access", "observe", "history"}},
      {"server",
       {"base", "event_stream", "coding", "url", "http", "websocket", "access", "observe", "history", "hub", "net",
        "console"}},
      {"client", {"base", "event_stream", "coding", "url", "http", "websocket", "observe"}},
      {"journal", {"base", "history"}},
      {"history_rocksdb", {"base", "observe", "history"}},
      {"journal_jetstream", {"base", "observe", "history", "journal"}},
      {"cli",
       {"base", "event_stream", "coding", "url", "http", "websocket", "access", "observe", "history", "hub", "net",
        "console", "server", "client", "jwks", "journal", "history_rocksdb", "journal_jetstream"}},
  };
  return rooms;
}

constexpr std::array kPureRooms = {"event_stream", "coding", "url", "http", "websocket", "access", "journal", "hub"};

// Files without I/O in a room that has some.
constexpr std::array kPureFiles = {"fanfare/client/failure",       "fanfare/client/http_date",
                                   "fanfare/client/policy",        "fanfare/client/response_head",
                                   "fanfare/client/retry_delay",   "fanfare/client/source_session",
                                   "fanfare/client/source_visitor"};

// What a pure room does without. boost/asio/buffer.hpp is only a pointer and a length, which Beast's parsers take.
constexpr std::array kImpure = {"sys/",
                                "netinet/",
                                "arpa/",
                                "netdb.h",
                                "unistd.h",
                                "fcntl.h",
                                "poll.h",
                                "pthread.h",
                                "thread",
                                "stop_token",
                                "future",
                                "mutex",
                                "condition_variable",
                                "chrono",
                                "ctime",
                                "time.h",
                                "fstream",
                                "boost/asio",
                                "curl/",
                                "iostream",
                                "spdlog/",
                                "prometheus/",
                                "liburing.h",
                                "random_device",
                                "fanfare/observe/log.h"};
constexpr std::string_view kPureAsio = "boost/asio/buffer.hpp";

constexpr std::array kHeavy = {"boost/", "nlohmann/", "CLI/", "toml++/", "toml.hpp", "spdlog/", "prometheus/"};

// Heavy headers that may stand in headers all the same: what a socket's owner is made of.
struct HeavyException {
  std::string_view room;
  std::string_view prefix;
};
constexpr std::array kHeavyExceptions = {HeavyException{"net", "boost/asio/"}, HeavyException{"server", "boost/asio/"},
                                         HeavyException{"client", "boost/asio/"}};

bool starts_with_any(std::string_view name, const auto& prefixes) {
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) {
    return prefix.ends_with('/') || prefix.find('/') != prefix.npos ? name.starts_with(prefix) : name == prefix;
  });
}

std::string fault(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

bool is_header(const SourceFile& file) {
  return file.path.ends_with(".h");
}

bool is_test(const SourceFile& file) {
  return file.path.ends_with("_test.cc");
}

// "hub" for "fanfare/hub/hub.cc"; nothing outside fanfare/.
std::optional<std::string> room_of(std::string_view path) {
  constexpr std::string_view kTop = "fanfare/";
  if (!path.starts_with(kTop)) return std::nullopt;
  path.remove_prefix(kTop.size());
  const auto slash = path.find('/');
  if (slash == path.npos) return std::nullopt;
  return std::string(path.substr(0, slash));
}

bool may_include(const std::string& room, const std::string& other) {
  const auto allowed = allowed_rooms().find(room);
  return other == room || (allowed != allowed_rooms().end() && allowed->second.contains(other));
}

}  // namespace

Faults check_rooms(const SourceFile& file) {
  Faults faults;
  const auto room = room_of(file.path);
  if (room && !allowed_rooms().contains(*room)) {
    faults.push_back(fault(file, 1, "the room '" + *room + "' is not in the table of tests/tidy_rules.cc"));
  }
  for (const auto& include : find_includes(file.text)) {
    if (include.name.starts_with("..") || include.name.find("/../") != include.name.npos) {
      faults.push_back(fault(file, include.line, "include by the path from the top, without '..'"));
    }
    if (!room) continue;
    if (include.name.starts_with("testing/") && !is_test(file)) {
      faults.push_back(fault(file, include.line, "only tests may include " + include.name));
    }
    const auto other = room_of(include.name);
    if (other && !may_include(*room, *other)) {
      faults.push_back(fault(file, include.line, *room + " may not include " + *other));
    }
  }
  return faults;
}

Faults check_purity(const SourceFile& file) {
  Faults faults;
  const auto room = room_of(file.path);
  if (!room || is_test(file)) return faults;
  const bool is_pure_file =
      std::ranges::any_of(kPureFiles, [&](std::string_view begin) { return file.path.starts_with(begin); });
  if (!is_pure_file && std::ranges::find(kPureRooms, *room) == kPureRooms.end()) return faults;
  for (const auto& include : find_includes(file.text)) {
    if (include.name != kPureAsio && starts_with_any(include.name, kImpure)) {
      faults.push_back(fault(file, include.line,
                             (is_pure_file ? file.path + " is" : *room + " is a room") +
                                 " without I/O and may not include " + include.name));
    }
  }
  return faults;
}

Faults check_heavy_headers(const SourceFile& file) {
  Faults faults;
  if (!is_header(file)) return faults;
  const auto room = room_of(file.path);
  for (const auto& include : find_includes(file.text)) {
    const bool excepted = std::ranges::any_of(kHeavyExceptions, [&](const HeavyException& exception) {
      return room == exception.room && include.name.starts_with(exception.prefix);
    });
    if (!excepted && starts_with_any(include.name, kHeavy)) {
      faults.push_back(fault(file, include.line, "a header may not include " + include.name + ": hide it in a .cc"));
    }
  }
  return faults;
}

Faults check_lengths(const SourceFile& file) {
  Faults faults;
  const auto lines = split_lines(file.text).size();
  if (lines > kFileLinesMax) {
    faults.push_back(fault(file, lines, std::to_string(lines) + " lines, at most " + std::to_string(kFileLinesMax)));
  }
  const auto found = find_functions(file.text);
  if (!found.balanced) faults.push_back(fault(file, 1, "brackets without a partner: its functions cannot be measured"));
  for (const auto& function : found.functions) {
    const auto length = function.last_line - function.first_line + 1;
    if (length <= kFunctionLinesMax) continue;
    faults.push_back(fault(file, function.first_line,
                           "a function of " + std::to_string(length) + " lines, at most " +
                               std::to_string(kFunctionLinesMax) + ": " + function.head));
  }
  return faults;
}

Faults check_opening(const SourceFile& file) {
  const auto lines = split_lines(file.text);
  const auto comment_lines = static_cast<std::size_t>(
      std::ranges::find_if_not(lines, [](const std::string& line) { return line.starts_with("//"); }) - lines.begin());
  if (comment_lines == 0 && is_header(file)) {
    return {fault(file, 1, "a header opens with a comment: what it is, what it is not, the thread rule")};
  }
  if (comment_lines > kOpeningCommentLinesMax) {
    return {fault(file, 1,
                  "an opening comment of " + std::to_string(comment_lines) + " lines, at most " +
                      std::to_string(kOpeningCommentLinesMax))};
  }
  return {};
}

Faults check_leftovers(const SourceFile& file) {
  // In two parts, so that this file keeps the rule.
  static const std::regex leftover(R"(\b(TO)"
                                   R"(DO|FIX)"
                                   R"(ME|X)"
                                   R"(XX)\b)");
  Faults faults;
  std::size_t number = 0;
  for (const auto& line : split_lines(file.text)) {
    ++number;
    if (std::regex_search(line, leftover)) faults.push_back(fault(file, number, "finish it, or file an issue"));
  }
  return faults;
}

Faults check_cmake_rooms(const SourceFile& cmake_lists) {
  static const std::regex call(R"(fanfare_room\s*\(\s*(\w+)([^)]*)\))");
  Faults faults;
  std::smatch match;
  if (!std::regex_search(cmake_lists.text, match, call)) return faults;
  const std::string room = match[1];
  std::istringstream words(match[2]);
  bool in_rooms = false;
  for (std::string word; words >> word;) {
    if (word == "ROOMS" || word == "LINKS") {
      in_rooms = word == "ROOMS";
    } else if (in_rooms && !may_include(room, word)) {
      faults.push_back(fault(cmake_lists, 1, room + " may not link " + word));
    }
  }
  return faults;
}

Faults check_source(const SourceFile& file) {
  Faults all;
  for (const auto check :
       {check_rooms, check_purity, check_heavy_headers, check_lengths, check_opening, check_leftovers})
    std::ranges::move(check(file), std::back_inserter(all));
  return all;
}

}  // namespace fanfare::tidy
