// SHA-256 (FIPS 180-4): whether a file is the one that is meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rushlight {

class Sha256 {
 public:
  void add(std::string_view bytes);
  // 64 lower-case hexadecimal digits. Nothing may be added after it.
  std::string hex();

 private:
  void add_block(const uint8_t* block);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t waiting_[64] = {};  // bytes of a block that is not yet full
  uint64_t length_ = 0;
};

std::string sha256_of(std::string_view bytes);

}  // namespace rushlight
