#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "rushlight/base/files.h"
#include "rushlight/io/in_file.h"
#include "rushlight/io/tensor_bytes.h"
#include "rushlight/io/torch_file.h"
#include "rushlight/io/torch_format.h"
#include "rushlight/io/unpickler.h"
#include "rushlight/io/zip.h"

namespace rushlight::io {

namespace {

using Kind = PickleNode::Kind;

constexpr int kMostDepth = 8;
constexpr size_t kMostNameBytes = size_t{1} << 28;  // a small file can ask for very many long names

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  fail(ErrorKind::value, "[torch] ", parts...);
}

std::vector<std::string_view> allowed_globals() {
  std::vector<std::string_view> names = {kOrderedDict, kRebuildTensor, kRebuildNewTensor, kRebuildParameter,
                                         kUntypedStorage};
  names.insert(names.end(), std::begin(kTorchDTypes), std::end(kTorchDTypes));
  for (std::string_view name : kStorages)
    if (!name.empty()) names.push_back(name);
  return names;
}

// The dtype of a name in one of the tables of torch_format.h.
std::optional<DType> dtype_of_name(const std::string_view (&names)[kDTypeCount], std::string_view name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (name.empty() || found == std::end(names)) return std::nullopt;
  return static_cast<DType>(found - std::begin(names));
}

// Whether all that this layout reaches lies in `count` elements. No number here can be trusted not to
// overflow.
bool is_inside(IntSpan shape, IntSpan strides, int64_t offset, int64_t count) {
  int64_t last = offset;
  bool overflow = offset < 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    int64_t way = 0;
    if (shape[d] < 0 || strides[d] < 0) return false;
    if (shape[d] == 0) return true;
    overflow |=
        __builtin_mul_overflow(shape[d] - 1, strides[d], &way) || __builtin_add_overflow(last, way, &last);
  }
  return !overflow && last < count;
}

class TorchReader {
 public:
  explicit TorchReader(std::string_view bytes) : zip_(bytes), folder_(folder_of_pickle(zip_)) {
    expect_little_endian();
    const std::vector<std::string_view> allowed = allowed_globals();
    pickle_ = read_pickle(zip_.read(*zip_.find(folder_ + "data.pkl")), allowed);
  }

  TorchFile whole() {
    visit(pickle_.root, "", 0);
    if (file_.tensors.empty() && !is_container(node(pickle_.root))) refuse("the file holds no tensors");
    return std::move(file_);
  }

 private:
  static std::string folder_of_pickle(const ZipReader& zip) {
    for (const ZipEntry& entry : zip.entries()) {
      if (entry.name.ends_with("/constants.pkl"))
        refuse("this is a TorchScript program; save model.state_dict() with torch.save instead");
    }
    for (const ZipEntry& entry : zip.entries())
      if (entry.name.ends_with("/data.pkl")) return entry.name.substr(0, entry.name.size() - 8);
    refuse("the archive has no data.pkl; is it a file of torch.save?");
  }
  void expect_little_endian() const {
    const ZipEntry* order = zip_.find(folder_ + "byteorder");
    if (order && zip_.read(*order) != "little")
      refuse("the numbers are of a big-endian machine; save them again on a little-endian one");
  }

  const PickleNode& node(uint32_t id) const { return pickle_.nodes[id]; }
  static bool is_container(const PickleNode& node) {
    return node.kind == Kind::dict || node.kind == Kind::list || node.kind == Kind::tuple;
  }
  static bool is_call(const PickleNode& node) { return node.kind == Kind::call; }

  // -- names
  void visit(uint32_t id, const std::string& name, int depth) {
    const PickleNode& value = node(id);
    name_bytes_ += name.size() + sizeof(NamedTensor);
    if (name_bytes_ > kMostNameBytes) refuse("the names of this file are longer than any model's");
    if (depth > kMostDepth) refuse("dicts and lists nested more than ", kMostDepth, " deep at ", name);
    if (value.kind == Kind::dict)
      visit_dict(value, name, depth);
    else if (is_container(value))
      visit_list(value, name, depth);
    else if (is_call(value))
      file_.tensors.push_back({name, read_tensor(value, name)});
    else
      file_.skipped.push_back(name);
  }
  void visit_dict(const PickleNode& dict, const std::string& name, int depth) {
    for (size_t i = 0; i < dict.children.size(); i += 2)
      visit(dict.children[i + 1], below(name, key_text(node(dict.children[i]), name)), depth + 1);
  }
  void visit_list(const PickleNode& list, const std::string& name, int depth) {
    for (size_t i = 0; i < list.children.size(); ++i)
      visit(list.children[i], below(name, join_text(i)), depth + 1);
  }
  static std::string below(const std::string& name, const std::string& key) {
    return name.empty() ? key : name + "." + key;
  }
  static std::string key_text(const PickleNode& key, const std::string& name) {
    if (key.kind == Kind::integer) return join_text(key.integer);
    if (key.kind != Kind::text) refuse("a key of \"", name, "\" is neither text nor an integer");
    return key.text;
  }

