// The certificates that `fanfare serve` shows: from files, or one that it makes itself and keeps.
// Any thread, one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fanfare/base/error.h"
#include "fanfare/base/limits.h"
#include "fanfare/net/tls_context.h"

namespace fanfare::cli {

// certificates, keys: files. There are as many keys as certificates, in the same order, or none: then each stands in
// the file of its certificate. Fails with the file's name.
Result<std::vector<net::TlsIdentity>> read_identities(std::span<const std::string> certificates,
                                                      std::span<const std::string> keys, const Limits& limits);

struct SelfSigned {
  net::TlsIdentity identity;
  std::string certificate_file;
  std::string key_file;
  bool is_new = false;  // not kept yet
};

// The one that is kept in the directory, if it is for all the names and good for another month from now_s (Unix time)
// on; else a new one, for a year. Touches nothing. Fails for files that are there and cannot be read.
Result<SelfSigned> find_self_signed(const std::string& directory, std::span<const std::string> names,
                                    std::int64_t now_s, const Limits& limits);
// Writes both files, of which nobody else may read the key.
Result<void> keep_self_signed(const SelfSigned& made);

// What a certificate of this machine is for: its names, and the hosts of the addresses ("ADDR:PORT") where it listens.
std::vector<std::string> names_of_this_machine(std::span<const std::string> addresses);

}  // namespace fanfare::cli
