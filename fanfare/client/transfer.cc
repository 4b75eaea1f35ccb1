#include "fanfare/client/transfer.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "fanfare/client/transfer_state.h"

namespace fanfare::client {
namespace {

using State = Transfer::State;

constexpr std::size_t kHeadBytesMax = 256 * 1024;  // of one response
constexpr std::size_t kBodyStartBytesMax = 4 * 1024;
constexpr long kRedirectsMax = 20;     // as WHATWG Fetch
constexpr long kProbeAfterIdleS = 30;  // TCP keep-alive finds a peer that has vanished

std::size_t on_head_line(char* bytes, std::size_t /*one*/, std::size_t size, void* transfer) {
  return static_cast<State*>(transfer)->take_head_line({bytes, size});
}

std::size_t on_body(char* bytes, std::size_t /*one*/, std::size_t size, void* transfer) {
  return static_cast<State*>(transfer)->take_bytes({bytes, size});
}

int on_connected(void* transfer, char* /*remote*/, char* /*local*/, int /*remote_port*/, int /*local_port*/) {
  static_cast<State*>(transfer)->visitor.on_sent();
  return CURL_PREREQFUNC_OK;
}

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view value) {
  const auto first = value.find_first_not_of(" \t");
  return first == value.npos ? std::string_view() : value.substr(first, value.find_last_not_of(" \t") + 1 - first);
}

List fields_of(const Request& request, const std::string& last_event_id) {
  List fields;
  const auto add_own = [&](const std::string& name, const std::string& value) {
    const bool is_replaced =
        std::ranges::any_of(request.headers, [&](const Header& each) { return is_same_name(each.name, name); });
    if (!is_replaced) append(fields, name + ": " + value);
  };
  add_own("Accept", "text/event-stream");
  add_own("Cache-Control", "no-cache");
  if (!last_event_id.empty()) append(fields, "Last-Event-ID: " + last_event_id);
  for (const auto& [name, value] : request.headers) {
    if (is_same_name(name, "Last-Event-ID")) continue;
    std::string line = name;
    if (value.empty()) {
      line += ';';  // curl's way to send one without a value
    } else {
      line.append(": ").append(value);
    }
    append(fields, line);
  }
  append(fields, "Expect:");  // a larger body goes out at once as well
  return fields;
}

void set_method(CURL* easy, const Request& request, const std::string& body) {
  if (request.method == "GET" && body.empty()) return;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "POST" || !body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  if (request.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  // curl sends a request again when a connection that was kept has gone: whether to is the policy's.
  if (!is_idempotent(request.method)) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

}  // namespace

State::State(TransferLoop::State& on, TransferVisitor& to, const Request& request, const std::string& last_event_id)
    : loop(on), visitor(to), easy(curl_easy_init()), fields(fields_of(request, last_event_id)), body(request.body) {
  CURL* const handle = easy.get();
  FANFARE_CHECK(handle != nullptr);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, fields.get());
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, kProbeAfterIdleS);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, kProbeAfterIdleS);
  if (!request.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  if (!request.proxy.empty()) curl_easy_setopt(handle, CURLOPT_PROXY, request.proxy.c_str());
  set_method(handle, request, body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_head_line);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &on_connected);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
  FANFARE_CHECK(curl_multi_add_handle(loop.multi.get(), handle) == CURLM_OK);
}

State::~State() {
  curl_multi_remove_handle(loop.multi.get(), easy.get());
}

// A line of a head, with its end; the blank line ends one. There may be several: of 1xx, of redirects, trailers.
std::size_t State::take_head_line(std::string_view line) {
  const std::size_t size = line.size();
  head_bytes += size;
  if (head_bytes > kHeadBytesMax) return CURL_WRITEFUNC_ERROR;
  line = line.substr(0, line.find_last_not_of("\r\n") + 1);
  if (head_is_complete) return size;  // trailers
  if (line.starts_with("HTTP/")) {
    head.clear();
  } else if (const auto colon = line.find(':'); colon != line.npos) {
    head.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  } else if (line.empty()) {
    end_head();
  }
  return size;
}

void State::end_head() {
  long code = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &code);
  status = static_cast<int>(code);
  const bool is_redirect =
      status >= 300 && status < 400 &&
      std::ranges::any_of(head, [](const auto& field) { return is_same_name(field.first, "Location"); });
  if (status < 200 || is_redirect) return;
  head_is_complete = true;
  if (status == 200) tell_head({});
}

void State::tell_head(std::string_view body_start) {
  has_told_head = true;
  std::vector<HeaderField> fields_of_head;
  for (const auto& [name, value] : head) fields_of_head.push_back({name, value});
  const char* url = "";
  curl_easy_getinfo(easy.get(), CURLINFO_EFFECTIVE_URL, &url);
  const std::string origin = origin_of(url);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  visitor.on_head({.status = status,
                   .fields = fields_of_head,
                   .origin = origin,
                   .unix_ms = static_cast<std::uint64_t>(unix_ms),
                   .body_start = body_start.substr(0, kBodyStartBytesMax)});
  head.clear();
  head.shrink_to_fit();
}

std::size_t State::take_bytes(std::string_view bytes) {
  if (is_paused) return CURL_WRITEFUNC_PAUSE;  // they come again
  if (!head_is_complete) return bytes.size();  // of a redirect
  if (!has_told_head) tell_head(bytes);
  is_paused = visitor.on_bytes(bytes) == TransferVisitor::Flow::kPause;
  return bytes.size();
}

void State::end(CURLcode code) {
  if (code != CURLE_OK) return visitor.on_end(failure_of(code));
  if (!has_told_head) tell_head({});
  visitor.on_end(std::nullopt);
}

// curl has words for each of them.
TransportFailure State::failure_of(CURLcode code) const {
  TransportFailure failure;
  failure.message = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      failure.outlook = TransportFailure::Outlook::kFutile;
      break;
    default:
      break;
  }
  return failure;
}

Transfer::Transfer(TransferLoop& loop, TransferVisitor& visitor, const Request& request,
                   const std::string& last_event_id)
    : state_(std::make_unique<State>(*loop.state_, visitor, request, last_event_id)) {}

Transfer::~Transfer() = default;

void Transfer::resume() {
  if (!std::exchange(state_->is_paused, false)) return;
  curl_easy_pause(state_->easy.get(), CURLPAUSE_CONT);
}

}  // namespace fanfare::client
