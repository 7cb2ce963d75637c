// CSV: what a table says, and what is no table. And lines of text.
#include "rushlight/data/csv.h"

#include <doctest/doctest.h>

#include "rushlight/data/text.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;
using data::CsvOptions;

namespace {

using Names = std::vector<std::string>;
const std::string kGood = "a,b,kind\n1,2,cat\n3,4,dog\n5,-6e-1,cat\n";

data::CsvTable load(const std::string& text, const CsvOptions& options = {}) {
  const TemporaryFolder folder;
  return data::load_csv(folder.write("table.csv", text), options);
}

bool refused(const std::string& text, std::initializer_list<const char*> words,
             const CsvOptions& options = {}) {
  const std::string said = error_of([&] { (void)load(text, options); });
  bool good = has(said, "table.csv");
  for (const char* word : words) good &= has(said, word);
  if (!good) MESSAGE("said: ", said);
  return good;
}

}  // namespace

TEST_CASE("a CSV file is a table of numbers and labels") {
  const data::CsvTable table = load(kGood, {.label = "kind"});
  CHECK(table.columns == Names{"a", "b"});
  CHECK(table.classes == Names{"cat", "dog"});
  CHECK(table.values.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, -0.6f});
  CHECK(table.values.size(0) == 3);
  CHECK(table.labels.to_vector<int>() == std::vector<int>{0, 1, 0});
  CHECK(table.dataset().size() == 3);

  const data::CsvTable plain = load("1;2\r\n\r\n 3 ;4", {.delimiter = ';', .header = false});
  CHECK(plain.columns == Names{"0", "1"});
  CHECK(plain.values.to_vector<float>() == std::vector<float>{1, 2, 3, 4});
  CHECK_FALSE(plain.labels.defined());
  CHECK(load("1,7\n2,0\n", {.header = false, .label = "1", .classes = 8}).labels.to_vector<int>() ==
        std::vector<int>{7, 0});

  const data::CsvTable quoted =
      load("\xEF\xBB\xBF\"x, \"\"in\"\" m\",y\n\"1\",\"two\nlines, \"\"or\"\" so\"\n2,b\n", {.label = "y"});
  CHECK(quoted.columns == Names{"x, \"in\" m"});
  CHECK(quoted.classes == Names{"b", "two\nlines, \"or\" so"});
  CHECK(quoted.labels.to_vector<int>() == std::vector<int>{1, 0});
}

TEST_CASE("what is no table is refused with its line and byte") {
  CHECK(refused("", {"byte 0", "nothing"}));
  CHECK(refused("\n\n", {"nothing"}));
  CHECK(refused("a,b\n", {"no rows"}));
  CHECK(refused("a,b\n1\n", {"line 2", "byte 4", "1 fields", "2"}));
  CHECK(refused("a,b\n1,2\n1,2,3\n", {"line 3", "byte 8", "3 fields"}));
  CHECK(refused("a,b\n1,2,\n", {"line 2", "3 fields"}));
  CHECK(refused("a,b\n,2\n", {"line 2", "byte 4", "\"\" in column \"a\""}));
  CHECK(refused("a,b\n1,\n", {"line 2", "byte 6", "column \"b\""}));
  CHECK(refused("a,\n1,2\n", {"line 1", "column 1 has no name"}));
  CHECK(refused("a,a\n1,2\n", {"line 1", "byte 2", "two columns"}));
  for (const char* word :
       {"x",   "1x", "1 2", "--1",   "1e",   "0x10", "1,5e", "nan", "inf", "-inf", "1e39", "-1e39",   "1e400",
        "one", "$1", "1%",  "1.2.3", "True", "NA",   "?",    ".",   "-",   "+",    "e5",   "\xff\xfe"})
    CHECK(refused("a\n1\n\"" + std::string(word) + "\"\n", {"line 3", "byte 4", "column \"a\"", word}));
  CHECK(refused("a,b\n\"1,2\n", {"line 2", "byte 4", "never closed"}));
  CHECK(refused("a,b\n1,\"2\n3,4\n", {"line 2", "byte 6", "never closed"}));
  CHECK(refused("a,b\n\"1\"x,2\n", {"line 2", "byte 7", "after the quote"}));
  CHECK(refused("a,b\n1\"2,3\n", {"line 2", "byte 5", "quote inside"}));
  CHECK(refused("a,b\n1,2\r3,4\n", {"line 2", "byte 7", "carriage return"}));
  CHECK(refused("a,b\n1,2\n3,4\r", {"line 3", "carriage return"}));
  CHECK(refused(std::string("a,b\n1,\0002\n", 9), {"line 2", "byte 6", "zero byte"}));
  CHECK(refused(std::string("a,b\n1,\"\000\"\n", 10), {"line 2", "zero byte"}));
  CHECK(refused("a;b\n1;2\n", {"column \"a;b\"", "\"1;2\""}));
  CHECK(refused("1,2\n3,x\n", {"line 2", "\"x\""}, {.header = false}));
}

TEST_CASE("wrong labels are refused") {
  CHECK(refused(kGood, {"\"color\"", "\"a\", \"b\", \"kind\""}, {.label = "color"}));
  CHECK(refused("1,2\n", {"\"5\""}, {.header = false, .label = "5"}));
  CHECK(refused(kGood, {"line 2", "byte 13", "\"cat\"", "0 to 1"}, {.label = "kind", .classes = 2}));
  CHECK(refused("a,k\n1,0\n1,2\n", {"line 3", "byte 10", "\"2\"", "0 to 1"}, {.label = "k", .classes = 2}));
  for (const char* label : {"-1", "2", "1.0", "1e0", "99999999999999999999", "", " ", "x"})
    CHECK(refused("a,k\n1," + std::string(label) + "\n", {"line 2", "label"}, {.label = "k", .classes = 2}));
  CHECK(refused("a,k\n1,\n", {"line 2", "label is empty"}, {.label = "k"}));
  CHECK(refused(kGood, {"\"cat\" in column \"kind\""}));
  CHECK(fails_with(ErrorKind::value, {"delimit"}, [] { (void)load(kGood, {.delimiter = '"'}); }));
  CHECK(fails_with(ErrorKind::value, {"-1 classes"},
                   [] { (void)load(kGood, {.label = "kind", .classes = -1}); }));
}

TEST_CASE("text comes whole or in lines") {
  const TemporaryFolder folder;
  const std::string path = folder.write("t", "one\r\n\ntwo");
  CHECK(data::load_text(path) == "one\r\n\ntwo");
  CHECK(data::load_lines(path) == Names{"one", "", "two"});
  CHECK(data::load_lines(folder.write("u", "a\nb\n")) == Names{"a", "b"});
  CHECK(data::load_lines(folder.write("v", "")).empty());
}
