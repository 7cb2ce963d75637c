// SHA-256 on the examples of FIPS 180-4, and in pieces.
#include "rushlight/base/sha256.h"

#include <doctest/doctest.h>

using namespace rushlight;

TEST_CASE("SHA-256 of the standard's examples") {
  CHECK(sha256_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256_of(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how the bytes are cut") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 7);
  for (size_t length : {0, 55, 56, 63, 64, 65, 119, 120, 128, 200})
    for (size_t piece : {1, 3, 63, 64, 65}) {
      Sha256 sum;
      for (size_t at = 0; at < length; at += piece) sum.add(text.substr(at, std::min(piece, length - at)));
      CHECK(sum.hex() == sha256_of(text.substr(0, length)));
    }
}
