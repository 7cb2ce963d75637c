// The one list of ops. No include guard: include it with the five macros defined, each called (id, schema,
// doc).
//
//   MAP        elementwise: one formula struct in math/, named as the id in PascalCase
//   VIEW       a layout edit: no kernel, the result shares its input's memory
//   OP         a kernel per backend; its OpDef stands in ops/<family>.cpp
//   COMPOSITE  a body of other ops, forward and backward, that makes one node; a backend may bring fused
//   kernels FUNCTION   a plain function over other ops: autograd and traces see through it
//
// A schema reads `argument, argument: kind = default, *, ... -> output, output`, or `name(argument, ...) ->
// ...` where people call the op by another name than its id. Kinds: tensor (unsaid), tensor?, tensors, float,
// int, bool, ints, dtype, str, slot, generator, each but the first three also with `?` for "may be None". `*`
// starts the arguments that Python passes by keyword only. `input!` has an in-place form; every MAP has one,
// and an op that changes whole lists has no other.

// -- arithmetic
MAP(add, "input, other", "input + other")
MAP(add_scaled, "add(input, other, *, alpha: float)", "input + alpha * other")
MAP(sub, "input, other", "input - other")
MAP(sub_scaled, "sub(input, other, *, alpha: float)", "input - alpha * other")
MAP(mul, "input, other", "input * other")
MAP(div, "input, other", "input / other, never integer")
MAP(neg, "input", "-input")
MAP(abs, "input", "input without its sign")
MAP(pow, "input, exponent", "input to the power of exponent")
MAP(fmod, "input, other", "The remainder of the division, with the sign of input")
MAP(maximum, "input, other", "The larger of the two; NaN if either is")
MAP(minimum, "input, other", "The smaller of the two; NaN if either is")
MAP(copysign, "input, other", "The size of input with the sign of other")
MAP(nextafter, "input, other", "The next number after input towards other")
MAP(hypot, "input, other", "sqrt(input^2 + other^2) without overflow on the way")
MAP(bitwise_and, "input, other", "The bits set in both")

// -- comparison and choice
MAP(lt, "input, other", "input < other")
MAP(le, "input, other", "input <= other")
MAP(gt, "input, other", "input > other")
MAP(ge, "input, other", "input >= other")
MAP(eq, "input, other", "input == other")
MAP(ne, "input, other", "input != other")
MAP(logical_and, "input, other", "Whether both are true (not zero)")
MAP(logical_or, "input, other", "Whether either is true (not zero)")
MAP(logical_not, "input", "Whether the element is zero or False")
MAP(where, "condition, input, other", "input where condition holds, else other")

// -- exponentials
MAP(exp, "input", "e to the power of input")
MAP(exp2, "input", "2 to the power of input")
MAP(expm1, "input", "exp(input) - 1, exact near 0")
MAP(log, "input", "The natural logarithm")
MAP(log2, "input", "The logarithm to base 2")
MAP(log10, "input", "The logarithm to base 10")
MAP(log1p, "input", "log(1 + input), exact near 0")
MAP(sqrt, "input", "The square root")

// -- trigonometry
MAP(sin, "input", "The sine")
MAP(cos, "input", "The cosine")
MAP(tan, "input", "The tangent")
MAP(asin, "input", "The inverse sine")
MAP(acos, "input", "The inverse cosine")
MAP(atan, "input", "The inverse tangent")
MAP(sinh, "input", "The hyperbolic sine")
MAP(cosh, "input", "The hyperbolic cosine")
MAP(tanh, "input", "The hyperbolic tangent")
MAP(asinh, "input", "The inverse hyperbolic sine")
MAP(acosh, "input", "The inverse hyperbolic cosine")
MAP(atanh, "input", "The inverse hyperbolic tangent")
MAP(atan2, "input, other", "The angle of the point (other, input)")

// -- special functions
MAP(erf, "input", "The error function")
MAP(erfc, "input", "1 - erf(input), exact far out")
MAP(erfinv, "input", "The inverse of erf")
MAP(lgamma, "input", "The logarithm of |gamma(input)|")
MAP(digamma, "input", "The derivative of lgamma")
MAP(polygamma, "n: float, input", "The n-th derivative of digamma")

// -- rounding
MAP(floor, "input", "The largest whole number not above")
MAP(ceil, "input", "The smallest whole number not below")
MAP(trunc, "input", "The whole part")
MAP(round, "input", "The nearest whole number, half to even")

