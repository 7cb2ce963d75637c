// libFuzzer calls this with tables that it makes up: see `./dev test --fuzz`. The first byte says how to read
// the rest.
#include "rushlight/data/csv.h"
#include "tests/fuzz/readers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t how = data[0];
  rushlight::data::CsvOptions options{.header = (how & 1) != 0, .classes = how & 2 ? 3 : 0};
  if (how & 4) options.label = options.header ? "label" : "0";
  if (how & 8) options.delimiter = ';';
  return rushlight::load_hostile(
      data + 1, size - 1, [&](const std::string& path) { return rushlight::data::load_csv(path, options); });
}
