// Files are read within a bound and replaced whole, whatever goes wrong and whenever the process ends.
#include "rushlight/base/files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

TEST_CASE("a file is read whole, within a bound") {
  const TemporaryFolder folder;
  const std::string path = folder / "numbers", long_text(100'000, 'x');
  write_file_atomically(path, {"one ", "", "two"});
  CHECK(read_file(path) == "one two");
  CHECK(read_file(path, 7) == "one two");
  CHECK(fails_with(ErrorKind::value, {"numbers", "more than 6 bytes"}, [&] { (void)read_file(path, 6); }));
  write_file_atomically(path, {long_text});
  CHECK(read_file(path) == long_text);
  write_file_atomically(path, {});
  CHECK(read_file(path).empty());
  CHECK(fails_with(ErrorKind::runtime, {"nowhere", "No such file"},
                   [&] { (void)read_file(folder / "nowhere"); }));
  CHECK(fails_with(ErrorKind::runtime, {"directory"}, [&] { (void)read_file(folder / ""); }));
}

TEST_CASE("the beginning of a file is read without the rest") {
  const TemporaryFolder folder;
  const std::string path = folder / "holes";
  write_file_atomically(path, {"one two"});
  CHECK(read_beginning(path, 3) == "one");
  CHECK(read_beginning(path, size_t{1} << 50) == "one two");
  REQUIRE(truncate(path.c_str(), off_t{1} << 42) == 0);
  CHECK(read_beginning(path, 5) == "one t");
  CHECK(read_beginning("/dev/zero", 2) == std::string(2, '\0'));
  CHECK(fails_with(ErrorKind::runtime, {"nowhere", "No such file"},
                   [&] { (void)read_beginning(folder / "nowhere", 1); }));
  CHECK(fails_with(ErrorKind::runtime, {"directory"}, [&] { (void)read_beginning(folder / "", 1); }));
}

TEST_CASE("what does not say how long it is, is read to its end or the bound") {
  CHECK_FALSE(read_file("/proc/self/status").empty());
  CHECK(fails_with(ErrorKind::value, {"/dev/zero", "10000"}, [] { (void)read_file("/dev/zero", 10'000); }));
}

TEST_CASE("a file of holes that no memory can take is refused") {
  const TemporaryFolder folder;
  const std::string path = folder / "holes";
  write_file_atomically(path, {});
  REQUIRE(truncate(path.c_str(), off_t{1} << 42) == 0);
  CHECK(fails_with(ErrorKind::value, {"holes", "more than"}, [&] { (void)read_file(path); }));
}

TEST_CASE("writing replaces a file, keeps its permissions, and leaves nothing beside it") {
  const TemporaryFolder folder;
  const std::string path = folder / "weights";
  write_file_atomically(path, {"old"});
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  write_file_atomically(path, {"new"});
  struct stat status;
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(read_file(path) == "new");
  CHECK(folder.count_files() == 1);
}

TEST_CASE("an error while writing leaves no trace") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "taken");
  write_file_atomically(folder / "taken/file", {"kept"});
  CHECK(fails_with(ErrorKind::runtime, {"cannot replace", "taken"},
                   [&] { write_file_atomically(folder / "taken", {"text"}); }));
  CHECK(fails_with(ErrorKind::runtime, {"cannot write", "nowhere"},
                   [&] { write_file_atomically(folder / "nowhere/file", {"text"}); }));
  CHECK(folder.count_files() == 1);
  CHECK(read_file(folder / "taken/file") == "kept");
}

TEST_CASE("a crash leaves the old file or the new one, never half") {
  for (const std::string step : {"opened", "written", "synced", "renamed", "finished"}) {
    CAPTURE(step);
    const TemporaryFolder folder;
    const std::string path = folder / "weights";
    write_file_atomically(path, {"old"});
    const pid_t child = fork();
    if (child == 0) {
      setenv("RUSHLIGHT_CRASH_AT", step.c_str(), 1);
      write_file_atomically(path, {"ne", "w"});
      _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    const bool is_replaced = step == "renamed" || step == "finished";
    CHECK(read_file(path) == (is_replaced ? "new" : "old"));
    write_file_atomically(path, {"newer"});  // what the crash left is in nobody's way
    CHECK(read_file(path) == "newer");
    CHECK(folder.count_files() == (is_replaced ? 1 : 2));
    remove_leftovers(folder / "");
    CHECK(folder.count_files() == 1);
    CHECK(read_file(path) == "newer");
  }
}
