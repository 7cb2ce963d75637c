#include "rushlight/data/cifar.h"

#include <algorithm>

#include "rushlight/data/file_bytes.h"

namespace rushlight::data {

namespace {

constexpr int64_t kImageBytes = 3 * 32 * 32, kRecordBytes = 1 + kImageBytes;
constexpr int kClasses = 10;

std::string read_records(const std::string& path, int64_t records) {
  std::string bytes = read_file(path, kLargestFile);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % kRecordBytes != 0)
    fail(ErrorKind::value, "[cifar10] ", path, " has ", size, " bytes: no whole number of records of ",
         kRecordBytes, " bytes; the last one would begin at byte ", size / kRecordBytes * kRecordBytes);
  if (records != 0 && size != records * kRecordBytes)
    fail(ErrorKind::value, "[cifar10] ", path, " has ", size / kRecordBytes, " records, not ", records);
  return bytes;
}

int64_t label_at(const std::string& path, const std::string& bytes, int64_t offset) {
  const int64_t label = static_cast<uint8_t>(bytes[static_cast<size_t>(offset)]);
  if (label >= kClasses)
    fail(ErrorKind::value, "[cifar10] ", path, ", byte ", offset, ": label ", label, " of record ",
         offset / kRecordBytes, " is not in 0 to ", kClasses - 1);
  return label;
}

}  // namespace

LabelledImages load_cifar10(const std::vector<std::string>& paths, int64_t records) {
  std::vector<std::string> files;
  int64_t count = 0;
  for (const std::string& path : paths) {
    files.push_back(read_records(path, records));
    count += static_cast<int64_t>(files.back().size()) / kRecordBytes;
  }
  const LabelledImages all{empty({count, 3, 32, 32}, DType::uint8), empty({count}, DType::int64)};
  auto* pixels = all.images.data<uint8_t>();
  int64_t* label = all.labels.data<int64_t>();
  for (size_t f = 0; f < files.size(); ++f)
    for (int64_t at = 0; at < static_cast<int64_t>(files[f].size());
         at += kRecordBytes, pixels += kImageBytes) {
      *label++ = label_at(paths[f], files[f], at);
      std::copy_n(files[f].data() + at + 1, kImageBytes, pixels);
    }
  return all;
}

}  // namespace rushlight::data
