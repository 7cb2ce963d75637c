#include "rushlight/data/image_folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "rushlight/base/utf8.h"
#include "rushlight/data/image_file.h"
#include "rushlight/generated/functions.h"

namespace rushlight::data {

namespace {

namespace fs = std::filesystem;

// What lies in a folder, in the order of the alphabet; not what is hidden.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code problem;
  std::vector<fs::path> entries;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
  if (problem)
    fail(ErrorKind::runtime, "[ImageFolder] ", folder.string(), " cannot be read: ", problem.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

// A class is called what its folder is, in tables on a terminal and in the file of the trained model, which
// takes no other text. Said now, not after the training.
void expect_class_name(const std::string& folder, const fs::path& entry, size_t number) {
  if (!is_printable(entry.filename().string()))
    fail(ErrorKind::value, "[ImageFolder] ", folder, ": the name of folder ", number,
         " is no UTF-8, or has control characters; classes need names that can be printed");
}

void expect_image_name(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (ending != ".png" && ending != ".jpg" && ending != ".jpeg")
    fail(ErrorKind::value, "[ImageFolder] ", path.string(), " is no .png, .jpg or .jpeg");
}

}  // namespace

ImageFolder::ImageFolder(const std::string& folder, ImageFolderOptions options)
    : options_(std::move(options)) {
  std::vector<std::string> classes;
  std::vector<File> files;
  for (const fs::path& entry : entries_of(folder)) {
    if (!fs::is_directory(entry))
      fail(ErrorKind::value, "[ImageFolder] ", entry.string(),
           " is no folder; images lie in one folder for each class");
    expect_class_name(folder, entry, classes.size() + 1);
    const std::vector<fs::path> images = entries_of(entry);
    if (images.empty())
      fail(ErrorKind::value, "[ImageFolder] ", entry.string(), " is empty; a class without images cannot be ",
           "learnt or tested: remove the folder, or fill it");
    for (const fs::path& image : images) {
      expect_image_name(image);
      files.push_back({image.string(), static_cast<int64_t>(classes.size())});
    }
    classes.push_back(entry.filename().string());
  }
  if (files.empty()) fail(ErrorKind::value, "[ImageFolder] there are no images in the folders of ", folder);
  files_ = std::make_shared<const std::vector<File>>(std::move(files));
  classes_ = std::make_shared<const std::vector<std::string>>(std::move(classes));
}

const std::string& ImageFolder::path(int64_t i) const {
  expect_index(i, size());
  return (*files_)[static_cast<size_t>(i)].path;
}

Example ImageFolder::get(int64_t i, EpochSeed seed) const {
  Chance chance = seed.of_example(i);
  const Tensor image = load_image(path(i), options_.channels);
  const int64_t label = (*files_)[static_cast<size_t>(i)].label;
  return {options_.transform(image, chance), from_values<int64_t>({&label, 1}, {})};
}

}  // namespace rushlight::data
