#include "fanfare/cli/answer.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "fanfare/cli/hub_url.h"
#include "fanfare/cli/printable.h"

namespace fanfare::cli {
namespace {

constexpr std::size_t kReasonBytesMax = 300;

std::string_view status_name(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

// What the user can do about it.
std::string_view advice(int status) {
  switch (status) {
    case 401:
      return "; give a token with --token or FANFARE_TOKEN";
    case 404:
      return "; is this the hub's URL?";
    default:
      return "";
  }
}

// The sentence of a problem; nothing for a body that is none.
std::optional<std::string> problem_detail(std::string_view body) {
  const auto problem = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!problem.is_object()) return std::nullopt;
  const auto detail = problem.find("detail");
  if (detail == problem.end() || !detail->is_string()) return std::nullopt;
  return detail->get<std::string>();
}

}  // namespace

Failure explain(const NoAnswer& no_answer, std::string_view url) {
  std::string where = printable(shown_url(url));
  std::string reason = " (" + printable(no_answer.reason) + ")";
  switch (no_answer.silence) {
    case Silence::kBadUrl:
      return {ExitCode::kUsage, "this URL cannot be used: " + where + reason};
    case Silence::kNoHost:
      return {ExitCode::kConnect, "no such host: " + where + reason};
    case Silence::kNoServer:
      return {ExitCode::kConnect, "no hub answers at " + where + ": is `fanfare serve` running?"};
    case Silence::kUntrusted:
      return {ExitCode::kConnect, "no secure connection to " + where + reason};
    case Silence::kTimeout:
      return {ExitCode::kServer, where + " did not answer in time" + reason};
    case Silence::kInterrupted:
      return {ExitCode::kServer, where + " broke off the connection" + reason};
  }
  return {ExitCode::kFailed, where + reason};
}

Failure explain_status(int status, std::string_view body) {
  bool refused = status >= 400 && status < 500;
  bool failed = status >= 500;
  std::string message = refused  ? "the server refused: "
                        : failed ? "the server failed: "
                                 : "this is no answer of a hub: ";
  message += status_text(status);
  std::string reason = first_line(problem_detail(body).value_or(std::string(body)));
  if (!reason.empty()) message += " (" + reason + ")";
  message += advice(status);
  return {refused ? ExitCode::kRefused : ExitCode::kServer, std::move(message)};
}

std::string status_text(int status) {
  std::string text = std::to_string(status);
  std::string_view name = status_name(status);
  if (!name.empty()) text.append(" ").append(name);
  return text;
}

std::string first_line(std::string_view body) {
  std::string_view line = body.substr(0, body.find_first_of("\r\n"));
  bool is_markup = line.starts_with('<');
  return is_markup ? std::string() : printable(line.substr(0, kReasonBytesMax));
}

}  // namespace fanfare::cli
