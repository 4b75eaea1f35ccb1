#include "fanfare/cli/http_client.h"

#include <algorithm>
#include <vector>

#include <curl/curl.h>

#include "fanfare/base/check.h"
#include "fanfare/cli/commands.h"

namespace fanfare::cli {
namespace {

constexpr long kConnectMsMax = 10'000;
constexpr long kAnswerMsMax = 30'000;
constexpr std::size_t kAnswerBytesMax = 2 * 1024 * 1024;  // a batch's ids
constexpr long kRedirectsMax = 10;
constexpr long kProbeAfterIdleS = 30;  // TCP keep-alive finds a peer that has vanished

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& header) {
  curl_slist* longer = curl_slist_append(list.get(), header.c_str());
  FANFARE_CHECK(longer != nullptr);
  if (longer != list.get()) list.reset(longer);
}

NoAnswer no_answer(CURL* easy, CURLcode code, const char* detail) {
  std::string reason = *detail != '\0' ? detail : curl_easy_strerror(code);
  curl_off_t connect_us = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {Silence::kBadUrl, reason};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Silence::kNoHost, reason};
    case CURLE_COULDNT_CONNECT:
      return {Silence::kNoServer, reason};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Silence::kUntrusted, reason};
    case CURLE_OPERATION_TIMEDOUT:
      return {connect_us == 0 ? Silence::kNoServer : Silence::kTimeout, reason};
    default:
      return {Silence::kInterrupted, reason};
  }
}

// What both kinds of request share. The returned list must live until the transfer ends.
List prepare(CURL* easy, const HttpRequest& request, char* error_text) {
  curl_easy_reset(easy);
  error_text[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, ("fanfare/" + std::string(kVersion)).c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectMsMax);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kProbeAfterIdleS);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kProbeAfterIdleS);
  List headers;
  if (!request.token.empty()) append(headers, "Authorization: Bearer " + request.token);
  if (!request.last_event_id.empty()) append(headers, "Last-Event-ID: " + request.last_event_id);
  return headers;
}

std::size_t keep_answer(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& body = static_cast<HttpAnswer*>(context)->body;
  body.append(bytes, std::min(size, kAnswerBytesMax - body.size()));
  return size;
}

struct Transfer {
  CURL* easy;
  StreamVisitor& visitor;
  bool stopped = false;
};

std::optional<std::string> response_header(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return std::nullopt;
  return header->value;
}

// Called for each line of each head; the blank line ends one.
std::size_t take_head_line(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view line(bytes, size);
  if (line != "\r\n" && line != "\n") return size;
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  bool is_followed = status >= 300 && status < 400 && response_header(transfer.easy, "Location").has_value();
  if (status < 200 || is_followed) return size;
  transfer.visitor.on_head({static_cast<int>(status), response_header(transfer.easy, "Content-Type").value_or(""),
                            response_header(transfer.easy, "Last-Event-ID")});
  return size;
}

std::size_t take_bytes(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (!transfer.stopped) transfer.stopped = transfer.visitor.on_bytes({bytes, size}) == Next::kStop;
  return transfer.stopped ? CURL_WRITEFUNC_ERROR : size;
}

}  // namespace

struct HttpClient::State {
  Multi multi;
  Easy easy;
  char error_text[CURL_ERROR_SIZE] = {};

  // Runs the prepared transfer until its end, or until the visitor stops it.
  CURLcode run(Transfer& transfer, std::span<const int> wake_fds);
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {
  FANFARE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  state_->multi.reset(curl_multi_init());
  state_->easy.reset(curl_easy_init());
  FANFARE_CHECK(state_->multi && state_->easy);
}

HttpClient::~HttpClient() {
  state_.reset();
  curl_global_cleanup();
}

std::expected<HttpAnswer, NoAnswer> HttpClient::post(const HttpRequest& request) {
  CURL* easy = state_->easy.get();
  HttpAnswer answer;
  List headers = prepare(easy, request, state_->error_text);
  append(headers, "Content-Type: " + std::string(request.content_type));
  append(headers, "Expect:");  // a larger body goes out at once as well
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kAnswerMsMax);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &keep_answer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) return std::unexpected(no_answer(easy, code, state_->error_text));
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  return answer;
}

std::optional<NoAnswer> HttpClient::stream(const HttpRequest& request, StreamVisitor& visitor,
                                           std::span<const int> wake_fds) {
  CURL* easy = state_->easy.get();
  Transfer transfer{easy, visitor};
  List headers = prepare(easy, request, state_->error_text);
  append(headers, "Accept: text/event-stream");
  append(headers, "Cache-Control: no-cache");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kRedirectsMax);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_head_line);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_bytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  FANFARE_CHECK(curl_multi_add_handle(state_->multi.get(), easy) == CURLM_OK);
  CURLcode code = state_->run(transfer, wake_fds);
  curl_multi_remove_handle(state_->multi.get(), easy);
  if (transfer.stopped || code == CURLE_OK) return std::nullopt;
  return no_answer(easy, code, state_->error_text);
}

CURLcode HttpClient::State::run(Transfer& transfer, std::span<const int> wake_fds) {
  std::vector<curl_waitfd> wakers;
  for (int fd : wake_fds) wakers.push_back({fd, CURL_WAIT_POLLIN, 0});
  while (true) {
    int running = 0;
    FANFARE_CHECK(curl_multi_perform(multi.get(), &running) == CURLM_OK);
    int left = 0;
    if (CURLMsg* message = curl_multi_info_read(multi.get(), &left)) return message->data.result;
    if (transfer.stopped || transfer.visitor.wants_stop() == Next::kStop) {
      transfer.stopped = true;
      return CURLE_OK;
    }
    curl_multi_poll(multi.get(), wakers.data(), static_cast<unsigned>(wakers.size()), transfer.visitor.wait_ms_max(),
                    nullptr);
  }
}

}  // namespace fanfare::cli
