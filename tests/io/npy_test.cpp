// NumPy's files: what is written is read again; headers that NumPy writes are understood, others refused.
#include "rushlight/io/npy.h"

#include <doctest/doctest.h>

#include "rushlight/base/files.h"
#include "rushlight/io/npz.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/malformed.h"
#include "tests/io/named_samples.h"

using namespace rushlight;
using namespace rushlight::io;

namespace {

const char* const kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n";
std::string elements() { return std::string("\0\0\x80?\0\0\0@", 8); }

std::string file_of(const std::string& header, const std::string& data, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {version, 0};
  bytes += version == 1 ? little(static_cast<uint16_t>(header.size()))
                        : little(static_cast<uint32_t>(header.size()));
  return bytes + header + data;
}
std::string good() { return file_of(kHeader, elements()); }
std::string with(std::string_view old, std::string_view by) {
  return file_of(replaced(kHeader, old, by), elements());
}

std::vector<Malformed> malformed() {
  return {
      {"nothing", ""},
      {"another beginning", replaced(good(), "NUMPY", "NUMPX")},
      {"version 0", replaced(good(), std::string("\1\0", 2), std::string("\0\0", 2))},
      {"version 4", file_of(kHeader, elements(), 4)},
      {"version 1.1", replaced(good(), std::string("\1\0", 2), "\1\1")},
      {"a header beyond the file", replaced(good(), little(uint16_t{60}), little(uint16_t{600}))},
      {"a header of 4 GiB",
       replaced(file_of(kHeader, elements(), 2), little(uint32_t{60}), little(UINT32_MAX))},
      {"no header", file_of("", elements())},
      {"no dict", file_of("[]", elements())},
      {"an empty dict", file_of("{}", elements())},
      {"an open dict", with(", }", ", ")},
      {"text after the dict", with("}\n", "} x\n")},
      {"two commas", with("False, ", "False,, ")},
      {"no comma", with("False, ", "False ")},
      {"a key without quotes", with("'descr'", "descr")},
      {"an open quote", with("'shape'", "'shape")},
      {"no colon", with("'descr':", "'descr'")},
      {"no descr", with("'descr': '<f4', ", "")},
      {"no order", with("'fortran_order': False, ", "")},
      {"no shape", with("'shape': (2, 1), ", "")},
      {"an unknown key", with("'shape'", "'shaqe'")},
      {"one key too many", with(", }", ", 'more': 1}")},
      {"a key twice", with("'fortran_order': False", "'descr': '<f4'")},
      {"an order that is a number", with("False", "0")},
      {"an order in small letters", with("False", "false")},
      {"a shape that is a number", with("(2, 1)", "2")},
      {"a shape that is a list", with("(2, 1)", "[2, 1]")},
      {"an open shape", with("(2, 1)", "(2, 1")},
      {"a shape of two commas", with("(2, 1)", "(2,, 1)")},
      {"a negative size", with("(2, 1)", "(-2, -1)")},
      {"a fraction", with("(2, 1)", "(2.0, 1)")},
      {"a size of 65 bits", with("(2, 1)", "(18446744073709551616,)")},
      {"sizes that overflow", with("(2, 1)", "(4294967296, 4294967296)")},
      {"bytes that wrap to the right number", with("(2, 1)", "(4611686018427387906,)")},
      {"a shape too large", with("(2, 1)", "(2, 2)")},
      {"a shape too small", with("(2, 1)", "(1, 1)")},
      {"no elements", with("(2, 1)", "(0, 1)")},
      {"far too large", with("(2, 1)", "(1000000000000,)")},
      {"in Fortran order, far too large", replaced(with("(2, 1)", "(1000000000000,)"), "False", "True ")},
      {"too many dimensions", file_of(replaced(
                                          kHeader, "(2, 1)",
                                          "(" +
                                              [] {
                                                std::string ones;
                                                for (int i = 0; i < 5000; ++i) ones += "1,";
                                                return ones;
                                              }() +
                                              "2)"),
                                      elements(), 2)},
      {"Python objects", with("<f4", "|O")},
      {"Python objects of 8 bytes", with("<f4", "|O8")},
      {"complex numbers", with("<f4", "<c8")},
      {"texts", with("<f4", "<U2")},
      {"bytes", with("<f4", "|S4")},
      {"dates", with("<f4", "<M8[ns]")},
      {"nothing in particular", with("<f4", "|V4")},
      {"a record", with("'<f4'", "[('a', '<f4')]")},
      {"floats of 16 bytes", with("<f4", "<f16")},
      {"floats of 3 bytes", with("<f4", "<f3")},
      {"no byte order", with("<f4", "f4")},
      {"another byte order", with("<f4", "!f4")},
      {"no dtype", with("<f4", "")},
      {"a bare order", with("<f4", "<")},
      {"a byte too many", good() + "x"},
  };
}

}  // namespace

