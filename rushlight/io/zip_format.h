// The numbers of the zip format that reader and writer share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rushlight/base/error.h"

namespace rushlight::io {

inline constexpr const char* kZip = "zip";

inline constexpr uint32_t kLocalSignature = 0x04034b50, kRowSignature = 0x02014b50,
                          kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50,
                          kLocatorSignature = 0x07064b50;
inline constexpr size_t kLocalSize = 30, kEndSize = 22, kLocatorSize = 20;
inline constexpr uint16_t kStored = 0, kDeflated = 8;
inline constexpr uint16_t kEncrypted = 1, kNamesInUtf8 = 1 << 11;
inline constexpr uint16_t kZip64Extra = 1;
inline constexpr uint32_t kIn64Bits = 0xffffffff;  // the number stands in the extra field

template <class T>
std::string to_bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <class... Parts>
[[noreturn]] void refuse_zip(const Parts&... parts) {
  fail(ErrorKind::value, "[", kZip, "] ", parts...);
}

uint32_t checksum(std::string_view bytes);

}  // namespace rushlight::io
