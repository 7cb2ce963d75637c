#include "rushlight/io/safetensors.h"

#include <algorithm>
#include <iterator>

#include "rushlight/base/files.h"
#include "rushlight/base/utf8.h"
#include "rushlight/io/byte_reader.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/json.h"
#include "rushlight/io/tensor_bytes.h"

namespace rushlight::io {

namespace {

constexpr const char* kFormat = "safetensors";
constexpr uint64_t kMostHeaderBytes = 100'000'000;  // as the format says
constexpr const char* kMetadata = "__metadata__";

// In the order of DType.
constexpr std::string_view kNames[kDTypeCount] = {"BOOL", "U8",  "U16", "U32",  "U64", "I8", "I16",
                                                  "I32",  "I64", "F16", "BF16", "F32", "F64"};
std::string_view name_in_file(DType dtype) { return kNames[static_cast<int>(dtype)]; }

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(ErrorKind::value, "[", kFormat, "] ", parts...);
}

// What the header says of a tensor.
struct Entry {
  std::string_view name;
  DType dtype;
  Shape shape;
  uint64_t begin, end;
};

// The value of a key that has to be there.
const Json& required(const Json::Object& object, std::string_view key, std::string_view name) {
  if (const Json* value = find(object, key)) return *value;
  refuse("\"", name, "\" has no ", key);
}

DType read_dtype(const std::string& text, std::string_view name) {
  const auto found = std::find(std::begin(kNames), std::end(kNames), text);
  if (found == std::end(kNames))
    refuse("\"", name, "\" is of dtype ", text, ", which there is not here; convert it to float32 first");
  return static_cast<DType>(found - std::begin(kNames));
}

uint64_t read_count(const Json& json, const std::string& what) {
  const int64_t count = json.integer(what);
  if (count < 0) refuse(what, " is negative: ", count);
  return static_cast<uint64_t>(count);
}

Entry read_entry(std::string_view name, const Json& json) {
  const Json::Object& object = json.object(join_text("\"", name, "\""));
  const std::string of_name = join_text(" of \"", name, "\"");
  if (object.size() > 3) refuse("\"", name, "\" has more than dtype, shape and data_offsets");
  Entry entry{name, read_dtype(required(object, "dtype", name).text("dtype" + of_name), name), {}, 0, 0};
  for (const Json& size : required(object, "shape", name).array("shape" + of_name))
    entry.shape.push_back(static_cast<int64_t>(read_count(size, "a size" + of_name)));
  const Json::Array& offsets = required(object, "data_offsets", name).array("data_offsets" + of_name);
  if (offsets.size() != 2) refuse("data_offsets", of_name, " are ", offsets.size(), " numbers, not 2");
  entry.begin = read_count(offsets[0], "an offset" + of_name);
  entry.end = read_count(offsets[1], "an offset" + of_name);
  return entry;
}

// Begins and ends meet, from the first byte to the last: no hole hides data, and no byte is two tensors'.
void expect_seamless(const std::vector<Entry>& entries, uint64_t size) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  uint64_t reached = 0;
  for (const Entry* entry : sorted) {
    if (entry->end < entry->begin || entry->end > size)
      refuse("\"", entry->name, "\" has the bytes ", entry->begin, " to ", entry->end, " of ", size);
    if (entry->begin != reached)
      refuse("\"", entry->name, "\" begins at byte ", entry->begin, ", but what lies before it ends at ",
             reached);
    reached = entry->end;
  }
  if (reached != size) refuse("the tensors end at byte ", reached, " of ", size);
}

FileMetadata read_metadata(const Json& json) {
  FileMetadata metadata;
  for (const auto& [key, value] : json.object(kMetadata))
    metadata.emplace_back(key, value.text(join_text("metadata \"", key, "\"")));
  return metadata;
}

Tensor read_tensor(const Entry& entry, std::string_view data) try {
  return tensor_from_bytes(data.substr(entry.begin, entry.end - entry.begin), entry.shape, entry.dtype);
} catch (const Error& error) {
  fail(error.kind(), "[", kFormat, "] \"", entry.name, "\": ", error.what());
}

Json::Object read_header(ByteReader& in) {
  const auto size = in.get<uint64_t>();
  if (size > kMostHeaderBytes)
    refuse("a header of ", size, " bytes; the most is ", kMostHeaderBytes, ". Is this a .safetensors file?");
  const std::string_view text = in.take(size);
  if (text.empty() || text[0] != '{') refuse("the header does not begin with '{'");
  return parse_json(text).object("the header");
}

