// ImageFolder: one folder for each class, with PNG and JPEG files in it.
#pragma once

#include <string>

#include "rushlight/data/dataset.h"
#include "rushlight/data/transform.h"

namespace rushlight::data {

struct ImageFolderOptions {
  int64_t channels = 3;
  Transform transform = ToTensor();
};

// FOLDER/cat/1.png has the label that "cat" has among the folders' names in the order of the alphabet. A file
// is read when its example is asked for. Names that begin with a dot are passed over; other files that are no
// .png, .jpg or .jpeg are an error, and so is a folder without any.
class ImageFolder {
 public:
  explicit ImageFolder(const std::string& folder, ImageFolderOptions options = {});
  int64_t size() const { return static_cast<int64_t>(files_->size()); }
  Example get(int64_t i, EpochSeed seed) const;

  const std::vector<std::string>& classes() const { return *classes_; }
  const std::string& path(int64_t i) const;

 private:
  struct File {
    std::string path;
    int64_t label;
  };
  std::shared_ptr<const std::vector<File>> files_;
  std::shared_ptr<const std::vector<std::string>> classes_;
  ImageFolderOptions options_;
};

}  // namespace rushlight::data
