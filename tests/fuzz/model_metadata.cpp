// libFuzzer calls this with metadata that it makes up, as the JSON object that stands in a file's header.
// What is read must be written so that it is read again, the same.
#include "rushlight/models/model_metadata.h"
#include "rushlight/io/json.h"
#include "tests/fuzz/readers.h"

namespace {

using rushlight::io::FileMetadata;
using rushlight::models::parse_metadata;

FileMetadata metadata_in(std::string_view text) {
  FileMetadata metadata;
  const rushlight::io::Json json = rushlight::io::parse_json(text);
  for (const auto& [key, value] : json.object("metadata")) metadata.emplace_back(key, value.text("a value"));
  return metadata;
}

int read_and_write(std::string_view text) {
  const rushlight::models::ModelMetadata described = parse_metadata(metadata_in(text));
  try {
    if (parse_metadata(write_metadata(described)) == described) return 0;
  } catch (const rushlight::Error&) {
  }
  __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return rushlight::read_hostile(data, size, read_and_write);
}
