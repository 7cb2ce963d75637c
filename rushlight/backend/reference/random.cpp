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
  visit(input.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto* from = static_cast<const T*>(input.storage()->data());
    auto* to = static_cast<T*>(out.storage()->data());
    std::vector<int64_t> targets;
    for_each_offset(out.layout(), [&](int64_t at) { targets.push_back(at); });
    uint64_t element = 0;
    for_each_offset(input.layout(), [&](int64_t at) {
      bool keep = uniform<float>(random_word(key, element)) >= static_cast<float>(p);
      if constexpr (std::is_same_v<T, double>)
        to[targets[element]] = keep ? from[at] * scale : 0.0;
      else
        to[targets[element]] =
            static_cast<T>(keep ? static_cast<float>(from[at]) * static_cast<float>(scale) : 0.0f);
      ++element;
    });
  });
  return true;
}

}  // namespace rushlight::reference
