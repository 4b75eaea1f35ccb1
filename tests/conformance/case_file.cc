#include "tests/conformance/case_file.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace fanfare::conformance {
namespace {

using Json = nlohmann::json;

// Why a case cannot be played; thrown within this file only, as the JSON library throws as well.
struct CannotBePlayed {
  std::string reason;
};

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string to_bytes(const std::string& utf8) {
  auto bytes = bytes_of(utf8);
  if (!bytes) throw CannotBePlayed{"its bytes hold a character beyond U+00FF"};
  return std::move(*bytes);
}

std::string body_of(const Json& connection) {
  if (const Json* body = find(connection, "body")) return to_bytes(body->get<std::string>());
  const Json* chunks = find(connection, "chunks");
  if (chunks == nullptr) throw CannotBePlayed{"a connection has neither body nor chunks"};
  std::string bytes;
  for (const Json& chunk : *chunks) {
    bytes += to_bytes(chunk.is_string() ? chunk.get<std::string>() : chunk.at("bytes").get<std::string>());
  }
  return bytes;
}

void refuse_unknown_keys(const Json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) throw CannotBePlayed{"it expects '" + key + "'"};
  }
}

std::vector<ExpectedEvent> events_of(const Json& events) {
  std::vector<ExpectedEvent> expected;
  for (const Json& event : events) {
    refuse_unknown_keys(event, {"type", "data", "lastEventId"});
    expected.push_back({event.at("type").get<std::string>(), event.at("data").get<std::string>(),
                        event.at("lastEventId").get<std::string>()});
  }
  return expected;
}

ParserView parser_view_of(const Json& view) {
  refuse_unknown_keys(view, {"events", "comments", "last_event_id_after", "retry_fields"});
  return {events_of(view.at("events")), view.at("retry_fields").get<std::vector<std::uint64_t>>(),
          view.at("comments").get<std::vector<std::string>>(), view.at("last_event_id_after").get<std::string>()};
}

// A view that is null belongs to a response whose body no parser reads: of another status or type.
std::vector<Connection> served_connections(const Json& from, const Json& views) {
  const Json& served = from.at("server").at("connections");
  if (served.size() != views.size()) throw CannotBePlayed{"its parser_view has not one entry for each connection"};
  std::vector<Connection> connections;
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (!views[i].is_null()) connections.push_back({body_of(served[i]), parser_view_of(views[i])});
  }
  if (connections.empty()) throw CannotBePlayed{"no parser reads any of its bodies"};
  return connections;
}

// The shorter form: one stream in chunks, its events and its retry fields.
std::vector<Connection> piped_stream(const Json& from) {
  const Json& expect = from.at("expect");
  refuse_unknown_keys(expect, {"events", "retries"});
  ParserView view = {events_of(expect.at("events")), expect.at("retries").get<std::vector<std::uint64_t>>(), {}, {}};
  return {{body_of(from), std::move(view)}};
}

Case read_case(const Json& from) {
  Case one = {from.at("id").get<std::string>(), {}, {}};
  try {
    if (const Json* views = find(from, "parser_view")) {
      one.connections = served_connections(from, *views);
    } else if (find(from, "chunks") != nullptr && find(from, "expect") != nullptr) {
      one.connections = piped_stream(from);
    } else {
      throw CannotBePlayed{"it says nothing about a bare parser"};
    }
  } catch (const CannotBePlayed& why) {
    one.skip_reason = why.reason;
  } catch (const Json::exception& error) {
    one.skip_reason = std::string("it is not of the known form: ") + error.what();
  }
  return one;
}

}  // namespace

std::optional<std::string> bytes_of(std::string_view utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes.push_back(utf8[i]);
    } else if (lead < 0xC4) {
      const auto next = static_cast<unsigned char>(utf8[++i]);
      bytes.push_back(static_cast<char>((lead & 0x03) << 6 | (next & 0x3F)));
    } else {
      return std::nullopt;
    }
  }
  return bytes;
}

Result<std::vector<Case>> read_case_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot open " + path);
  std::vector<Case> cases;
  try {
    const Json document = Json::parse(file);
    for (const auto& [section, content] : document.items()) {
      if (section == "meta") continue;
      for (const Json& each : content) cases.push_back(read_case(each));
    }
  } catch (const Json::exception& error) {
    return fail(path + " does not hold conformance cases: " + error.what());
  }
  if (cases.empty()) return fail(path + " holds no conformance case");
  return cases;
}

}  // namespace fanfare::conformance
