// The data sets that are known by name: what belongs to them, where it is, and how it comes here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rushlight::data {

struct KnownFile {
  std::string_view name;
  int64_t bytes;
  std::string_view sha256;
};

struct KnownSet {
  std::string_view name;   // of its folder, "mnist"
  std::string_view title;  // "MNIST"
  std::string_view terms;
  std::string_view url;  // of the folder that holds the files; or of an archive
  std::span<const KnownFile> files;
  // Where the files come in an archive: what it is, and its folder that holds them.
  KnownFile archive = {};
  std::string_view archive_folder = {};

  int64_t bytes_to_get() const;
};

std::span<const KnownSet> known_sets();
const KnownSet& known_set(std::string_view name);

// Where data is looked for: $RUSHLIGHT_DATA, where that is set, then ~/.cache/rushlight.
std::vector<std::string> data_folders();

// Whether each of its files lies in one of them, as large as it should be; an IDX file may be unpacked.
bool is_here(const KnownSet& set);

// The path of a set's file: one that is_here() counts, else whatever has its name, for a reader to judge.
// Where it is missing, the error says what is, how large it is, under which terms
// it comes, and the command that gets it.
std::string find_data(const KnownSet& set, std::string_view file);

// Downloads what is_here() misses of a set, and what has another checksum, into the first of data_folders(),
// as `rushlight data get NAME` does. The folder of its first file.
std::string get_data(std::string_view name);

}  // namespace rushlight::data