  // -- tensors
  Tensor read_tensor(const PickleNode& call, const std::string& name) try {
    const std::string_view function = node(call.children[0]).text;
    const PickleNode& arguments = node(call.children[1]);
    if (function == kRebuildParameter) {
      const PickleNode& inner = argument(arguments, 0, Kind::call);
      if (node(inner.children[0]).text == kRebuildParameter) refuse("a parameter of a parameter");
      return read_tensor(inner, name);
    }
    if (function == kRebuildTensor) return rebuild(arguments, std::nullopt);
    if (function == kRebuildNewTensor)
      return rebuild(arguments, read_dtype(argument(arguments, 6, Kind::global)));
    refuse("a call of ", function, " where a tensor should be");
  } catch (const Error& error) {
    const std::string message = error.what();
    fail(error.kind(), message.starts_with('"') ? "" : join_text("\"", name, "\": "), message);
  }

  const PickleNode& argument(const PickleNode& arguments, size_t place, Kind kind) const {
    if (place >= arguments.children.size() || node(arguments.children[place]).kind != kind)
      refuse("argument ", place, " of a tensor is missing or of the wrong type");
    return node(arguments.children[place]);
  }
  static DType read_dtype(const PickleNode& global) {
    if (const auto dtype = dtype_of_name(kTorchDTypes, global.text)) return *dtype;
    refuse(global.text, " is no dtype");
  }
  Ints ints(const PickleNode& tuple) const {
    Ints values;
    for (size_t i = 0; i < tuple.children.size(); ++i)
      values.push_back(argument(tuple, i, Kind::integer).integer);
    return values;
  }

  // (storage, offset, sizes, strides, requires_grad, hooks[, dtype])
  Tensor rebuild(const PickleNode& arguments, std::optional<DType> dtype) {
    const Stored stored = read_storage(argument(arguments, 0, Kind::persistent));
    const int64_t offset = argument(arguments, 1, Kind::integer).integer;
    const Ints shape = ints(argument(arguments, 2, Kind::tuple));
    const Ints strides = ints(argument(arguments, 3, Kind::tuple));
    if (dtype.has_value() == stored.dtype.has_value())
      refuse("a dtype for its memory and another for itself");
    if (!dtype) dtype = stored.dtype;
    const auto count = static_cast<int64_t>(stored.bytes.nbytes() / size_of(*dtype));
    if (shape.size() != strides.size() || !is_inside(shape, strides, offset, count))
      refuse("sizes ", shape, ", strides ", strides, " and offset ", offset, " reach out of ", count,
             " elements");
    const Layout layout(shape, strides, offset);
    if (dtype == DType::boolean && cleaned_.insert(stored.bytes.storage().get()).second)
      clean_booleans(stored.bytes.raw_data(), stored.bytes.nbytes());
    return Tensor(
        TensorImpl::make(stored.bytes.storage(), layout.numel() ? layout : layout.with_offset(0), *dtype));
  }

  // Memory that tensors share. Untyped memory has no dtype.
  struct Stored {
    Tensor bytes;
    std::optional<DType> dtype;
  };
  // ("storage", class, key, device, number of elements)
  Stored read_storage(const PickleNode& persistent) {
    const PickleNode& id = node(persistent.children[0]);
    const std::string& type = argument(id, 1, Kind::global).text;
    const std::string& key = argument(id, 2, Kind::text).text;
    const int64_t count = argument(id, 4, Kind::integer).integer;
    const std::optional<DType> dtype = dtype_of_name(kStorages, type);
    if (!dtype && type != kUntypedStorage) refuse(type, " is no storage");
    const Tensor& bytes = storage_bytes(key);
    const int64_t size = dtype ? static_cast<int64_t>(size_of(*dtype)) : 1;
    if (count < 0 || count > bytes.numel() / size || count * size != bytes.numel())
      refuse("data/", key, " has ", bytes.numel(), " bytes, not ", count, " elements of ", size);
    return {bytes, dtype};
  }
  const Tensor& storage_bytes(const std::string& key) {
    const auto [at, is_new] = storages_.try_emplace(key);
    if (!is_new) return at->second;
    const ZipEntry* entry = zip_.find(folder_ + "data/" + key);
    if (!entry) refuse("data/", key, " is missing");
    const std::string content = zip_.read(*entry);
    at->second = tensor_from_bytes(content, Ints{static_cast<int64_t>(content.size())}, DType::uint8);
    return at->second;
  }

  ZipReader zip_;
  std::string folder_;
  Pickle pickle_;
  TorchFile file_;
  size_t name_bytes_ = 0;
  std::map<std::string, Tensor> storages_;
  std::set<const Storage*> cleaned_;  // whose booleans are 0 or 1
};

}  // namespace

TorchFile parse_torch(std::string_view bytes) {
  if (bytes.starts_with('\x80'))
    refuse("this is a bare pickle, as PyTorch before 1.6 wrote; load it there and save it with a newer one");
  return TorchReader(bytes).whole();
}

NamedTensors load_torch(const std::string& path) {
  return in_file(path, [&] { return parse_torch(read_file(path)).tensors; });
}

}  // namespace rushlight::io
