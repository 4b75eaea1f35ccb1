// The header fields of an HTTP/2 response (RFC 9113 section 8.3.2), under the rules of http1_response.h: the given
// fields must be none that the session writes, and no name or value may forge another. HPACK is not here.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/http/message.h"

namespace fanfare::http {

class Http2ResponseFields {
 public:
  struct Field {
    std::string_view name;  // with capitals where they were given: whoever sends them lowers them
    std::string_view value;
  };

  // Borrows the headers. Fields of a connection (section 8.2.2) are left out.
  Http2ResponseFields(int status, const Headers& headers, std::optional<std::size_t> content_length);
  Http2ResponseFields(const Http2ResponseFields&) = delete;
  Http2ResponseFields& operator=(const Http2ResponseFields&) = delete;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::string status_;
  std::string content_length_;
  std::vector<Field> fields_;
};

}  // namespace fanfare::http
