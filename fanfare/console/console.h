// The console: the web page at "/" of every hub, with its style, scripts and icon, embedded when the program is built.
// What it is not: it serves nothing. The server room answers requests with these bytes.
// The pages need no script or style within the markup and nothing from another origin, so that they work under
// `Content-Security-Policy: default-src 'self'`.
// Constants; any thread.
#pragma once

#include <span>
#include <string_view>

namespace fanfare {

// One file of the console. The views last as long as the program.
struct ConsoleAsset {
  std::string_view path;          // as in the request target: "/" for index.html, else "/console.css"
  std::string_view content_type;  // with charset
  std::string_view etag;          // strong and quoted: a hash of the body (RFC 9110, section 8.8.3)
  std::string_view body;          // UTF-8
};

// All files, in no order that matters. No path occurs twice.
std::span<const ConsoleAsset> console_assets();

}  // namespace fanfare
