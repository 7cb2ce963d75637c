// Safetensors: what is written is read again, bit for bit, and nothing that breaks the format passes.
#include "rushlight/io/safetensors.h"

#include <doctest/doctest.h>

#include "rushlight/base/files.h"
#include "rushlight/base/os.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/malformed.h"
#include "tests/io/named_samples.h"

using namespace rushlight;
using namespace rushlight::io;

namespace {

std::string file_of(const std::string& header, const std::string& data) {
  return little(static_cast<uint64_t>(header.size())) + header + data;
}

const std::string kHeader =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})";

std::string elements() { return std::string("\0\0\x80?\0\0\0@\1\2\3", 11); }
std::string good() { return file_of(kHeader, elements()); }
// The good file with something else in its header, whose length is right.
std::string with(std::string_view old, std::string_view by) {
  return file_of(replaced(kHeader, old, by), elements());
}
std::string with_length(uint64_t length) { return little(length) + kHeader + elements(); }

std::vector<Malformed> malformed() {
  const char* a = R"("a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]})";
  return {
      {"a length beyond the file", with_length(kHeader.size() + 12)},
      {"a length of 0", with_length(0)},
      {"a length of 1", with_length(1)},
      {"a length that ends within the header", with_length(kHeader.size() - 1)},
      {"a length that takes a byte of data", with_length(kHeader.size() + 1)},
      {"a length just above what is allowed", with_length(100'000'001)},
      {"a length of 4 GiB", with_length(uint64_t{1} << 32)},
      {"a length of 64 bits", with_length(UINT64_MAX)},
      {"a negative length", with_length(uint64_t{1} << 63)},
      {"blanks before the header", file_of(" " + kHeader, elements())},
      {"a list as header", file_of("[]", "")},
      {"no JSON", with(R"("dtype":"F32")", R"("dtype" "F32")")},
      {"no UTF-8", with("\"a\"", "\"\xff\"")},
      {"text after the header", file_of(kHeader + "x", elements())},
      {"deep nesting", file_of("{\"a\":" + std::string(10'000, '['), "")},
      {"a name twice", with("\"b\"", "\"a\"")},
      {"metadata twice", with("\"b\"", "\"__metadata__\"")},
      {"metadata that are a list", with(R"({"format":"pt"})", "[]")},
      {"metadata that are numbers", with("\"pt\"", "1")},
      {"a tensor that is a list", with(a, R"("a":[])")},
      {"no dtype", with(R"("dtype":"F32",)", "")},
      {"a dtype that is a number", with(R"("F32")", "32")},
      {"an unknown dtype", with("F32", "F99")},
      {"a dtype in small letters", with("F32", "f32")},
      {"a dtype that there is not here", with("F32", "F8_E4M3")},
      {"no shape", with(R"("shape":[2,1],)", "")},
      {"a shape that is a number", with("[2,1]", "2")},
      {"a size that is text", with("[2,1]", "[\"2\",1]")},
      {"a fraction as size", with("[2,1]", "[2.0,1]")},
      {"a negative size", with("[2,1]", "[-2,-1]")},
      {"a size of 65 bits", with("[2,1]", "[18446744073709551616,1]")},
      {"sizes whose product overflows", with("[2,1]", "[4294967296,4294967296]")},
      {"sizes whose product wraps to the right one", with("[2,1]", "[9223372036854775807,2,2]")},
      {"elements that wrap to the right bytes", with("[2,1]", "[4611686018427387906]")},
      {"a shape that is too small", with("[2,1]", "[1,1]")},
      {"a shape that is too large", with("[2,1]", "[3,1]")},
      {"a shape of no elements", with("[2,1]", "[0,1]")},
      {"a list of too many dimensions", with(
                                            "[2,1]", "[2" + std::string(10'000, ' ') +
                                                         [] {
                                                           std::string ones;
                                                           for (int i = 0; i < 5000; ++i) ones += ",1";
                                                           return ones;
                                                         }() +
                                                         "]")},
      {"no offsets", with(R"(,"data_offsets":[0,8])", "")},
      {"one offset", with("[0,8]", "[8]")},
      {"three offsets", with("[0,8]", "[0,8,11]")},
      {"a negative offset", with("[0,8]", "[-8,0]")},
      {"offsets the wrong way round", with("[0,8]", "[8,0]")},
      {"offsets beyond the data", with("[8,11]", "[8,12]")},
      {"offsets far beyond the data", with("[8,11]", "[9223372036854775804,9223372036854775807]")},
      {"offsets that overlap", with("[8,11]", "[7,10]")},
      {"offsets that overlap up to the end",
       with("[3],\"data_offsets\":[8,11]", "[4],\"data_offsets\":[7,11]")},
      {"the same bytes twice",
       with(R"("U8","shape":[3],"data_offsets":[8,11])", R"("F32","shape":[2],"data_offsets":[0,8])")},
      {"a hole at the front", with("[0,8]", "[1,9]")},
      {"a hole between", file_of(replaced(kHeader, "[8,11]", "[9,12]"), elements() + "x")},
      {"a byte too many", good() + "x"},
      {"a byte too few", good().substr(0, good().size() - 1)},
      {"an unknown key", with(R"("dtype":"F32")", R"("dtype":"F32","stride":[1])")},
      {"data without tensors", file_of("{}", "x")},
  };
}

}  // namespace

TEST_CASE("safetensors come back as they were") {
  const TemporaryFolder folder;
  const std::string path = folder / "all.safetensors";
  const NamedTensors tensors = samples_of_all_dtypes();
  save_safetensors(path, tensors, {{"format", "pt"}, {"what \"é\"", "a\nb"}});
  const TensorFile file = load_safetensors(path);
  CHECK(same(file.tensors, tensors));
  CHECK(file.metadata ==
        std::vector<std::pair<std::string, std::string>>{{"format", "pt"}, {"what \"é\"", "a\nb"}});
  const std::string bytes = read_file(path);
  save_safetensors(path, tensors, file.metadata);
  CHECK(read_file(path) == bytes);
  CHECK(static_cast<unsigned char>(bytes[0]) % 8 == 0);  // the header's length: the data are aligned
  save_safetensors(path, {});
  CHECK(load_safetensors(path).tensors.empty());
}

TEST_CASE("safetensors written by hand") {
  const TensorFile file = parse_safetensors(good());
  CHECK(same(file.tensors, {{"a", from_values<float>(std::vector{1.0f, 2.0f}, {2, 1})},
                            {"b", from_values<uint8_t>(std::vector<uint8_t>{1, 2, 3}, {3})}}));
  // The order of the header is not that of the data; blanks fill it up; any bits but 0 are true.
  const TensorFile turned = parse_safetensors(file_of(
      R"({"b":{"dtype":"BOOL","shape":[3],"data_offsets":[8,11]},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}   )",
      elements()));
  CHECK(turned.tensors[0].name == "b");
  CHECK(turned.tensors[0].tensor.sum().item<int>() == 3);
}

TEST_CASE("safetensors that break the format are refused") {
  check_malformed(parse_safetensors, malformed());
  check_cut_short(parse_safetensors, good());
  CHECK(check_changed_bytes(parse_safetensors, good()) > 300);
  CHECK(fails_with(ErrorKind::value, {"\"a\"", "F8_E4M3", "float32"},
                   [] { (void)parse_safetensors(with("F32", "F8_E4M3")); }));
  CHECK(fails_with(ErrorKind::value, {"\"a\"", "(3, 1)", "12 bytes"},
                   [] { (void)parse_safetensors(with("[2,1]", "[3,1]")); }));
}

TEST_CASE("what safetensors cannot hold is not written") {
  const TemporaryFolder folder;
  const std::string path = folder / "none.safetensors";
  const Tensor one = full({1}, 1.0);
  const auto refuses = [&](const NamedTensors& tensors, const char* word) {
    return fails_with(ErrorKind::value, {word}, [&] { save_safetensors(path, tensors); });
  };
  CHECK(refuses({{"a", one}, {"a", one}}, "two tensors are called \"a\""));
  CHECK(refuses({{"__metadata__", one}}, "__metadata__"));
  CHECK(refuses({{"\xc3", one}}, "UTF-8"));
  CHECK(refuses({{"a", Tensor()}}, "undefined"));
  CHECK(
      fails_with(ErrorKind::value, {"twice"}, [&] { save_safetensors(path, {}, {{"k", "1"}, {"k", "2"}}); }));
  CHECK(folder.count_files() == 0);
  CHECK(fails_with(ErrorKind::runtime, {"none.safetensors", "No such file"},
                   [&] { (void)load_safetensors(path); }));
  write_file_atomically(path, {"too short"});
  CHECK(fails_with(ErrorKind::value, {"none.safetensors", "[safetensors]"},
                   [&] { (void)load_safetensors(path); }));
}
