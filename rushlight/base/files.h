// Whole files: read within a bound; written so that a crash leaves the old one or the new one, never half.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace rushlight {

// More than any file of weights has, less than what no machine can hold.
inline constexpr size_t kMostFileBytes = size_t{1} << 40;

// Throws where there is no such file, where it is larger than `limit`, and where the system fails.
std::string read_file(const std::string& path, size_t limit = kMostFileBytes);
// The first `most` bytes, or the whole of a shorter file.
std::string read_beginning(const std::string& path, size_t most);

// Writes the pieces one after the other into a fresh file in the same folder, waits until the disk has it,
// and gives it the name. Until then a file of that name stays what it was; an error leaves no trace. A file
// that is replaced passes on its permissions; a symbolic link is replaced, not followed.
//
// Only for tests: with RUSHLIGHT_CRASH_AT=opened, written, synced, renamed or finished the process ends on
// the spot, as in a crash, after that step; with synced:3 only when the third file of the process gets there.
void write_file_atomically(const std::string& path, std::span<const std::string_view> pieces);
inline void write_file_atomically(const std::string& path, std::initializer_list<std::string_view> pieces) {
  write_file_atomically(path, std::span(pieces.begin(), pieces.size()));
}

// Removes what writes that a crash ended have left in a folder. Nobody may be writing there.
void remove_leftovers(const std::string& folder);

}  // namespace rushlight
