// libcurl's handles as values that clean up after themselves. For the sources of this room; one thread each.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "fanfare/base/check.h"

namespace fanfare::client {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;
using Multi = std::unique_ptr<CURLM, MultiDeleter>;
using List = std::unique_ptr<curl_slist, ListDeleter>;
using Url = std::unique_ptr<CURLU, UrlDeleter>;

inline void append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  FANFARE_CHECK(longer != nullptr);
  if (longer != list.get()) {
    FANFARE_CHECK(list == nullptr);  // else curl returns the list that it was given
    list.reset(longer);
  }
}

}  // namespace fanfare::client
