#include "rushlight/io/npz.h"

#include <deque>

#include "rushlight/base/files.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/npy.h"
#include "rushlight/io/tensor_bytes.h"
#include "rushlight/io/zip.h"

namespace rushlight::io {

namespace {
constexpr std::string_view kEnding = ".npy";
}  // namespace

NamedTensors parse_npz(std::string_view bytes) {
  const ZipReader zip(bytes);
  NamedTensors tensors;
  for (const ZipEntry& entry : zip.entries()) {
    if (!entry.name.ends_with(kEnding))
      fail(ErrorKind::value, "[npz] \"", entry.name, "\" is no array: its name does not end in .npy");
    const std::string name = entry.name.substr(0, entry.name.size() - kEnding.size());
    tensors.push_back({name, in_file(entry.name, [&] { return parse_npy(zip.read(entry)); })});
  }
  return tensors;
}

NamedTensors load_npz(const std::string& path) {
  return in_file(path, [&] { return parse_npz(read_file(path)); });
}

void save_npz(const std::string& path, const NamedTensors& tensors) {
  expect_writable(tensors, "npz");
  ZipWriter zip;
  std::deque<std::string> contents;  // whole: a zip entry has its checksum before it
  for (const auto& [name, tensor] : tensors) {
    contents.push_back(npy_header(tensor));
    contents.back() += TensorBytes(tensor).view();
    zip.add(name + std::string(kEnding), contents.back());
  }
  write_file_atomically(path, zip.finish());
}

}  // namespace rushlight::io
