#include "fanfare/cli/file_text.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fanfare::cli {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max, std::string_view limit_name) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) return fail(std::strerror(errno));
  std::string text;
  std::array<char, kReadBytes> bytes;
  while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), file.get())) {
    text.append(bytes.data(), count);
    if (text.size() <= bytes_max) continue;
    const std::string limit = limit_name.empty() ? "" : " (--limit " + std::string(limit_name) + ")";
    return fail("it has more than " + std::to_string(bytes_max) + " bytes" + limit);
  }
  if (std::ferror(file.get()) != 0) return fail(std::strerror(errno));
  return text;
}

}  // namespace fanfare::cli