// -- activation
MAP(relu, "input", "input where positive, else 0")
MAP(leaky_relu, "input, negative_slope: float = 0.01", "input where positive, else negative_slope * input")
MAP(gelu, "input", "input * P(Z < input) for a standard normal Z")

// -- views
VIEW(view, "input, size: ints", "The same elements in another shape, without a copy")
VIEW(permute, "input, dims: ints", "The dimensions in another order")
VIEW(transpose, "input, dim0: int, dim1: int", "Two dimensions swapped")
VIEW(select, "input, dim: int, index: int", "One slice along dim; the dimension goes")
VIEW(slice, "input, dim: int = 0, start: int? = None, end: int? = None, step: int = 1",
     "Every step-th slice from start to end; a negative step walks backwards")
VIEW(expand, "input, size: ints", "Dimensions of size 1 repeated without a copy")
VIEW(squeeze, "input, dim: ints? = None", "Without the dimensions of size 1 (all, or those named)")
VIEW(unsqueeze, "input, dim: int", "With a dimension of size 1 put in at dim")
VIEW(as_strided, "input, size: ints, stride: ints, storage_offset: int? = None",
     "Any shape and strides over the same memory, within its bounds")
VIEW(detach, "input", "The same memory, cut off from the history")

// -- creation and copies
OP(full, "size: ints, fill_value, *, dtype: dtype? = None", "A tensor filled with one value")
OP(clone, "input, *, memory_format: str? = None",
   "A copy with memory of its own; memory_format is None (as it lies), contiguous or channels_last")
OP(copy, "input!, src", "input's shape and dtype with src's values, broadcast and cast")
OP(to, "input, dtype: dtype", "The values cast to another dtype")
OP(as_strided_scatter, "input, src, size: ints, stride: ints, storage_offset: int? = None",
   "input's values with src written over the view that as_strided would make")
FUNCTION(reshape, "input, shape: ints",
         "The elements in row-major order in another shape: a view where possible")
FUNCTION(contiguous, "input", "input itself if its memory is row-major, else a copy")

// -- reductions
OP(sum, "input, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
   "The sum over the dimensions")
OP(max_dim, "max(input, dim: int, keepdim: bool = False) -> values, indices",
   "The largest along dim and where it is")

// -- products
OP(matmul, "input, other", "The matrix product, batched and broadcast over leading dimensions")
COMPOSITE(linear, "input, weight, bias: tensor? = None", "input @ weight.T + bias")

// -- indexing
OP(index, "input, indices: tensors",
   "Elements picked by index tensors; an undefined one takes its whole dimension")
OP(index_put, "input!, indices: tensors, values, accumulate: bool = False",
   "input with values written at the indices")

// -- random: the generator is read by random_key alone; what follows is a pure function of the key
OP(random_key, "count: int, *, generator: generator? = None", "Where the next count random numbers start")
OP(dropout_with_key, "input, key, p: float",
   "Zeroes each element with probability p and scales the rest by 1 / (1 - p)")
FUNCTION(dropout, "input, p: float = 0.5, training: bool = True, *, generator: generator? = None",
         "dropout_with_key with a fresh key while training, else input itself")

// -- losses and layers
COMPOSITE(softmax, "input, dim: int", "exp(input) along dim, scaled to sum to 1")
COMPOSITE(log_softmax, "input, dim: int", "The logarithm of softmax, without overflow")
COMPOSITE(layer_norm,
          "input, normalized_shape: ints, weight: tensor? = None, bias: tensor? = None, eps: float = 1e-5",
          "Each item scaled to mean 0 and variance 1 over its last dimensions")
COMPOSITE(cross_entropy, "input, target, reduction: str = \"mean\"",
          "How surprised the logits are by the class indices")
COMPOSITE(scaled_dot_product_attention, "query, key, value, is_causal: bool = False, scale: float? = None",
          "softmax(query @ key.T * scale) @ value")

// -- optimizer steps: lists of equal length; the results replace params and states
OP(adamw_step,
   "params!: tensors, grads: tensors, exp_avgs!: tensors, exp_avg_sqs!: tensors, step!, *, lr: slot, beta1: "
   "float = 0.9, "
   "beta2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.01, maximize: bool = False",
   "One step of AdamW; step counts them")
