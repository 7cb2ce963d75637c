#include "rushlight/base/small_vector.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "rushlight/base/error.h"

using namespace rushlight;

namespace {

using Words = SmallVector<std::string, 3>;

// Long enough to live on the heap: a lost or doubled element is a leak or a double free.
std::string word(int i) {
  return "a word that is too long for the string itself, number " + std::to_string(i);
}

Words words(int count) {
  Words result;
  for (int i = 0; i < count; ++i) result.push_back(word(i));
  return result;
}

bool holds(const Words& some, int count) {
  if (some.size() != static_cast<size_t>(count)) return false;
  for (int i = 0; i < count; ++i)
    if (some[static_cast<size_t>(i)] != word(i)) return false;
  return true;
}

bool lives_inside(const Words& some) {
  const auto* begin = reinterpret_cast<const char*>(&some);
  const auto* data = reinterpret_cast<const char*>(some.data());
  return data >= begin && data < begin + sizeof some;
}

}  // namespace

TEST_CASE("SmallVector: the first elements live inside, more on the heap") {
  for (int count = 0; count < 12; ++count) {
    const Words some = words(count);
    CHECK(holds(some, count));
    CHECK(lives_inside(some) == (count <= 3));
    CHECK(some.empty() == (count == 0));
  }
}

TEST_CASE("SmallVector: copies and moves in every combination of inside and heap") {
  for (int from : {0, 2, 3, 4, 9}) {
    Words source = words(from);
    const Words copy(source);
    CHECK(holds(copy, from));
    CHECK(holds(source, from));
    CHECK(copy == source);
    const Words moved(std::move(source));
    CHECK(holds(moved, from));
    for (int to : {0, 3, 4, 20}) {
      Words target = words(to);
      target = copy;
      CHECK(holds(target, from));
      target = words(to);
      target = Words(copy);
      CHECK(holds(target, from));
    }
  }
}

TEST_CASE("SmallVector: assigned to itself it stays what it is") {
  for (int count : {2, 7}) {
    Words some = words(count);
    const Words& same = some;
    some = same;
    CHECK(holds(some, count));
    Words& itself = some;
    some = std::move(itself);
    CHECK(holds(some, count));
  }
}

TEST_CASE("SmallVector: a moved-from vector can be filled again") {
  for (int count : {2, 7}) {
    Words some = words(count);
    const Words taken(std::move(some));
    some = words(5);
    CHECK(holds(some, 5));
    CHECK(holds(taken, count));
  }
}

TEST_CASE("SmallVector: holds what can only be moved") {
  SmallVector<std::unique_ptr<int>, 2> owners;
  for (int i = 0; i < 9; ++i) owners.push_back(std::make_unique<int>(i));
  auto moved = std::move(owners);
  CHECK(*moved[8] == 8);
  moved.erase(0);
  CHECK(*moved.front() == 1);
}

TEST_CASE("SmallVector: constructors say how many or which") {
  const SmallVector<int, 4> listed{3, 1}, counted(3, 1), from_range(listed.begin(), listed.end());
  CHECK(listed.size() == 2);
  CHECK(counted.size() == 3);
  CHECK(counted.back() == 1);
  CHECK(from_range == listed);
  CHECK_FALSE(listed == counted);
  CHECK_FALSE(listed == SmallVector<int, 4>{3, 2});
}

TEST_CASE("SmallVector: does what std::vector does") {
  std::mt19937 random(3);
  SmallVector<int, 5> ours;
  std::vector<int> theirs;
  for (int i = 0; i < 20000; ++i) {
    const size_t at = theirs.empty() ? 0 : random() % theirs.size();
    switch (theirs.size() > 30 ? 6 : random() % 7) {
      case 0: ours.push_back(i), theirs.push_back(i); break;
      case 1: ours.insert(at, i), theirs.insert(theirs.begin() + static_cast<int>(at), i); break;
      case 2: ours.resize(at + 3, i), theirs.resize(at + 3, i); break;
      case 3: ours.reserve(at * 2), theirs.reserve(at * 2); break;
      case 4:
        if (!theirs.empty()) ours.erase(at), theirs.erase(theirs.begin() + static_cast<int>(at));
        break;
      case 5:
        if (!theirs.empty()) ours.pop_back(), theirs.pop_back();
        break;
      default:
        if (i % 5 == 0) ours.clear(), theirs.clear();
    }
    REQUIRE(std::vector<int>(ours.begin(), ours.end()) == theirs);
  }
}

TEST_CASE(
    "SmallVector: more elements than memory holds are refused, also where their bytes would wrap around") {
  SmallVector<int64_t, 2> vector;
  for (size_t count : {size_t{1} << 33, size_t{1} << 61, (size_t{1} << 61) + 1, SIZE_MAX})
    CHECK_THROWS_AS(vector.resize(count, 7), Error);
  vector.push_back(3);
  CHECK(vector[0] == 3);
}
