#include "rushlight/data/image_sets.h"

#include <algorithm>
#include <filesystem>

#include "rushlight/data/cifar.h"
#include "rushlight/data/idx.h"
#include "rushlight/data/known_sets.h"
#include "rushlight/generated/functions.h"

namespace rushlight::data {

namespace {

using Names = std::vector<std::string>;

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

ImageDataset image_pair(const std::string& image_path, const std::string& label_path, Names classes) {
  const Tensor images = load_idx(image_path), labels = load_idx(label_path);
  expect_pair(image_path, images, label_path, labels, classes);
  return ImageDataset(images.unsqueeze(1), labels.to(DType::int64), std::move(classes));
}

// The file, plain or packed.
std::string idx_path(const std::string& folder, const std::string& name) {
  const std::string plain = folder + "/" + name;
  return std::filesystem::exists(plain) ? plain : plain + ".gz";
}

struct PairOfNames {
  std::string images, labels;
};
PairOfNames names_of(Split split) {
  const std::string prefix = split == Split::train ? "train" : "t10k";
  return {prefix + "-images-idx3-ubyte", prefix + "-labels-idx1-ubyte"};
}

ImageDataset idx_pair(std::string_view set, Split split, const SetOptions& options, Names classes) {
  const auto [images, labels] = names_of(split);
  const auto path = [&](const std::string& name) {
    return options.folder.empty() ? find_data(known_set(set), name + ".gz") : idx_path(options.folder, name);
  };
  const std::string image_path = path(images);  // who lacks both is told of this one
  return image_pair(image_path, path(labels), std::move(classes)).with(options.transform);
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
  const auto path = [&](const std::string& name) {
    return options.folder.empty() ? find_data(known_set("cifar10"), name) : options.folder + "/" + name;
  };
  Names paths;
  if (split == Split::test) paths.push_back(path("test_batch.bin"));
  for (int i = 1; split == Split::train && i <= 5; ++i)
    paths.push_back(path("data_batch_" + std::to_string(i) + ".bin"));
  const LabelledImages all = load_cifar10(paths, kRecordsOfFile);
  return ImageDataset(
             all.images, all.labels,
             {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"})
      .with(options.transform);
}

bool has_idx_images(const std::string& folder) {
  return std::filesystem::exists(idx_path(folder, names_of(Split::train).images));
}

ImageDataset idx_images(const std::string& folder, Split split) {
  const Tensor labels = load_idx(idx_path(folder, names_of(Split::train).labels));
  int most = 0;
  if (labels.dtype() == DType::uint8 && labels.is_contiguous())
    for (uint8_t label : labels.span<uint8_t>()) most = std::max<int>(most, label);
  Names classes;
  for (int label = 0; label <= most; ++label) classes.push_back(std::to_string(label));
  const auto [image_name, label_name] = names_of(split);
  return image_pair(idx_path(folder, image_name), idx_path(folder, label_name), std::move(classes));
}

}  // namespace rushlight::data
