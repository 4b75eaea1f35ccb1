#include "fanfare/cli/tls_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "fanfare/cli/file_text.h"
#include "fanfare/net/self_signed.h"

namespace fanfare::cli {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kValidSeconds = 365 * kDaySeconds;
constexpr std::int64_t kRenewedBeforeSeconds = 30 * kDaySeconds;

Result<std::string> read_pem(const std::string& path, const Limits& limits) {
  auto text = read_file(path, limits.key_file_bytes_max, "key_file_bytes_max");
  if (!text) return fail("cannot read '" + path + "': " + text.error().message);
  return text;
}

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
  const auto failed = [&] { return fail("cannot write '" + path + "': " + std::strerror(errno)); };
  const std::string draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return failed();
  errno = ENOSPC;  // what a write that is cut short means
  const bool is_written = ::fchmod(fd, mode) == 0 && ::write(fd, text.data(), text.size()) == std::ssize(text);
  const bool is_closed = ::close(fd) == 0;
  if (!is_written || !is_closed || ::rename(draft.c_str(), path.c_str()) != 0) return failed();
  return {};
}

bool is_good(const net::TlsIdentity& identity, std::span<const std::string> names, std::int64_t now_s) {
  const auto context =
      net::TlsContext::make({.identities = {identity}, .protocols = {}}, std::make_shared<net::TlsTickets>());
  if (!context || (*context)->valid_until_s().front() < now_s + kRenewedBeforeSeconds) return false;
  return std::ranges::all_of(
      names, [&](const std::string& name) { return net::is_certificate_for(identity.certificate, name); });
}

// "[::1]:8443" -> "::1"; empty for all interfaces.
std::string host_of(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool is_any = host.empty() || host == "0.0.0.0" || host == "::" || host == "*";
  return is_any ? "" : std::string(host);
}

}  // namespace

Result<std::vector<net::TlsIdentity>> read_identities(std::span<const std::string> certificates,
                                                      std::span<const std::string> keys, const Limits& limits) {
  std::vector<net::TlsIdentity> identities;
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    auto certificate = read_pem(certificates[i], limits);
    if (!certificate) return std::unexpected(std::move(certificate.error()));
    auto key = keys.empty() ? certificate : read_pem(keys[i], limits);
    if (!key) return std::unexpected(std::move(key.error()));
    std::string name = certificates[i];
    if (!keys.empty()) name.append(" with ").append(keys[i]);
    identities.push_back({std::move(*certificate), std::move(*key), std::move(name)});
  }
  return identities;
}

Result<SelfSigned> find_self_signed(const std::string& directory, std::span<const std::string> names,
                                    std::int64_t now_s, const Limits& limits) {
  SelfSigned found{
      .identity = {}, .certificate_file = directory + "/self-signed.pem", .key_file = directory + "/self-signed.key"};
  std::error_code error;
  const bool is_there = std::filesystem::exists(found.certificate_file, error) && !error &&
                        std::filesystem::exists(found.key_file, error);
  if (error) return fail("cannot look into '" + directory + "': " + error.message());
  if (is_there) {
    auto identities = read_identities({&found.certificate_file, 1}, {&found.key_file, 1}, limits);
    if (!identities) return std::unexpected(std::move(identities.error()));
    found.identity = std::move(identities->front());
    if (is_good(found.identity, names, now_s)) return found;
  }
  found.identity = net::make_self_signed(names, now_s, now_s + kValidSeconds);
  found.is_new = true;
  return found;
}

Result<void> keep_self_signed(const SelfSigned& made) {
  std::error_code error;
  const auto directory = std::filesystem::path(made.key_file).parent_path();
  std::filesystem::create_directories(directory, error);
  if (error) return fail("cannot make the directory '" + directory.string() + "': " + error.message());
  if (auto written = write_file(made.key_file, made.identity.key, 0600); !written) return written;
  return write_file(made.certificate_file, made.identity.certificate, 0644);
}

std::vector<std::string> names_of_this_machine(std::span<const std::string> addresses) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  const auto add = [&](std::string name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) add(host.data());
  for (const std::string& address : addresses) add(host_of(address));
  return names;
}

}  // namespace fanfare::cli
