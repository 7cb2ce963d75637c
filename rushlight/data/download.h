// Files by URL. The work is done by the program curl; nothing here speaks TLS.
#pragma once

#include <cstdint>
#include <string>

namespace rushlight::data {

struct Download {
  std::string url;            // http or https
  std::string path;           // where it goes; folders are made
  std::string sha256;         // 64 hexadecimal digits
  int64_t bytes = 0;          // 0: unknown. A file that grows beyond it is given up
  int patience_seconds = 60;  // how long nothing may come
};

// Afterwards `path` is that file. It is put there when its checksum is right, not before; what came of it
// waits in `path`.part, and a later call goes on from there.
void download(const Download& file);

// The digits of a file's SHA-256.
std::string sha256_of_file(const std::string& path);

}  // namespace rushlight::data
