// PyTorch's files: shared and strided memory come back as it was, nothing in a pickle is ever run, and no
// number in it is believed. PyTorch itself judges in test_io_files.py.
#include "rushlight/io/torch_file.h"

#include <doctest/doctest.h>

#include "rushlight/base/files.h"
#include "rushlight/io/unpickler.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/named_samples.h"
#include "tests/io/pickle_words.h"

using namespace rushlight;
using namespace rushlight::io;
using namespace rushlight::pickle_words;

namespace {

TorchFile parse_pickle(const std::string& pickle) { return parse_torch(archive(pickle)); }

template <class Change>
std::string changed(Change change) {
  Words words;
  change(words);
  return whole(dict({text("w"), words.tensor()}));
}

std::string good() { return whole(dict({text("w"), Words().tensor()})); }

const char* const kOrdered = "ccollections\nOrderedDict\n";

// Pickles that ask for what no file of weights needs.
const std::vector<std::pair<std::string, std::string>> kHostile = {
    {"os.system", global("os", "system") + tuple({text("true")}) + "R"},
    {"posix.system", global("posix", "system") + tuple({text("true")}) + "R"},
    {"builtins.eval", global("builtins", "eval") + tuple({text("1")}) + "R"},
    {"builtins.exec", text("builtins") + text("exec") + "\x93"},
    {"subprocess.Popen", "\x8c\x0asubprocess\x8c\x05Popen\x93"},
    {"__builtin__.getattr", global("__builtin__", "getattr")},
    {"builtins.getattr", global("builtins", "getattr")},
    {"torch.load", global("torch", "load")},
    {"torch.hub.load", global("torch.hub", "load")},
    {"torch.serialization.load", global("torch.serialization", "load")},
    {"torch._utils._rebuild_device_tensor_from_numpy",
     global("torch._utils", "_rebuild_device_tensor_from_numpy")},
    {"torch.ComplexFloatStorage", global("torch", "ComplexFloatStorage")},
    {"numpy.core.multiarray._reconstruct", global("numpy.core.multiarray", "_reconstruct")},
    {"__main__.Net", global("__main__", "Net")},
    {"collections.OrderedDict.x", global("collections", "OrderedDict.x")},
    {"collections.OrderedDict .", global("collections", "OrderedDict .")},
    {"Collections.OrderedDict", global("Collections", "OrderedDict")},
    {".torch.FloatStorage", global("", "torch.FloatStorage")},
};

std::vector<Malformed> malformed_pickles() {
  std::string deep, marks(100'000, '('), lists;
  for (int i = 0; i < 20; ++i) deep += "}" + text("d");
  deep += "N" + std::string(20, 's');
  for (int i = 0; i < 300; ++i) lists += "]q" + std::string(1, static_cast<char>(i % 256));
  // Each dict holds the one before ten times: 250 bytes that say a thousand million names.
  std::string laughs = "}q\1" + text("a") + "Ns";
  for (char level = 2; level < 10; ++level) {
    laughs += "0}(";
    for (char key = '0'; key <= '9'; ++key)
      laughs += text(std::string(1, key)) + "h" + static_cast<char>(level - 1);
    laughs += std::string("uq") + level;
  }
  return {
      {"nothing", ""},
      {"no end", "\x80\x02}"},
      {"an end without a value", "\x80\x02."},
      {"two values", whole("}}")},
      {"an open mark", whole("(}")},
      {"bytes behind the end", good() + "x"},
      {"protocol 0", std::string("\x80\0}.", 4)},
      {"protocol 6", "\x80\x06}."},
      {"an unknown instruction", whole("\xff")},
      {"INST", whole("(ios\nsystem\n")},
      {"OBJ", whole("(" + std::string(kOrdered) + "o")},
      {"NEWOBJ", whole(std::string(kOrdered) + ")\x81")},
      {"NEWOBJ_EX", whole(std::string(kOrdered) + ")}\x92")},
      {"EXT1", whole("\x82\x01")},
      {"PERSID", whole("P0\n")},
      {"a set", whole("\x8f")},
      {"BYTEARRAY8", whole("\x96" + little(uint64_t{0}))},
      {"NEXT_BUFFER", whole("\x97")},
      {"integers as text", whole("I12\n")},
      {"a pop from nothing", whole("0")},
      {"a pop through a mark", whole("}(0")},
      {"a tuple without a mark", whole("t")},
      {"a tuple of one of nothing", whole("\x85")},
      {"a tuple of three of two", whole("NN\x87")},
      {"a value taken through a mark", whole("N(\x85")},
      {"a doubled nothing", whole("2")},
      {"many marks", whole(marks)},
      {"an item for what is no list", whole("NNa")},
      {"items for what is no dict", whole("](NNu")},
      {"an item for a tensor", whole(Words().tensor() + text("x") + "Ns")},
      {"a key without a value", whole("}(Nu")},
      {"a dict of a key without a value", whole("(Nd")},
      {"a memo of nothing", whole("q\1")},
      {"an unknown memo", whole("h\7")},
      {"a memo out of range", whole("j" + little(UINT32_MAX))},
      {"a memo of a larger place than there are", whole("}\x94j" + little(uint32_t{1}))},
      {"a string beyond the file", "\x80\x02X" + little(UINT32_MAX) + "abc"},
      {"a string of 64 bits", "\x80\x02\x8d" + little(UINT64_MAX) + "abc"},
      {"bytes beyond the file",
       "\x80\x02"
       "B" +
           little(uint32_t{1'000'000'000}) + "abc"},
      {"a string that is no UTF-8", whole(text("\xff"))},
      {"an integer of 9 bytes", whole("\x8a\x09" + std::string(9, '\1'))},
      {"an integer of 4 GiB", whole("\x8b" + little(UINT32_MAX))},
      {"a global without an end",
       "\x80\x02"
       "ccollections\nOrderedDict"},
      {"a global of numbers", whole("K\1K\2\x93")},
      {"a call of a dict", whole("})R")},
      {"a call without a tuple", whole(std::string(kOrdered) + "NR")},
      {"an OrderedDict of something", whole(std::string(kOrdered) + tuple({"]"}) + "R")},
      {"a call of a storage", whole(global("torch", "FloatStorage") + ")R")},
      {"a state for nothing", whole("Nb")},
      {"a dict in itself", whole("}q\1" + text("a") + "h\1s")},
      {"a list in itself", whole("]q\1h\1a")},
      {"dicts too deep", whole(deep)},
      {"a million laughs", whole(laughs)},
      {"lists that nobody takes", whole(lists)},
      {"a key that is None", whole("}NNs")},
      {"a key that is a tuple", whole("})Ns")},
      {"a number alone", whole("K\1")},
  };
}

std::vector<Malformed> malformed_tensors() {
  constexpr int64_t huge = INT64_MAX;
  const auto bad = [](const char* what, auto change) { return Malformed{what, changed(change)}; };
  return {
      bad("an unknown key", [](Words& w) { w.key = "1"; }),
      bad("a key that leaves its folder", [](Words& w) { w.key = "../data.pkl"; }),
      bad("an empty key", [](Words& w) { w.key = ""; }),
      bad("too many elements", [](Words& w) { w.count = 7; }),
      bad("too few elements", [](Words& w) { w.count = 5; }),
      bad("a negative number of elements", [](Words& w) { w.count = -6; }),
      bad("elements whose bytes overflow", [](Words& w) { w.count = (int64_t{1} << 62) + 6; }),
      bad("another type", [](Words& w) { w.class_name = "DoubleStorage"; }),
      bad("a smaller type", [](Words& w) { w.class_name = "HalfStorage"; }),
      bad("a dtype as storage", [](Words& w) { w.class_name = "float32"; }),
      bad("a function as storage",
          [](Words& w) { w.class_module = "torch._utils", w.class_name = "_rebuild_tensor_v2"; }),
      bad("untyped memory without a dtype",
          [](Words& w) { w.class_module = "torch.storage", w.class_name = "UntypedStorage", w.count = 24; }),
      bad("a large size", [](Words& w) { w.shape = {3, 3}; }),
      bad("a huge size", [](Words& w) { w.shape = {2, huge}; }),
      bad("sizes whose product overflows", [](Words& w) { w.shape = {huge, huge}, w.strides = {0, 0}; }),
      bad("a negative size", [](Words& w) { w.shape = {-2, 3}; }),
      bad("two negative sizes", [](Words& w) { w.shape = {-2, -3}; }),
      bad("a size of none and a negative one", [](Words& w) { w.shape = {0, -3}; }),
      bad("a large stride", [](Words& w) { w.strides = {4, 1}; }),
      bad("a huge stride", [](Words& w) { w.strides = {huge, 1}; }),
      bad("a stride that wraps around",
          [](Words& w) { w.shape = {5, 3}, w.strides = {int64_t{1} << 62, 1}; }),
      bad("a negative stride", [](Words& w) { w.strides = {-3, 1}, w.offset = 3; }),
      bad("the smallest stride", [](Words& w) { w.strides = {INT64_MIN, 1}; }),
      bad("an offset", [](Words& w) { w.offset = 1; }),
      bad("a huge offset", [](Words& w) { w.offset = huge; }),
      bad("a negative offset", [](Words& w) { w.offset = -1; }),
      bad("the smallest offset", [](Words& w) { w.offset = INT64_MIN; }),
      bad("fewer strides than sizes", [](Words& w) { w.strides = {1}; }),
      bad("more strides than sizes", [](Words& w) { w.strides = {6, 3, 1}; }),
      bad("too many dimensions", [](Words& w) { w.shape.assign(5000, 1), w.strides.assign(5000, 1); }),
      bad("an older function with a newer one's memory",
          [](Words& w) { w.function = global("torch._utils", "_rebuild_tensor_v3"); }),
      bad("a dtype that is none",
          [](Words& w) {
            w.function = global("torch._utils", "_rebuild_tensor_v3"),
            w.more = {global("torch", "FloatStorage")};
          }),
      bad("a dtype for typed memory",
          [](Words& w) {
            w.function = global("torch._utils", "_rebuild_tensor_v3"), w.more = {global("torch", "float32")};
          }),
      bad("a dtype as function", [](Words& w) { w.function = global("torch", "float32"); }),
      bad("a storage as function", [](Words& w) { w.function = global("torch", "FloatStorage"); }),
      bad("a parameter of a storage",
          [](Words& w) { w.function = global("torch._utils", "_rebuild_parameter"); }),
      {"no arguments", whole(dict({text("w"), global("torch._utils", "_rebuild_tensor_v2") + ")R"}))},
      {"a parameter of nothing",
       whole(dict({text("w"), global("torch._utils", "_rebuild_parameter") + ")R"}))},
      {"a parameter of parameters",
       [] {
         std::string deep = Words().tensor();
         for (int i = 0; i < 3; ++i)
           deep = global("torch._utils", "_rebuild_parameter") + "(" + deep + "\x88NtR";
         return whole(dict({text("w"), deep}));
       }()},
      {"numbers that are texts", whole(dict({text("w"), call(global("torch._utils", "_rebuild_tensor_v2"),
                                                             {Words().storage(), text("0"), numbers({2, 3}),
                                                              numbers({3, 1}), "\x89", "}"})}))},
      {"a shape of texts", whole(dict({text("w"), call(global("torch._utils", "_rebuild_tensor_v2"),
                                                       {Words().storage(), number(0), tuple({text("2")}),
                                                        numbers({1}), "\x89", "}"})}))},
      {"a storage that is a number",
       whole(dict({text("w"), call(global("torch._utils", "_rebuild_tensor_v2"),
                                   {number(0), number(0), numbers({2, 3}), numbers({3, 1}), "\x89", "}"})}))},
      {"a storage without a tuple",
       whole(dict({text("w"), call(global("torch._utils", "_rebuild_tensor_v2"),
                                   {"NQ", number(0), numbers({2, 3}), numbers({3, 1}), "\x89", "}"})}))},
      {"a storage of a short tuple",
       whole(dict({text("w"), call(global("torch._utils", "_rebuild_tensor_v2"),
                                   {tuple({text("storage")}) + "Q", number(0), numbers({2, 3}),
                                    numbers({3, 1}), "\x89", "}"})}))},
  };
}

}  // namespace

TEST_CASE("a .pt comes back as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "all.pt";
  const NamedTensors tensors = samples_of_all_dtypes();
  save_torch(path, tensors);
  CHECK(same(load_torch(path), tensors));
  save_torch(path, {});
  CHECK(load_torch(path).empty());
  const Tensor tied = counted({2, 3}, DType::float32);
  save_torch(path, {{"in", tied}, {"part", tied(0)}, {"out", tied}});
  const NamedTensors loaded = load_torch(path);
  CHECK(loaded[0].tensor.shares_storage(loaded[2].tensor));
  CHECK_FALSE(loaded[0].tensor.shares_storage(loaded[1].tensor));
  CHECK(fails_with(ErrorKind::value, {"two tensors"}, [&] { save_torch(path, {{"a", tied}, {"a", tied}}); }));
}

TEST_CASE("tensors that share memory, in any layout") {
  Words turned, part, wide, none, number_of;
  turned.shape = {3, 2}, turned.strides = {1, 3};
  part.shape = {2}, part.strides = {3}, part.offset = 2;
  wide.shape = {1000, 2}, wide.strides = {0, 1};
  none.shape = {0, 7}, none.strides = {7, 1}, none.offset = 6;
  number_of.shape = {}, number_of.strides = {}, number_of.offset = 5;
  const NamedTensors tensors =
      parse_pickle(
          whole(dict({text("turned"), turned.tensor(), text("part"), part.tensor(), text("wide"),
                      wide.tensor(), text("none"), none.tensor(), text("number"), number_of.tensor()})))
          .tensors;
  CHECK(tensors[0].tensor.to_vector<int>() == std::vector{0, 3, 1, 4, 2, 5});
  CHECK(tensors[1].tensor.to_vector<int>() == std::vector{2, 5});
  CHECK(tensors[2].tensor.sum().item<float>() == 1000);
  CHECK(tensors[3].tensor.numel() == 0);
  CHECK(tensors[4].tensor.item<float>() == 5);
  for (const NamedTensor& named : tensors) CHECK(named.tensor.shares_storage(tensors[0].tensor));
}

TEST_CASE("names of what is nested, and what is no tensor") {
  const std::string tensor = Words().tensor();
  const std::string parameter = call(global("torch._utils", "_rebuild_parameter"), {tensor, "\x88", "}"});
  const TorchFile file = parse_pickle(whole(
      dict({text("epoch"), number(3), text("lr"), "G?\xf0" + std::string(6, '\0'), text("note"), "N",  //
            text("model"), dict({text("w"), tensor, text("b"), parameter}),                            //
            text("state"), dict({number(0), dict({text("step"), tensor})}),                            //
            text("list"), "](" + tensor + number(1) + "e"})));
  std::vector<std::string> names;
  for (const NamedTensor& named : file.tensors) names.push_back(named.name);
  CHECK(names == std::vector<std::string>{"model.w", "model.b", "state.0.step", "list.0"});
  CHECK(file.skipped == std::vector<std::string>{"epoch", "lr", "note", "list.1"});
  const TorchFile one = parse_pickle(whole(tensor));
  CHECK(one.tensors.at(0).name.empty());
}

TEST_CASE("memory without a type, of a dtype that came later") {
  Words words;
  words.class_module = "torch.storage", words.class_name = "UntypedStorage", words.count = 24;
  words.function = global("torch._utils", "_rebuild_tensor_v3");
  words.more = {global("torch", "uint32")};
  const Tensor tensor = parse_pickle(whole(dict({text("w"), words.tensor()}))).tensors.at(0).tensor;
  CHECK(tensor.dtype() == DType::uint32);
  CHECK(tensor.to_vector<int64_t>()[1] == 0x3f800000);
  words.more = {global("torch", "bool")}, words.offset = 6;
  const Tensor flags = parse_pickle(whole(dict({text("w"), words.tensor()}))).tensors.at(0).tensor;
  CHECK(flags.to_vector<int>() == std::vector{1, 1, 0, 0, 0, 1});  // the bytes 80 3f 00 00 00 40
}

TEST_CASE("nothing in a pickle is run: what it wants to call is named") {
  for (const auto& [name, code] : kHostile) {
    CAPTURE(name);
    CHECK(fails_with(ErrorKind::value, {"wants to call", name.c_str()},
                     [&] { (void)parse_pickle(whole(code)); }));
    // Nor where a good tensor comes first.
    CHECK(fails_with(ErrorKind::value, {"wants to call", name.c_str()}, [&] {
      (void)parse_pickle(whole(dict({text("w"), Words().tensor(), text("x"), code})));
    }));
  }
}

TEST_CASE("pickles that are none are refused") {
  check_malformed([](std::string_view pickle) { return parse_pickle(std::string(pickle)); },
                  malformed_pickles());
  check_malformed([](std::string_view pickle) { return parse_pickle(std::string(pickle)); },
                  malformed_tensors());
  check_cut_short([](std::string_view pickle) { return parse_pickle(std::string(pickle)); }, good());
  CHECK(check_changed_bytes([](std::string_view pickle) { return parse_pickle(std::string(pickle)); },
                            good()) > 300);
}

TEST_CASE("archives that are no state dict are refused") {
  CHECK_FALSE(is_refused(parse_torch, archive(good())));
  check_cut_short(parse_torch, archive(good()));
  CHECK(check_changed_bytes(parse_torch, archive(good())) > 300);
  CHECK(fails_with(ErrorKind::value, {"big-endian"}, [] { (void)parse_torch(archive(good(), "big")); }));
  CHECK(fails_with(ErrorKind::value, {"PyTorch before 1.6"},
                   [] { (void)parse_torch("\x80\x02\x8a\x0al\xfc\x9c"); }));
  const auto of = [](const char* name) {
    ZipWriter zip;
    const std::string pickle = good();
    zip.add(name, pickle);
    std::string bytes;
    for (std::string_view piece : zip.finish()) bytes += piece;
    return bytes;
  };
  CHECK(fails_with(ErrorKind::value, {"no data.pkl"}, [&] { (void)parse_torch(of("data.pkl")); }));
  CHECK(fails_with(ErrorKind::value, {"TorchScript"}, [&] { (void)parse_torch(of("m/constants.pkl")); }));
  CHECK(fails_with(ErrorKind::value, {"\"w\"", "data/0", "missing"},
                   [&] { (void)parse_torch(of("m/data.pkl")); }));
  CHECK(fails_with(ErrorKind::value, {"\"w\"", "(3, 3)", "6 elements"},
                   [] { (void)parse_pickle(changed([](Words& w) { w.shape = {3, 3}; })); }));
}

TEST_CASE("protocols 4 and 5, as torch.save writes on demand") {
  // {"w": 1.5, "n": -70000, "t": (True, b"x")}, by Python's pickle.dumps with protocol 4.
  std::string bytes =
      "\x80\x04\x95&" + std::string(7, '\0') + "}\x94(\x8c\x01w\x94G?\xf8" + std::string(6, '\0');
  bytes +=
      "\x8c\x01n\x94J\x90\xee\xfe\xff\x8c\x01t\x94\x88"
      "C\x01x\x94\x86\x94u.";
  const Pickle pickle = read_pickle(bytes, {});
  const PickleNode& root = pickle.nodes[pickle.root];
  REQUIRE(root.children.size() == 6);
  CHECK(pickle.nodes[root.children[1]].real == 1.5);
  CHECK(pickle.nodes[root.children[3]].integer == -70000);
  CHECK(pickle.nodes[root.children[5]].children.size() == 2);
}
