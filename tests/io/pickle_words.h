// Pickles written by hand, instruction after instruction, and archives around them as torch.save makes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rushlight/io/zip.h"
#include "tests/io/malformed.h"

namespace rushlight::pickle_words {

inline std::string text(const std::string& value) {
  return "X" + little(static_cast<uint32_t>(value.size())) + value;
}
inline std::string number(int64_t value) { return "\x8a\x08" + little(value); }
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<std::string>& items) {
  std::string code = "(";
  for (const std::string& item : items) code += item;
  return code + "t";
}
inline std::string numbers(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (int64_t value : values) items.push_back(number(value));
  return tuple(items);
}
inline std::string call(const std::string& function, const std::vector<std::string>& arguments) {
  return function + tuple(arguments) + "R";
}
inline std::string dict(const std::vector<std::string>& keys_and_values) {
  std::string code = "}(";
  for (const std::string& item : keys_and_values) code += item;
  return code + "u";
}
inline std::string whole(const std::string& value) { return "\x80\x02" + value + "."; }

// What a tensor's pickle says; each part can be made wrong.
struct Words {
  std::string class_module = "torch", class_name = "FloatStorage", key = "0", tag = text("storage");
  int64_t count = 6, offset = 0;
  std::vector<int64_t> shape = {2, 3}, strides = {3, 1};
  std::string function = global("torch._utils", "_rebuild_tensor_v2");
  std::vector<std::string> more = {};  // arguments at the end

  std::string storage() const {
    return tuple({tag, global(class_module, class_name), text(key), text("cpu"), number(count)}) + "Q";
  }
  std::string tensor() const {
    std::vector<std::string> arguments = {storage(),      number(offset),
                                          numbers(shape), numbers(strides),
                                          "\x89",         global("collections", "OrderedDict") + ")R"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return call(function, arguments);
  }
};

// An archive with this pickle and the float32 numbers 0 to 5 as data/0.
inline std::string archive(const std::string& pickle, const std::string& byteorder = "little") {
  std::string floats;
  for (int i = 0; i < 6; ++i) floats += little(static_cast<float>(i));
  io::ZipWriter zip;
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", byteorder);
  zip.add("archive/data/0", floats);
  zip.add("archive/version", "3\n");
  std::string bytes;
  for (std::string_view piece : zip.finish()) bytes += piece;
  return bytes;
}

}  // namespace rushlight::pickle_words
