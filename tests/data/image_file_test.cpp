// Pixels of PNG and JPEG files, damaged ones, and folders of images.
#include "rushlight/data/image_file.h"

#include <doctest/doctest.h>

#include <cmath>

#include "rushlight/data/image_folder.h"
#include "rushlight/data/loader.h"
#include "tests/base/temporary_folder.h"
#include "tests/engine/error_words.h"

using namespace rushlight;

namespace {

#include "tests/data/pngs.inc"
#include "tests/data/two_colors_jpeg.inc"

template <size_t N>
std::string text_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

// Builds without libpng or libjpeg say so, and that is all to be seen of them.
bool reads(const std::string& bytes, const char* package) {
  const TemporaryFolder folder;
  const std::string path = folder.write("image", bytes);
  if (!fails_with(ErrorKind::not_implemented, {package, "install"}, [&] { (void)data::load_image(path); }))
    return true;
  MESSAGE("skipped: this build has no ", package);
  return false;
}

}  // namespace

TEST_CASE("a PNG file is an image") {
  if (!reads(text_of(kColorPng), "libpng-dev")) return;
  const TemporaryFolder folder;
  const Tensor image = data::load_image(folder.write("a.png", text_of(kColorPng)));
  REQUIRE(image.rank() == 3);
  CHECK(image.dtype() == DType::uint8);
  for (int64_t c = 0; c < 3; ++c)
    for (int64_t i = 0; i < 6; ++i)
      CHECK(image.span<uint8_t>()[static_cast<size_t>(6 * c + i)] == 10 * i + c);
  const std::string grey = folder.write("grey", text_of(kGreyPng));
  CHECK(data::load_image(grey, 1).to_vector<int>() == std::vector<int>{0, 50, 100, 255});
  CHECK(data::load_image(grey).to_vector<int>() ==
        std::vector<int>{0, 50, 100, 255, 0, 50, 100, 255, 0, 50, 100, 255});
}

TEST_CASE("a JPEG file is an image") {
  if (!reads(text_of(kJpeg), "libjpeg-dev")) return;
  const TemporaryFolder folder;
  const Tensor image = data::load_image(folder.write("a.png", text_of(kJpeg)));  // the name says nothing
  const int colors[2][3] = {{200, 40, 40}, {10, 20, 220}};
  REQUIRE(image.numel() == 3 * 8 * 16);
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 8; ++y)
      for (int x = 0; x < 16; ++x)
        CHECK(std::abs(image.span<uint8_t>()[static_cast<size_t>((c * 8 + y) * 16 + x)] - colors[x / 8][c]) <=
              3);
  CHECK(data::load_image(folder / "a.png", 1).size(0) == 1);
}

TEST_CASE("a damaged image is refused") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes) {
    const std::string path = folder.write("bad", bytes);
    return has(error_of([&] { (void)data::load_image(path); }), path.c_str());
  };
  CHECK(refused(""));
  CHECK(refused("GIF89a"));
  const std::string png = text_of(kColorPng), jpeg = text_of(kJpeg);
  if (reads(png, "libpng-dev")) {
    for (size_t length = 8; length + 12 < png.size(); ++length) CHECK(refused(png.substr(0, length)));
    for (size_t at = 12; at + 16 < png.size(); ++at) {  // a checksum guards each part
      std::string bad = png;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      CHECK(refused(bad));
    }
    CHECK(refused(text_of(kHugePng)));
  }
  if (reads(jpeg, "libjpeg-dev"))
    for (size_t length = 3; length + 2 < jpeg.size(); ++length) CHECK(refused(jpeg.substr(0, length)));
  const std::string path = folder.write("good", png);
  CHECK(fails_with(ErrorKind::value, {"1 or 3", "4"}, [&] { (void)data::load_image(path, 4); }));
}

TEST_CASE("a folder of folders of images is a dataset") {
  if (!reads(text_of(kColorPng), "libpng-dev")) return;
  const TemporaryFolder folder;
  folder.write("set/dog/2.PNG", text_of(kColorPng));
  folder.write("set/dog/.hidden", "");
  folder.write("set/cat/1.png", text_of(kColorPng));
  folder.write("set/dog/1.png", text_of(kColorPng));
  const data::ImageFolder images(folder / "set");
  CHECK(images.classes() == std::vector<std::string>{"cat", "dog"});
  REQUIRE(images.size() == 3);
  CHECK(images.path(2) == folder / "set/dog/2.PNG");
  const data::Dataset dataset = images;
  const std::vector<int64_t> all{2, 0};
  const data::Example batch = dataset.get_batch(all);
  CHECK(batch.target.to_vector<int>() == std::vector<int>{1, 0});
  CHECK(batch.input.size(0) == 2);
  CHECK(batch.input.to_vector<float>()[1] == 10.f / 255);
  CHECK(fails_with(ErrorKind::index, {"3"}, [&] { (void)images.get(3, {}); }));

  folder.write("set/dog/1.png", "broken");
  CHECK(fails_with(ErrorKind::value, {"example 1", "dog/1.png"}, [&] {
    for (const auto& batch : data::DataLoader(images)) (void)batch;
  }));
  folder.write("set/dog/notes.txt", "");
  CHECK(fails_with(ErrorKind::value, {"notes.txt"}, [&] { (void)data::ImageFolder(folder / "set"); }));
  folder.write("other/a.png", "");
  CHECK(fails_with(ErrorKind::value, {"a.png", "no folder"},
                   [&] { (void)data::ImageFolder(folder / "other"); }));
  CHECK(fails_with(ErrorKind::runtime, {"nowhere"}, [&] { (void)data::ImageFolder(folder / "nowhere"); }));
  folder.write("third/cat/1.png", "");
  folder.write("third/dog/.hidden", "");
  CHECK(fails_with(ErrorKind::value, {"third/dog is empty"},
                   [&] { (void)data::ImageFolder(folder / "third"); }));
}

TEST_CASE("a class that no terminal and no file of a model could name is refused before any image is read") {
  for (const char* name : {"\x1b[31mdog", "a\nb", "caf\xe9"}) {
    const TemporaryFolder folder;
    folder.write("cat/1.png", "");
    folder.write(std::string(name) + "/1.png", "");
    const std::string root = folder / "";
    const std::string said = error_of([&] { (void)data::ImageFolder(root); });
    CHECK(has(said, "control characters"));
    CHECK_FALSE(has(said, name));
  }
}
