// The console: the web page at "/" of every hub, with its style, scripts and icon, embedded when the program is built,
// as they are and compressed.
// What it is not: it serves nothing. The server room answers requests with these bytes.
// The pages need no script or style within the markup and nothing from another origin, so that they work under
// `Content-Security-Policy: default-src 'self'`.
// Constants; any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "fanfare/coding/coding.h"

namespace fanfare {

// A file in one content coding. The views last as long as the program.
struct ConsoleBody {
  Coding coding;
  std::string_view
      etag;  // strong and quoted: a hash of the bytes (RFC 9110, section 8.8.3), so each coding has its own
  std::string_view bytes;  // in kIdentity UTF-8
};

// One file of the console.
struct ConsoleAsset {
  std::string_view path;                // as in the request target: "/" for index.html, else "/console.css"
  std::string_view content_type;        // with charset
  std::span<const ConsoleBody> bodies;  // the smallest first; kIdentity, which is always there, is the last

  // For a client that sends this Accept-Encoding; see choose_coding(). kIdentity for who accepts none of them.
  const ConsoleBody& body_for(std::optional<std::string_view> accept_encoding) const;
};

// All files, in no order that matters. No path occurs twice.
std::span<const ConsoleAsset> console_assets();

}  // namespace fanfare
