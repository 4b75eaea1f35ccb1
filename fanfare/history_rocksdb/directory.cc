#include "fanfare/history_rocksdb/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace fanfare {
namespace {

constexpr std::string_view kFormatFile = "FORMAT";
constexpr std::string_view kFormatText = "fanfare event log, format ";

std::string reason() {
  return std::generic_category().message(errno);
}

std::string read_start_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(128, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// What a new file system puts into its root is nobody's data.
bool is_empty(const std::string& directory, std::error_code& error) {
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename() != "lost+found") return false;
  }
  return true;
}

Result<void> write_format(const std::string& directory) {
  return write_whole(directory + "/" + std::string(kFormatFile),
                     std::string(kFormatText) + std::to_string(kStoredFormat) + "\n");
}

Result<void> check_format(const std::string& directory, std::string_view text) {
  int format = 0;
  if (!text.starts_with(kFormatText) ||
      std::from_chars(text.data() + kFormatText.size(), text.data() + text.size(), format).ec != std::errc()) {
    return fail(directory + "/FORMAT does not say that this is a Fanfare event log");
  }
  if (format == kStoredFormat) return {};
  return fail("the event log in " + directory + " has format " + std::to_string(format) +
              "; this program reads and writes format " + std::to_string(kStoredFormat) +
              (format > kStoredFormat ? ": use a newer Fanfare" : ""));
}

}  // namespace

Result<void> prepare_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return fail("cannot make the directory " + directory + ": " + error.message());
  const std::string path = directory + "/" + std::string(kFormatFile);
  if (::access(path.c_str(), F_OK) == 0) return check_directory(directory);
  std::filesystem::remove(path + ".new", error);  // of a start that was cut short
  if (!is_empty(directory, error)) {
    return fail(directory + " is neither empty nor a Fanfare event log: give the log a directory of its own");
  }
  if (error) return fail("cannot read the directory " + directory + ": " + error.message());
  return write_format(directory);
}

Result<void> check_directory(const std::string& directory) {
  const std::string path = directory + "/" + std::string(kFormatFile);
  if (::access(path.c_str(), F_OK) != 0) return fail("there is no Fanfare event log in " + directory);
  if (::access(path.c_str(), R_OK) != 0) return fail("cannot read " + path + ": " + reason());
  return check_format(directory, read_start_of(path));
}

std::string holder_of(const std::string& directory) {
  std::optional<pid_t> pid;
  const int fd = ::open((directory + "/LOCK").c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0) pid = lock.l_pid;
    ::close(fd);
  }
  if (!pid) return "another process";
  std::string name = read_start_of("/proc/" + std::to_string(*pid) + "/comm");
  while (name.ends_with('\n')) name.pop_back();
  return "process " + std::to_string(*pid) + (name.empty() ? "" : " (" + name + ")");
}

std::uint64_t write_ahead_bytes_of(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::uint64_t size = entry.path().extension() == ".log" ? entry.file_size(error) : 0;
    if (!error) bytes += size;
  }
  return bytes;
}

std::string repair_mark_of(const std::string& directory) {
  return directory + "/DAMAGE";
}

// Under another name first.
Result<void> write_whole(const std::string& path, std::string_view text) {
  const std::string draft = path + ".new";
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) return fail("cannot write " + draft + ": " + reason());
  }
  const std::string directory = std::filesystem::path(path).parent_path();
  if (!sync_path(draft) || std::rename(draft.c_str(), path.c_str()) != 0 || !sync_path(directory)) {
    return fail("cannot write " + path + ": " + reason());
  }
  return {};
}

bool sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

}  // namespace fanfare