// Where each tensor's data lie: the largest elements first, else in the order given.
std::vector<size_t> order_of_data(const NamedTensors& tensors) {
  std::vector<size_t> order;
  for (size_t i = 0; i < tensors.size(); ++i) order.push_back(i);
  const auto size = [&](size_t i) { return tensors[i].tensor.element_size(); };
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return size(a) != size(b) ? size(a) > size(b) : a < b; });
  return order;
}

Json number(uint64_t value) { return Json::Number{join_text(value)}; }

Json describe(const Tensor& tensor, uint64_t begin) {
  Json::Array shape;
  for (int64_t size : tensor.shape()) shape.push_back(number(static_cast<uint64_t>(size)));
  return Json::Object{{"dtype", std::string(name_in_file(tensor.dtype()))},
                      {"shape", std::move(shape)},
                      {"data_offsets", Json::Array{number(begin), number(begin + tensor.nbytes())}}};
}

Json describe(const FileMetadata& metadata) {
  Json::Object object;
  for (const auto& [key, value] : metadata) {
    if (!is_utf8(key) || !is_utf8(value)) refuse("metadata \"", key, "\" is not valid UTF-8");
    if (find(object, key)) refuse("metadata has \"", key, "\" twice");
    object.emplace_back(key, value);
  }
  return object;
}

// The header with its length before it, filled up with blanks so that the data are aligned.
std::string header_bytes(const Json::Object& header) {
  std::string text, bytes;
  append_json(text, header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMostHeaderBytes) refuse("a header of ", text.size(), " bytes; readers refuse it");
  append_bytes(bytes, static_cast<uint64_t>(text.size()));
  return bytes + text;
}

}  // namespace

TensorFile parse_safetensors(std::string_view bytes) {
  ByteReader in(bytes, kFormat);
  const Json::Object header = read_header(in);
  const std::string_view data = in.rest();
  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header) {
    if (name == kMetadata)
      file.metadata = read_metadata(value);
    else
      entries.push_back(read_entry(name, value));
  }
  expect_seamless(entries, data.size());
  for (const Entry& entry : entries)
    file.tensors.push_back({std::string(entry.name), read_tensor(entry, data)});
  return file;
}

TensorFile load_safetensors(const std::string& path) {
  return in_file(path, [&] { return parse_safetensors(read_file(path)); });
}

// A length of 64 bits, of which no header needs more than four bytes, and the JSON of the header.
bool is_safetensors(std::string_view bytes) {
  return bytes.size() > 8 && bytes.substr(4, 5) == std::string_view("\0\0\0\0{", 5);
}

FileMetadata load_metadata(const std::string& path) {
  const std::string beginning = read_beginning(path, 9);
  if (!is_safetensors(beginning)) return {};
  const auto size = std::min(ByteReader(beginning, kFormat).get<uint64_t>(), kMostHeaderBytes);
  return in_file(path, [&] {
    const std::string bytes = read_beginning(path, sizeof size + size);
    ByteReader in(bytes, kFormat);
    const Json::Object header = read_header(in);
    const Json* metadata = find(header, kMetadata);
    return metadata ? read_metadata(*metadata) : FileMetadata();
  });
}

void save_safetensors(const std::string& path, const NamedTensors& tensors, const FileMetadata& metadata) {
  expect_writable(tensors, kFormat);
  if (find_tensor(tensors, kMetadata)) refuse("no tensor can be called \"", kMetadata, "\"");
  Json::Object header;
  if (!metadata.empty()) header.emplace_back(kMetadata, describe(metadata));
  std::vector<uint64_t> begins(tensors.size());
  std::vector<TensorBytes> kept;
  uint64_t end = 0;
  for (size_t i : order_of_data(tensors)) {
    begins[i] = end;
    end += tensors[i].tensor.nbytes();
    kept.emplace_back(tensors[i].tensor);
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    header.emplace_back(tensors[i].name, describe(tensors[i].tensor, begins[i]));
  const std::string head = header_bytes(header);
  std::vector<std::string_view> pieces = {head};
  for (const TensorBytes& bytes : kept) pieces.push_back(bytes.view());
  write_file_atomically(path, pieces);
}

}  // namespace rushlight::io
