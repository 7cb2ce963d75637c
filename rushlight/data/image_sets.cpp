#include "rushlight/data/image_sets.h"

#include "rushlight/data/cifar.h"
#include "rushlight/data/idx.h"
#include "rushlight/data/known_sets.h"
#include "rushlight/generated/functions.h"

namespace rushlight::data {

namespace {

using Names = std::vector<std::string>;

std::string path_of(std::string_view set, const SetOptions& options, const std::string& file) {
  return options.folder.empty() ? find_data(known_set(set), file) : options.folder + "/" + file;
}

// Images and labels must be what the format of these sets says, and belong together.
void expect_pair(const std::string& image_path, const Tensor& images, const std::string& label_path,
                 const Tensor& labels, const Names& classes) {
  if (images.rank() != 3 || images.dtype() != DType::uint8)
    fail(ErrorKind::value, "[data] ", image_path, " holds ", images, ", not uint8 images (n, height, width)");
  if (labels.rank() != 1 || labels.dtype() != DType::uint8)
    fail(ErrorKind::value, "[data] ", label_path, " holds ", labels, ", not uint8 labels (n)");
  if (images.size(0) != labels.size(0))
    fail(ErrorKind::value, "[data] ", image_path, " holds ", images.size(0), " images, but ", label_path, " ",
         labels.size(0), " labels");
  const std::span<const uint8_t> numbers = labels.span<uint8_t>();
  for (size_t i = 0; i < numbers.size(); ++i)
    if (numbers[i] >= classes.size())
      fail(ErrorKind::value, "[data] ", label_path, ", byte ", 8 + i, " (unpacked): label ", int{numbers[i]},
           " of image ", i, " is not in 0 to ", classes.size() - 1);
}

ImageDataset idx_pair(std::string_view set, Split split, const SetOptions& options, Names classes) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  const std::string image_path = path_of(set, options, prefix + "-images-idx3-ubyte.gz");
  const std::string label_path = path_of(set, options, prefix + "-labels-idx1-ubyte.gz");
  const Tensor images = load_idx(image_path), labels = load_idx(label_path);
  expect_pair(image_path, images, label_path, labels, classes);
  return ImageDataset(images.unsqueeze(1), labels.to(DType::int64), std::move(classes))
      .with(options.transform);
}

}  // namespace

ImageDataset mnist(Split split, const SetOptions& options) {
  return idx_pair("mnist", split, options, {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

ImageDataset fashion_mnist(Split split, const SetOptions& options) {
  return idx_pair("fashion_mnist", split, options,
                  {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
                   "Ankle boot"});
}

ImageDataset cifar10(Split split, const SetOptions& options) {
  constexpr int64_t kRecordsOfFile = 10'000;
  Names paths;
  if (split == Split::test) paths.push_back(path_of("cifar10", options, "test_batch.bin"));
  for (int i = 1; split == Split::train && i <= 5; ++i)
    paths.push_back(path_of("cifar10", options, "data_batch_" + std::to_string(i) + ".bin"));
  const LabelledImages all = load_cifar10(paths, kRecordsOfFile);
  return ImageDataset(
             all.images, all.labels,
             {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"})
      .with(options.transform);
}

}  // namespace rushlight::data
