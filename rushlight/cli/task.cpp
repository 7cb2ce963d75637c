#include "rushlight/cli/task.h"

#include <algorithm>
#include <filesystem>

#include "rushlight/base/nearest.h"
#include "rushlight/base/utf8.h"
#include "rushlight/generated/functions.h"
#include "rushlight/ops/operators.h"

namespace rushlight::cli {

namespace {

namespace fs = std::filesystem;
using data::Split;
using models::architecture_for;
using models::Preprocessing;
using models::usual_preprocessing;

constexpr std::string_view kImageSets[] = {"mnist", "fashion_mnist", "cifar10"};  // as image_set() knows them

bool is_image_set(std::string_view name) {
  return std::find(std::begin(kImageSets), std::end(kImageSets), name) != std::end(kImageSets);
}

[[noreturn]] void refuse(std::string_view name) {
  fail(ErrorKind::value, "there is no data set and no folder \"", name, "\"",
       did_you_mean(name, kImageSets, ": mnist, fashion_mnist and cifar10 are known"));
}

data::ImageDataset image_set(std::string_view name, Split split,
                             const data::Transform& transform = data::ToTensor()) {
  const data::SetOptions options{.transform = transform};
  if (name == "mnist") return data::mnist(split, options);
  if (name == "fashion_mnist") return data::fashion_mnist(split, options);
  return data::cifar10(split, options);
}

Preprocessing preprocessing_of(std::string_view name) {
  if (name == "fashion_mnist") return {1, 28, {0.2860}, {0.3530}};
  return usual_preprocessing(name == "cifar10" ? models::NetworkInput{3, 32} : models::NetworkInput{1, 28});
}

// -- what happens to an image

data::Transform augmented(const Preprocessing& p) {
  return data::Compose(data::RandomCrop(p.size, {.padding = p.size / 8}), data::RandomHorizontalFlip(),
                       usual_transform(p));
}
data::Transform for_training(const Preprocessing& p, bool augment) {
  return augment ? augmented(p) : usual_transform(p);
}
// Of a photo of any size.
data::Transform resized(const Preprocessing& p, bool augment) {
  return data::Compose(data::Resize(p.size), for_training(p, augment));
}

// -- folders of images

struct Pictures {
  data::Dataset train, test;
  std::vector<std::string> classes;
};

// The folder for the test beside `train`, if the folder is divided so.
std::optional<std::string> test_folder(const std::string& folder) {
  if (!fs::is_directory(folder + "/train")) return {};
  for (const char* name : {"/test", "/val"})
    if (fs::is_directory(folder + name)) return folder + name;
  fail(ErrorKind::value, folder, " has a folder train but none that is named test or val");
}

// What is kept for the test depends on the number of images alone, so that eval tests on what train left out.
std::pair<data::Subset, data::Subset> divided(const data::Dataset& train, const data::Dataset& test) {
  const auto parts = [](const data::Dataset& all) {
    return data::random_split(all, {0.8, 0.2}, Generator(1));
  };
  return {parts(train)[0], parts(test)[1]};
}

Pictures pictures_in(const std::string& folder, const Preprocessing& p, bool augment) {
  const std::optional<std::string> apart = test_folder(folder);
  const auto read = [&](const std::string& from, bool training) {
    return data::ImageFolder(from, {.channels = p.channels, .transform = resized(p, training && augment)});
  };
  const data::ImageFolder train = read(apart ? folder + "/train" : folder, true);
  const data::ImageFolder test = read(apart.value_or(folder), false);
  if (train.classes() != test.classes())
    fail(ErrorKind::value, folder, ": the folders of train and test have not the same classes");
  if (train.classes().size() < 2)
    fail(ErrorKind::value, folder, " holds one class of pictures, \"", train.classes()[0],
         "\"; to tell apart there must be two, each in a folder of its own");
  if (apart) return {train, test, train.classes()};
  auto [train_part, test_part] = divided(train, test);
  if (test_part.size() == 0)
    fail(ErrorKind::value, folder, " holds ", train.size(),
         " pictures, too few to keep a fifth of them for the test");
  return {train_part, test_part, train.classes()};
}

// -- a task

TaskData task_of_points(const Recipe& r, const data::PointSet& points) {
  return {data::dataset_of(points),
          test_data(std::string(r.data), {}).examples,
          {},
          {"-", "+"},
          std::string(r.architecture),
          std::string(r.data),
          points};
}

TaskData task_of_image_set(const Recipe& r, std::string_view name, bool full) {
  const Preprocessing p = preprocessing_of(name);
  const data::ImageDataset train = image_set(name, Split::train, for_training(p, r.augment));
  const auto classes = static_cast<int64_t>(train.classes().size());
  const int64_t test_part = full ? 0 : r.test_part;
  return {part_of(train, full ? 0 : r.train_part),
          part_of(test_data(std::string(name), p).examples, test_part),
          p,
          train.classes(),
          name == r.data ? std::string(r.architecture)
                         : architecture_for(r.architecture, {p.channels, p.size}, classes),
          std::string(name),
          {},
          test_part};
}

void expect_something_to_tell_apart(const data::ImageDataset& train, const std::string& folder) {
  const std::vector<int64_t> labels = train.labels().to_vector<int64_t>();
  const auto [least, most] = std::ranges::minmax_element(labels);
  if (labels.empty() || *least == *most)
    fail(ErrorKind::value, folder, " holds ",
         labels.empty() ? "no images" : join_text("images of one class, ", *least),
         " to learn from; to tell apart there must be two classes");
}

TaskData task_of_idx_files(const Recipe& r, const std::string& folder) {
  const data::ImageDataset train = data::idx_images(folder, Split::train);
  expect_something_to_tell_apart(train, folder);
  const Tensor first = train.images().narrow(0, 0, std::min<int64_t>(train.size(), 10'000));
  if (first.size(2) != first.size(3))
    fail(ErrorKind::value, folder, " holds images of ", first.size(3), " x ", first.size(2),
         " pixels; the networks here take squares");
  const Tensor pixels = first.to(DType::float32) / 255.0;
  const Preprocessing p{1, first.size(2), {pixels.mean().item<double>()}, {pixels.std().item<double>()}};
  return {train.with(for_training(p, r.augment)),
          test_data(folder, p).examples,
          p,
          train.classes(),
          architecture_for(r.architecture, {1, p.size}, static_cast<int64_t>(train.classes().size())),
          folder};
}

TaskData task_of_pictures(const Recipe& r, const std::string& folder, std::optional<int64_t> size) {
  const models::NetworkInput usual = models::Network::make(r.architecture).input();
  Preprocessing p{usual.channels, size.value_or(usual.size), {}, {}};
  for (int64_t c = 0; c < p.channels; ++c) p.mean.push_back(0.5), p.deviation.push_back(0.25);
  const Pictures pictures = pictures_in(folder, p, r.augment);
  const auto classes = static_cast<int64_t>(pictures.classes.size());
  return {.train = pictures.train,
          .test = pictures.test,
          .preprocessing = p,
          .labels = pictures.classes,
          .architecture = architecture_for(r.architecture, {p.channels, p.size}, classes),
          .name = folder,
          .workers = 1};
}

}  // namespace

TaskData task_of(const Recipe& r, const TrainSettings& settings) {
  const std::string name = settings.data.value_or(std::string(r.data));
  const bool full = settings.full.value_or(false);
  if (!is_printable(name)) fail(ErrorKind::value, "--data: the name of a folder must be printable UTF-8");
  const auto points = data::point_set(r.data, 1);
  const bool of_pictures =
      !points && !is_image_set(name) && !(fs::is_directory(name) && data::has_idx_images(name));
  if (settings.size && !of_pictures)
    fail(ErrorKind::value, "--size is for folders of pictures; the examples of ", name,
         " have a size of their own");
  if (points) {
    if (name != r.data)
      fail(ErrorKind::value, "the recipe ", r.name, " is about points of the plane and takes no --data");
    return task_of_points(r, *points);
  }
  if (is_image_set(name)) return task_of_image_set(r, name, full);
  if (!fs::is_directory(name)) refuse(name);
  return of_pictures ? task_of_pictures(r, name, settings.size) : task_of_idx_files(r, name);
}

bool names_data(const std::string& name) {
  return data::point_set(name, 1) || is_image_set(name) || fs::is_directory(name);
}

data::Transform usual_transform(const Preprocessing& p) {
  return data::Compose(data::ToTensor(), data::Normalize(p.mean, p.deviation));
}

data::Dataset part_of(const data::Dataset& whole, int64_t part) {
  return part == 0 ? whole : data::first_of(whole, part);
}

TestData test_data(const std::string& name, const Preprocessing& p) {
  if (const auto points = data::point_set(name, 2)) return {data::dataset_of(*points), {"-", "+"}};
  const auto of_images = [&](const data::ImageDataset& set) {
    return TestData{set.with(usual_transform(p)), set.classes()};
  };
  if (is_image_set(name)) return of_images(image_set(name, Split::test));
  if (!fs::is_directory(name)) refuse(name);
  if (data::has_idx_images(name)) {
    const data::ImageDataset set = data::idx_images(name, Split::test);
    if (set.size() == 0) fail(ErrorKind::value, name, " holds no images to be tested on");
    return of_images(set);
  }
  const Pictures pictures = pictures_in(name, p, false);
  return {pictures.test, pictures.classes};
}

}  // namespace rushlight::cli
