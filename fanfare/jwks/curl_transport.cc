#include <atomic>
#include <cstddef>
#include <utility>

#include <curl/curl.h>

#include "fanfare/base/check.h"
#include "fanfare/jwks/transport.h"

namespace fanfare::jwks {
namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr int kWaitMs = 1'000;

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

struct Transfer {
  Answer answer;
  std::size_t body_bytes_max;
  std::size_t head_bytes = 0;
  bool is_too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.is_too_large = size > transfer.body_bytes_max - transfer.answer.body.size();
  if (transfer.is_too_large) return CURL_WRITEFUNC_ERROR;
  transfer.answer.body.append(bytes, size);
  return size;
}

std::size_t take_head(char*, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.head_bytes += size;
  transfer.is_too_large = transfer.head_bytes > kHeadBytesMax;
  return transfer.is_too_large ? CURL_WRITEFUNC_ERROR : size;
}

std::string header_of(CURL* easy, const char* name) {
  curl_header* header = nullptr;
  if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) return {};
  return header->value;
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(std::string user_agent, const Limits& limits)
      : user_agent_(std::move(user_agent)),
        fetch_ms_max_(static_cast<long>(limits.jwks_fetch_ms_max)),
        body_bytes_max_(limits.key_file_bytes_max) {
    FANFARE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    multi_.reset(curl_multi_init());
    FANFARE_CHECK(multi_ != nullptr);
  }
  ~CurlTransport() override {
    multi_.reset();
    curl_global_cleanup();
  }

  Result<Answer> get(const std::string& url, const std::string& etag) override;
  void cancel() override {
    is_cancelled_ = true;
    curl_multi_wakeup(multi_.get());
  }

 private:
  CURLcode perform(CURL* easy);

  const std::string user_agent_;
  const long fetch_ms_max_;
  const std::size_t body_bytes_max_;
  std::atomic<bool> is_cancelled_ = false;
  Multi multi_;
};

Result<Answer> CurlTransport::get(const std::string& url, const std::string& etag) {
  const Easy owner(curl_easy_init());
  CURL* const easy = owner.get();
  FANFARE_CHECK(easy != nullptr);
  char error_text[CURL_ERROR_SIZE] = {};
  Transfer transfer{.answer = {}, .body_bytes_max = body_bytes_max_};
  List headers;
  append(headers, "Accept: application/jwk-set+json, application/json");
  if (!etag.empty()) append(headers, "If-None-Match: " + etag);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, fetch_ms_max_);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_head);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  const CURLcode code = perform(easy);
  if (transfer.is_too_large) {
    return fail("the answer has more than " + std::to_string(body_bytes_max_) + " bytes (--limit key_file_bytes_max)");
  }
  if (code != CURLE_OK) return fail(*error_text != '\0' ? error_text : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  transfer.answer.status = static_cast<int>(status);
  transfer.answer.etag = header_of(easy, "ETag");
  transfer.answer.cache_control = header_of(easy, "Cache-Control");
  return std::move(transfer.answer);
}

CURLcode CurlTransport::perform(CURL* easy) {
  FANFARE_CHECK(curl_multi_add_handle(multi_.get(), easy) == CURLM_OK);
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  while (!is_cancelled_) {
    int running = 0;
    FANFARE_CHECK(curl_multi_perform(multi_.get(), &running) == CURLM_OK);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      code = message->data.result;
      break;
    }
    curl_multi_poll(multi_.get(), nullptr, 0, kWaitMs, nullptr);
  }
  curl_multi_remove_handle(multi_.get(), easy);
  return code;
}

}  // namespace

std::unique_ptr<Transport> make_curl_transport(std::string user_agent, const Limits& limits) {
  return std::make_unique<CurlTransport>(std::move(user_agent), limits);
}

}  // namespace fanfare::jwks
