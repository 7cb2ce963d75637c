#include <map>
#include <vector>

#include "rushlight/base/files.h"
#include "rushlight/io/byte_reader.h"
#include "rushlight/io/tensor_bytes.h"
#include "rushlight/io/torch_file.h"
#include "rushlight/io/torch_format.h"
#include "rushlight/io/zip.h"

namespace rushlight::io {

namespace {

constexpr const char* kFolder = "archive/";

// The instructions of a pickle, protocol 2, that a state dict needs.
class Pickler {
 public:
  std::string take() { return "\x80\x02" + std::move(code_) + "."; }
  void mark() { code_ += '('; }
  void tuple() { code_ += 't'; }
  void call() { code_ += 'R'; }
  void items() { code_ += 'u'; }
  void no() { code_ += '\x89'; }
  void persistent() { code_ += 'Q'; }
  void text(std::string_view value) {
    code_ += 'X';
    append_bytes(code_, static_cast<uint32_t>(value.size()));
    code_ += value;
  }
  void integer(int64_t value) {
    code_ += "\x8a\x08";  // of 8 bytes
    append_bytes(code_, value);
  }
  void integers(IntSpan values) {
    mark();
    for (int64_t value : values) integer(value);
    tuple();
  }
  // "torch._utils._rebuild_tensor_v2": the last dot parts module and name.
  void global(std::string_view name) {
    const size_t dot = name.rfind('.');
    code_ += 'c';
    code_ += name.substr(0, dot);
    code_ += '\n';
    code_ += name.substr(dot + 1);
    code_ += '\n';
  }
  void empty_ordered_dict() {
    global(kOrderedDict);
    code_ += ')';
    call();
  }

 private:
  std::string code_;
};

void pickle_storage(Pickler& pickler, const Tensor& tensor, const std::string& key) {
  const std::string_view typed = kStorages[static_cast<int>(tensor.dtype())];
  pickler.mark();
  pickler.text("storage");
  pickler.global(typed.empty() ? kUntypedStorage : typed);
  pickler.text(key);
  pickler.text("cpu");
  pickler.integer(typed.empty() ? static_cast<int64_t>(tensor.nbytes()) : tensor.numel());
  pickler.tuple();
  pickler.persistent();
}

void pickle_tensor(Pickler& pickler, const Tensor& tensor, const std::string& key) {
  const bool is_new = kStorages[static_cast<int>(tensor.dtype())].empty();
  pickler.global(is_new ? kRebuildNewTensor : kRebuildTensor);
  pickler.mark();
  pickle_storage(pickler, tensor, key);
  pickler.integer(0);
  pickler.integers(tensor.shape());
  pickler.integers(Layout(tensor.shape()).strides());
  pickler.no();                  // requires_grad
  pickler.empty_ordered_dict();  // hooks
  if (is_new) pickler.global(kTorchDTypes[static_cast<int>(tensor.dtype())]);
  pickler.tuple();
  pickler.call();
}

bool is_the_same(const Tensor& a, const Tensor& b) {
  return a.shares_storage(b) && a.dtype() == b.dtype() && a.layout() == b.layout();
}

// For each tensor the place of the first that has the same memory: itself, mostly.
std::vector<size_t> first_of_each(const NamedTensors& tensors) {
  std::vector<size_t> first;
  std::multimap<const Storage*, size_t> known;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Storage* storage = tensors[i].tensor.storage().get();
    size_t found = i;
    for (auto [at, end] = known.equal_range(storage); at != end && found == i; ++at)
      if (is_the_same(tensors[at->second].tensor, tensors[i].tensor)) found = at->second;
    if (found == i) known.emplace(storage, i);
    first.push_back(found);
  }
  return first;
}

std::string pickle_of(const NamedTensors& tensors, const std::vector<size_t>& first) {
  Pickler pickler;
  pickler.empty_ordered_dict();
  pickler.mark();
  for (size_t i = 0; i < tensors.size(); ++i) {
    pickler.text(tensors[i].name);
    pickle_tensor(pickler, tensors[i].tensor, join_text(first[i]));
  }
  pickler.items();
  return pickler.take();
}

}  // namespace

void save_torch(const std::string& path, const NamedTensors& tensors) {
  expect_writable(tensors, "torch");
  const std::vector<size_t> first = first_of_each(tensors);
  const std::string pickle = pickle_of(tensors, first);
  std::vector<TensorBytes> kept;
  for (const NamedTensor& named : tensors) kept.emplace_back(named.tensor);
  ZipWriter zip;
  zip.add(join_text(kFolder, "data.pkl"), pickle);
  zip.add(join_text(kFolder, "byteorder"), "little");
  for (size_t i = 0; i < tensors.size(); ++i)
    if (first[i] == i) zip.add(join_text(kFolder, "data/", i), kept[i].view());
  zip.add(join_text(kFolder, "version"), "3\n");
  write_file_atomically(path, zip.finish());
}

}  // namespace rushlight::io
