// A program that only predicts: a model that `rushlight train` made, asked about the images of an IDX file.
//
//   example_predict runs/mlp-1/model.safetensors t10k-images-idx3-ubyte.gz [10]
//
// Linked against the installed static library and stripped it is a program of 2.7 MB that needs libc,
// libstdc++ and zlib; tests/outside_project looks after that.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "rushlight/data/idx.h"
#include "rushlight/engine/context.h"
#include "rushlight/generated/functions.h"
#include "rushlight/models/model_file.h"
#include "rushlight/ops/operators.h"

#ifdef RUSHLIGHT_HAS_ISA_v3
#include "rushlight/backend/cpu/kernel_levels.h"
RUSHLIGHT_LINK_ONLY(v3);  // it runs on whatever has AVX2, and is 3 MB smaller than with kernels for each CPU
#endif

using namespace rushlight;

namespace {

// As the network was trained: in 0..1, then less the mean and over the deviation.
Tensor prepared(const Tensor& images, const models::Preprocessing& p) {
  const Tensor pixels = images.unsqueeze(1).to(DType::float32) / 255.0;
  return (pixels - p.mean[0]) / p.deviation[0];
}

void predict(const char* model_path, const char* images_path, int64_t count) {
  const models::TrainedModel model = models::load_model(model_path);
  model.network.module().eval();
  const InferenceMode guard;
  const Tensor images = data::load_idx(images_path);
  const Tensor some = images.narrow(0, 0, std::min(count, images.size(0)));
  const Tensor classes = argmax(model.network(prepared(some, model.preprocessing)), {.dim = 1});
  for (int64_t c : classes.to_vector<int64_t>())
    std::printf("%s\n", model.labels.at(static_cast<size_t>(c)).c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fputs("usage: example_predict MODEL.safetensors IMAGES-idx3-ubyte[.gz] [COUNT]\n", stderr);
    return 2;
  }
  predict(argv[1], argv[2], argc > 3 ? std::atoll(argv[3]) : 10);
} catch (const std::exception& error) {
  std::fprintf(stderr, "example_predict: %s\n", error.what());
  return 2;
}
