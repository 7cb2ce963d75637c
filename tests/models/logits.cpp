// For tests/python/test_twin.py, which judges them by PyTorch's: model_logits MODEL INPUT.npy LOGITS.npy
// [ARCHITECTURE] writes what a network gives for a batch.
#include <cstdio>

#include "rushlight/base/error.h"
#include "rushlight/engine/context.h"
#include "rushlight/io/load.h"
#include "rushlight/models/model_file.h"

int main(int argc, char** argv) try {
  if (argc < 4)
    return std::fprintf(stderr, "usage: model_logits MODEL INPUT.npy LOGITS.npy [ARCHITECTURE]\n"), 2;
  const rushlight::models::TrainedModel model =
      rushlight::models::load_model(argv[1], argc > 4 ? argv[4] : "");
  const rushlight::NoGrad guard;
  model.network.module().eval();
  rushlight::io::save_tensors(argv[3],
                              {{"logits", model.network(rushlight::io::load_tensors(argv[2])[0].tensor)}});
  return 0;
} catch (const rushlight::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
