// SipHash-2-4 (Aumasson and Bernstein, 2012): a hash whose collisions nobody finds who does not know its key. For
// tables whose keys peers choose and whose entries strangers must not come to share. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fanfare {

using SipKey = std::array<std::uint64_t, 2>;

// From the system's source of random numbers.
SipKey random_sip_key();

std::uint64_t sip_hash(const SipKey& key, std::string_view bytes);

}  // namespace fanfare
