// Random numbers: the key, and what is computed from it.
#include "rushlight/backend/reference/kernels.h"
#include "rushlight/base/philox.h"
#include "rushlight/generated/op_args.h"

namespace rushlight::reference {

bool random_key(const KernelCall& call) {
  args::RandomKey a(call.attrs);
  Generator generator = a.generator ? *a.generator : default_generator();
  PhiloxKey key = generator.draw(static_cast<uint64_t>(a.count));
  auto* words = call.out[0].data<uint64_t>();
  words[0] = key.seed;
  words[1] = key.counter;
  return true;
}

bool dropout_with_key(const KernelCall& call) {
  const Tensor &input = call.in[0], &out = call.out[0];
  auto* words = call.in[1].data<uint64_t>();
  PhiloxKey key{words[0], words[1]};
  double p = args::DropoutWithKey(call.attrs).p;
  double scale = p < 1 ? 1 / (1 - p) : 0;
  bool in_double = input.dtype() == DType::float64;
  DType wide = in_double ? DType::float64 : DType::float32;
  Tensor elements = row_major_in(wide, input);
  auto drop = [&]<class Wide>(TypeTag<Wide>) {
    uint64_t element = 0;
    for (Wide& x : elements.span<Wide>()) {
      bool keep = uniform<float>(random_word(key, element++)) >= static_cast<float>(p);
      x = keep ? x * static_cast<Wide>(scale) : 0;
    }
  };
  in_double ? drop(TypeTag<double>{}) : drop(TypeTag<float>{});
  copy_elements(out, elements);
  return true;
}

}  // namespace rushlight::reference
