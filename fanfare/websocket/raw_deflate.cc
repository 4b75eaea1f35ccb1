#include "fanfare/websocket/raw_deflate.h"

#define ZLIB_CONST  // input is const
#include <zlib.h>

#include <limits>

#include "fanfare/base/check.h"
#include "fanfare/http/counted_memory.h"

namespace fanfare::websocket {
namespace {

// Chosen by bench/websocket_bench.cc. The window is what every accepted offer allows.
constexpr int kLevel = 6;
constexpr int kMemoryLevel = 5;
constexpr int kWindowBits = 15;

// An empty stored block after the message, to whole bytes, and what zlib may hold back before it.
constexpr std::size_t kFlushBytes = 16;

// "After the end of a block", and no bits left over: what zlib says in data_type.
constexpr int kAfterBlock = 128;

// A stream of zlib's whose memory is counted.
struct Stream {
  Stream() {
    z.zalloc = [](voidpf self, uInt items, uInt size) -> voidpf {
      return http::CountedMemory::allocate(std::size_t{items} * size, self);
    };
    z.zfree = [](voidpf self, voidpf block) { http::CountedMemory::release(block, self); };
    z.opaque = &memory;
  }

  http::CountedMemory memory;
  z_stream z{};
};

const Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

}  // namespace

struct RawDeflater::State : Stream {};

RawDeflater::RawDeflater() : state_(std::make_unique<State>()) {
  // A negative window: the compressed bytes alone, without the head and trailer of a format.
  FANFARE_CHECK(deflateInit2(&state_->z, kLevel, Z_DEFLATED, -kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK);
}

RawDeflater::~RawDeflater() {
  deflateEnd(&state_->z);
}

void RawDeflater::compress(std::string_view plain, std::string& out) {
  z_stream& z = state_->z;
  FANFARE_CHECK(plain.size() <= std::numeric_limits<uInt>::max() / 2);
  z.next_in = bytes_of(plain);
  z.avail_in = static_cast<uInt>(plain.size());
  do {
    const std::size_t before = out.size();
    const std::size_t room = deflateBound(&z, z.avail_in) + kFlushBytes;
    out.resize(before + room);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    z.avail_out = static_cast<uInt>(room);
    const int result = deflate(&z, Z_SYNC_FLUSH);
    // Z_BUF_ERROR: the last call was through without a byte of room to spare.
    FANFARE_CHECK(result == Z_OK || result == Z_BUF_ERROR);
    out.resize(out.size() - z.avail_out);
  } while (z.avail_out == 0);
  FANFARE_CHECK(z.avail_in == 0 && out.ends_with(kFlushTail));
  out.resize(out.size() - kFlushTail.size());
  FANFARE_CHECK(deflateReset(&z) == Z_OK);
}

std::size_t RawDeflater::memory_bytes() const {
  return sizeof(State) + state_->memory.bytes;
}

struct RawInflater::State : Stream {
  bool is_after_block = false;
};

RawInflater::RawInflater(int window_bits) : state_(std::make_unique<State>()) {
  FANFARE_CHECK(inflateInit2(&state_->z, -window_bits) == Z_OK);
}

RawInflater::~RawInflater() {
  inflateEnd(&state_->z);
}

std::optional<std::size_t> RawInflater::inflate(std::string_view& compressed, std::span<char> room) {
  z_stream& z = state_->z;
  FANFARE_CHECK(compressed.size() <= std::numeric_limits<uInt>::max() && room.size() <= compressed.max_size());
  std::size_t made = 0;
  while (made == 0) {
    z.next_in = bytes_of(compressed);
    z.avail_in = static_cast<uInt>(compressed.size());
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = static_cast<uInt>(room.size());
    const int result = ::inflate(&z, Z_NO_FLUSH);
    const std::size_t read = compressed.size() - z.avail_in;
    compressed.remove_prefix(read);
    made = room.size() - z.avail_out;
    // A call that finds nothing to do forgets where the last one stopped.
    if (read != 0 || made != 0) state_->is_after_block = z.data_type == kAfterBlock;
    if (result == Z_STREAM_END) {
      // A block that calls itself the last (RFC 7692 section 7.2.3.4): others may follow it all the same, at the next
      // whole byte.
      FANFARE_CHECK(inflateReset(&z) == Z_OK);
      if (compressed.empty()) break;
    } else if (result == Z_BUF_ERROR) {
      break;  // there was nothing to do
    } else if (result != Z_OK && made == 0) {
      return std::nullopt;  // what stands before the fault is given first, however the bytes are cut
    }
  }
  return made;
}

bool RawInflater::is_complete() const {
  return state_->is_after_block;
}

std::size_t RawInflater::memory_bytes() const {
  return sizeof(State) + state_->memory.bytes;
}

}  // namespace fanfare::websocket
