// A fuzzer's input as a list of choices. After its end every choice is 0 and every text is empty. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fanfare::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : bytes_(reinterpret_cast<const char*>(data), size) {}
  bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::string_view take(std::size_t size) {
    const auto taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view bytes_;
};

// How the bytes of a client are cut into pieces: not at all for seed 0.
class Cut {
 public:
  explicit Cut(std::uint8_t seed) : seed_(seed) {}
  // Gives `take` the bytes piece by piece.
  template <typename Take>
  void pieces(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      std::size_t piece = bytes.size();
      if (seed_ != 0) {
        seed_ = static_cast<std::uint8_t>(seed_ * 5 + 1) | 1;
        if (const std::size_t least = 1 + (seed_ >> 4); least < piece) piece = least;
      }
      take(bytes.substr(0, piece));
      bytes.remove_prefix(piece);
    }
  }

 private:
  std::uint8_t seed_;
};

}  // namespace fanfare::fuzz
