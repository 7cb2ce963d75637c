// A file is known by what it begins with; models of another framework load.
#include "rushlight/io/load.h"

#include <doctest/doctest.h>

#include "rushlight/base/files.h"
#include "rushlight/base/os.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"
#include "tests/io/named_samples.h"

using namespace rushlight;
using namespace rushlight::io;

TEST_CASE("a file of tensors is known by what is in it, not by its name") {
  const TemporaryFolder folder;
  const NamedTensors tensors = samples_of({DType::float32});
  for (const char* ending : {".safetensors", ".pt", ".pth", ".npz", ".json"}) {
    CAPTURE(ending);
    save_tensors(folder / "model" + ending, tensors);
    std::filesystem::rename(folder / "model" + ending, folder / "disguised.bin");
    if (std::string_view(ending) == ".json")  // which cannot say (0, 4)
      CHECK(load_tensors(folder / "disguised.bin").size() == tensors.size());
    else
      CHECK(same(load_tensors(folder / "disguised.bin"), tensors));
  }
  save_tensors(folder / "mean.npy", {{"whatever", tensors[0].tensor}});
  CHECK(same(load_tensors(folder / "mean.npy"), {{"mean", tensors[0].tensor}}));
}

TEST_CASE("what is no file of tensors is refused") {
  const TemporaryFolder folder;
  const std::string path = folder / "it.bin";
  const auto refuses = [&](std::string_view bytes, const char* word) {
    write_file_atomically(path, {bytes});
    return fails_with(ErrorKind::value, {"it.bin", word}, [&] { (void)load_tensors(path); });
  };
  CHECK(refuses("", ".safetensors"));
  CHECK(refuses("GGUF....", ".safetensors"));
  CHECK(refuses("[1, 2]", ".safetensors"));
  CHECK(refuses("PK", "zip"));
  CHECK(refuses("\x80\x02}.", "PyTorch before 1.6"));
  CHECK(refuses(std::string_view("\2\0\0\0\0\0\0\0{", 9), "safetensors"));
  CHECK(refuses("{\"w\":", "json"));
  CHECK(fails_with(ErrorKind::value, {"it.bin", ".npz"}, [&] { save_tensors(path, {}); }));
  CHECK(fails_with(ErrorKind::value, {"it.npy", "one tensor"}, [&] { save_tensors(folder / "it.npy", {}); }));
}

TEST_CASE("a CNN that PyTorch trained") {
  const auto data = environment("RUSHLIGHT_DATA");
  const std::string model = join_text(data.value_or(""), "/models/burn_mnist_cnn");
  for (const char* ending : {".safetensors", ".pt"}) {
    if (!data || !std::filesystem::exists(model + ending)) {
      MESSAGE("skipped: there is no models/burn_mnist_cnn", ending, " in RUSHLIGHT_DATA");
      continue;
    }
    const NamedTensors tensors = load_tensors(model + ending);
    CHECK(tensors.size() == 20);
    const Tensor* weight = find_tensor(tensors, "fc1.weight");
    REQUIRE(weight);
    CHECK(to_ints(weight->shape()) == Ints{32, 11616});
    CHECK(weight->abs().mean().item<float>() > 0);
    CHECK(weight->abs().max().item<float>() < 1);
    CHECK(find_tensor(tensors, "norm1.num_batches_tracked")->item<int64_t>() > 0);
  }
}
