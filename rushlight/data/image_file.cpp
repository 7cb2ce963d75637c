#include "rushlight/data/image_file.h"

#include <cstdio>
#include <cstring>

#include "rushlight/data/file_bytes.h"

#ifdef RUSHLIGHT_HAS_PNG
#include <png.h>
#endif
#ifdef RUSHLIGHT_HAS_JPEG
#include <csetjmp>

#include <jpeglib.h>
#endif

namespace rushlight::data {

namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;

struct ImageFile {
  const std::string& path;
  const std::string& bytes;
  int64_t channels;

  [[noreturn]] void complain(const char* why) const {
    fail(ErrorKind::value, "[load_image] ", path, ": ", why);
  }
  [[noreturn]] void complain_format(const char* format, const char* package, const char* option) const {
    fail(ErrorKind::not_implemented, "[load_image] ", path, ": this build reads no ", format,
         " files; install ", package, " and configure again with -D", option, "=ON");
  }
  // Memory for the pixels, channels last.
  std::vector<uint8_t> pixels(int64_t height, int64_t width) const {
    if (height < 1 || width < 1 || height > kMostPixels / width)
      fail(ErrorKind::value, "[load_image] ", path, ": an image of ", height, " x ", width,
           " is more than the ", kMostPixels, " pixels that are read, or none");
    return std::vector<uint8_t>(static_cast<size_t>(height * width * channels));
  }
};

[[maybe_unused]] Tensor channels_first(const std::vector<uint8_t>& pixels, int64_t channels, int64_t height,
                                       int64_t width) {
  Tensor image = empty({channels, height, width}, DType::uint8);
  uint8_t* out = image.data<uint8_t>();
  const int64_t plane = height * width;
  for (int64_t i = 0; i < plane; ++i)
    for (int64_t c = 0; c < channels; ++c) out[c * plane + i] = pixels[static_cast<size_t>(i * channels + c)];
  return image;
}

#ifdef RUSHLIGHT_HAS_PNG
Tensor read_png(const ImageFile& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  struct Freed {
    png_image* image;
    ~Freed() { png_image_free(image); }
  } freed{&image};
  if (!png_image_begin_read_from_memory(&image, file.bytes.data(), file.bytes.size()))
    file.complain(image.message);
  image.format = file.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<uint8_t> pixels = file.pixels(image.height, image.width);
  const png_color black{0, 0, 0};  // below what is transparent
  if (!png_image_finish_read(&image, &black, pixels.data(), 0, nullptr)) file.complain(image.message);
  return channels_first(pixels, file.channels, image.height, image.width);
}
#else
Tensor read_png(const ImageFile& file) { file.complain_format("PNG", "libpng-dev", "RUSHLIGHT_PNG"); }
#endif

#ifdef RUSHLIGHT_HAS_JPEG
// libjpeg reports by callbacks that must not return: they jump to the decoder's only exit.
struct JpegReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf exit{};
  char message[JMSG_LENGTH_MAX] = {};

  explicit JpegReader(const std::string& bytes) {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) { of(common)->leave(common); };
    // A warning says that data is damaged and was made up: no image to learn from.
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level < 0) of(common)->leave(common);
    };
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  static JpegReader* of(j_common_ptr common) { return static_cast<JpegReader*>(common->client_data); }
  [[noreturn]] void leave(j_common_ptr common) {
    errors.format_message(common, message);
    std::longjmp(exit, 1);
  }
  // Nothing with a destructor lives in these two: a jump would skip it.
  bool read_header(int64_t channels) {
    if (setjmp(exit) != 0) return false;
    jpeg_read_header(&info, TRUE);
    info.out_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
    jpeg_calc_output_dimensions(&info);
    return true;
  }
  bool read_pixels(uint8_t* out, size_t line_bytes) {
    if (setjmp(exit) != 0) return false;
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      JSAMPROW line = out + info.output_scanline * line_bytes;
      jpeg_read_scanlines(&info, &line, 1);
    }
    jpeg_finish_decompress(&info);
    return true;
  }
};

Tensor read_jpeg(const ImageFile& file) {
  JpegReader reader(file.bytes);
  if (!reader.read_header(file.channels)) file.complain(reader.message);
  const int64_t height = reader.info.output_height, width = reader.info.output_width;
  std::vector<uint8_t> pixels = file.pixels(height, width);
  if (!reader.read_pixels(pixels.data(), static_cast<size_t>(width * file.channels)))
    file.complain(reader.message);
  return channels_first(pixels, file.channels, height, width);
}
#else
Tensor read_jpeg(const ImageFile& file) { file.complain_format("JPEG", "libjpeg-dev", "RUSHLIGHT_JPEG"); }
#endif

}  // namespace

Tensor load_image(const std::string& path, int64_t channels) {
  if (channels != 1 && channels != 3)
    fail(ErrorKind::value, "[load_image] an image is read with 1 or 3 channels, not ", channels);
  const std::string bytes = read_file(path, kLargestFile);
  const ImageFile file{path, bytes, channels};
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return read_png(file);
  if (bytes.starts_with("\xff\xd8\xff")) return read_jpeg(file);
  file.complain("byte 0: neither a PNG nor a JPEG image begins like this");
}

}  // namespace rushlight::data
