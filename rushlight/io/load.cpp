#include "rushlight/io/load.h"

#include "rushlight/base/files.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/json_weights.h"
#include "rushlight/io/npy.h"
#include "rushlight/io/npz.h"
#include "rushlight/io/safetensors.h"
#include "rushlight/io/torch_file.h"
#include "rushlight/io/zip.h"

namespace rushlight::io {

namespace {

constexpr const char* kKnown = ".safetensors, .pt, .npz, .npy and .json are known here";

std::string stem_of(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  return name.substr(0, name.rfind('.'));
}

bool is_json(std::string_view bytes) {
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && bytes[first] == '{';
}

bool has_arrays_only(std::string_view bytes) {
  const ZipReader zip(bytes);
  for (const ZipEntry& entry : zip.entries())
    if (!entry.name.ends_with(".npy")) return false;
  return true;
}

NamedTensors parse_tensors(std::string_view bytes, const std::string& path) {
  if (bytes.starts_with("\x93NUMPY")) return {{stem_of(path), parse_npy(bytes)}};
  if (bytes.starts_with("PK")) return has_arrays_only(bytes) ? parse_npz(bytes) : parse_torch(bytes).tensors;
  if (bytes.starts_with('\x80')) return parse_torch(bytes).tensors;  // it knows what that is, and why not
  if (is_safetensors(bytes)) return parse_safetensors(bytes).tensors;
  if (is_json(bytes)) return parse_json_weights(bytes);
  fail(ErrorKind::value, "what this file begins with says nothing; ", kKnown);
}

}  // namespace

NamedTensors load_tensors(const std::string& path) {
  return in_file(path, [&] { return parse_tensors(read_file(path), path); });
}

void save_tensors(const std::string& path, const NamedTensors& tensors) {
  if (path.ends_with(".safetensors")) return save_safetensors(path, tensors);
  if (path.ends_with(".pt") || path.ends_with(".pth")) return save_torch(path, tensors);
  if (path.ends_with(".npz")) return save_npz(path, tensors);
  if (path.ends_with(".json")) return save_json_weights(path, tensors);
  if (!path.ends_with(".npy")) fail(ErrorKind::value, path, " has none of the endings: ", kKnown);
  if (tensors.size() != 1)
    fail(ErrorKind::value, path, ": an .npy holds one tensor, not ", tensors.size(), "; use .npz");
  save_npy(path, tensors[0].tensor);
}

}  // namespace rushlight::io