TEST_CASE("an .npy comes back as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "array.npy";
  for (const auto& [name, tensor] : samples_of_all_dtypes()) {
    CAPTURE(name);
    if (tensor.dtype() == DType::bfloat16) {
      CHECK(fails_with(ErrorKind::value, {"bfloat16", "float32"}, [&] { save_npy(path, tensor); }));
      continue;
    }
    save_npy(path, tensor);
    CHECK(same({{"", load_npy(path)}}, {{"", tensor}}));
    CHECK((read_file(path).size() - tensor.nbytes()) % 64 == 0);  // the elements are aligned
  }
}

TEST_CASE("headers as NumPy has written them over the years") {
  const NamedTensors right = {{"", from_values<float>(std::vector{1.0f, 2.0f}, {2, 1})}};
  const auto reads = [&](const std::string& bytes) { return same({{"", parse_npy(bytes)}}, right); };
  CHECK(reads(good()));
  CHECK(reads(file_of(kHeader, elements(), 2)));
  CHECK(reads(file_of(kHeader, elements(), 3)));
  CHECK(reads(with("(2, 1)", "(2L, 1L)")));
  CHECK(reads(with("(2, 1), }", "(2,1)}")));
  CHECK(reads(with("'<f4'", "\"=f4\"")));
  CHECK(reads(with("False", "True")));  // a column is the same in both orders
  CHECK(reads(file_of(replaced(kHeader, "<", ">"), std::string("?\x80\0\0@\0\0\0", 8))));
  CHECK(reads(file_of("{'shape': (2, 1), 'descr': '<f4', 'fortran_order': False}", elements())));
}

TEST_CASE("Fortran order is turned") {
  const char* letters = "ABCDEFGHIJKL";
  const Tensor tensor =
      parse_npy(file_of("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", letters));
  CHECK(tensor.is_contiguous());
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 3; ++j)
      for (int64_t k = 0; k < 2; ++k) CHECK(tensor(i, j, k).item<int>() == letters[i + 2 * j + 6 * k]);
}

TEST_CASE("an .npy that is none is refused") {
  check_malformed(parse_npy, malformed());
  check_cut_short(parse_npy, good());
  CHECK(check_changed_bytes(parse_npy, good()) > 100);
  CHECK(fails_with(ErrorKind::value, {"Python objects"}, [] { (void)parse_npy(with("<f4", "|O")); }));
  CHECK(fails_with(ErrorKind::value, {"<c8", "float32"}, [] { (void)parse_npy(with("<f4", "<c8")); }));
}

TEST_CASE("an .npz comes back as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "arrays.npz";
  const NamedTensors tensors = samples_of({DType::boolean, DType::int16, DType::float16, DType::float64});
  save_npz(path, tensors);
  CHECK(same(load_npz(path), tensors));
  save_npz(path, {});
  CHECK(load_npz(path).empty());
  CHECK(fails_with(ErrorKind::value, {"bfloat16"}, [&] { save_npz(path, samples_of({DType::bfloat16})); }));
}
