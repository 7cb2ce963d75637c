// The one list of ops. No include guard: include it with the five macros defined, each called (id, schema,
// doc).
//
//   MAP        elementwise: one formula struct in math/, named as the id in PascalCase
//   VIEW       a layout edit: no kernel, the result shares its input's memory
//   OP         a kernel per backend; its OpDef stands in ops/<family>.cpp
//   COMPOSITE  a body of other ops, forward and backward, that makes one node; a backend may bring fused
//   kernels FUNCTION   a plain function over other ops: autograd and traces see through it
//
// A schema may begin with the dtypes that its first tensors, or those that it makes, may have: `[floats]`,
// `[numbers]` (no bool), `[integers]`, or a list of names; unsaid: any. A MAP takes what its formula does.
// Then it reads `argument, argument: kind = default, *, ... -> output, output`, or `name(argument, ...) ->
// ...` where people call the op by another name than its id. Kinds: tensor (unsaid), tensor?, tensors, float,
// int, bool, ints, floats, dtype, str, slot, generator, each but the first three also with `?` for "may be
// None"; `int?s` are ints of which some may be None. `*` starts the arguments that Python passes by keyword
// only. `input!` has an in-place form; every MAP has one, and an op that changes whole lists has no other.
// `abs|absolute(input)`: another name for the same; one that ends in `_` names the in-place form alone.
// `-> bool` is a plain true or false; `-> output, counts if return_counts`: the second result is there where
// that argument is true.

// -- arithmetic
MAP(add, "input, other", "input + other")
MAP(add_scaled, "add(input, other, *, alpha: float)", "input + alpha * other")
MAP(sub, "sub|subtract(input, other)", "input - other")
MAP(sub_scaled, "sub|subtract(input, other, *, alpha: float)", "input - alpha * other")
MAP(rsub, "input, other, *, alpha: float = 1", "other - alpha * input")
MAP(mul, "mul|multiply(input, other)", "input * other")
MAP(div, "div|divide|true_divide(input, other)", "input / other, never integer")
FUNCTION(div_rounded, "[numbers] div|divide(input!, other, *, rounding_mode: str?)",
         "input / other; rounding_mode \"floor\" or \"trunc\" makes it whole")
MAP(floor_divide, "input, other", "input / other, rounded down")
MAP(trunc_divide, "input, other", "input / other, rounded towards 0")
MAP(remainder, "input, other", "The remainder of the division, with the sign of other")
MAP(neg, "neg|negative(input)", "-input")
MAP(positive, "input", "input, which is no bool")
MAP(abs, "abs|absolute(input)", "input without its sign")
MAP(sign, "sign|sgn(input)", "-1, 0 or 1")
MAP(square, "input", "input * input")
MAP(reciprocal, "input", "1 / input")
MAP(rsqrt, "input", "1 / sqrt(input)")
MAP(pow, "input, exponent", "input to the power of exponent")
FUNCTION(float_power, "input!, exponent", "pow, computed in float64")
MAP(fmod, "input, other", "The remainder of the division, with the sign of input")
MAP(maximum, "input, other", "The larger of the two; NaN if either is")
MAP(minimum, "input, other", "The smaller of the two; NaN if either is")
MAP(fmax, "input, other", "The larger of the two; NaN if both are")
MAP(fmin, "input, other", "The smaller of the two; NaN if both are")
MAP(clamp_min, "input, min", "input, but no less than min")
MAP(clamp_max, "input, max", "input, but no more than max")
MAP(clamp_tensor, "input, min, max", "input, but no less than min and no more than max")
FUNCTION(clamp, "[numbers] clamp|clip(input!, min: tensor? = None, max: tensor? = None)",
         "input, but no less than min and no more than max; None is no bound")
FUNCTION(nan_to_num, "input!, nan: float = 0, posinf: float? = None, neginf: float? = None",
         "NaN and infinities replaced; None is the largest and the lowest finite number")
MAP(lerp, "input, end, weight", "input + weight * (end - input)")
MAP(addcmul, "input, tensor1, tensor2, *, value: float = 1", "input + value * tensor1 * tensor2")
MAP(addcdiv, "input, tensor1, tensor2, *, value: float = 1", "input + value * tensor1 / tensor2")
MAP(heaviside, "input, values", "0 below 0, 1 above, values at 0")
MAP(deg2rad, "input", "Degrees as radians")
MAP(rad2deg, "input", "Radians as degrees")
MAP(copysign, "input, other", "The size of input with the sign of other")
MAP(nextafter, "input, other", "The next number after input towards other")
MAP(hypot, "input, other", "sqrt(input^2 + other^2) without overflow on the way")
MAP(bitwise_and, "input, other", "The bits set in both")
MAP(bitwise_or, "input, other", "The bits set in either")
MAP(bitwise_xor, "input, other", "The bits set in one of the two")
MAP(bitwise_not, "input", "The bits not set")
MAP(bitwise_left_shift, "input, other", "The bits moved up by other places")
MAP(bitwise_right_shift, "input, other", "The bits moved down by other places; the sign fills up")

// -- comparison and choice
MAP(lt, "lt|less(input, other)", "input < other")
MAP(le, "le|less_equal(input, other)", "input <= other")
MAP(gt, "gt|greater(input, other)", "input > other")
MAP(ge, "ge|greater_equal(input, other)", "input >= other")
MAP(eq, "input, other", "input == other")
MAP(ne, "ne|not_equal(input, other)", "input != other")
MAP(logical_and, "input, other", "Whether both are true (not zero)")
MAP(logical_or, "input, other", "Whether either is true (not zero)")
MAP(logical_xor, "input, other", "Whether one of the two is true (not zero)")
MAP(logical_not, "input", "Whether the element is zero or False")
MAP(isnan, "input", "Whether the element is not a number")
MAP(isfinite, "input", "Whether the element is neither infinite nor NaN")
MAP(isinf, "input", "Whether the element is infinite")
MAP(isposinf, "input", "Whether the element is infinite and positive")
MAP(isneginf, "input", "Whether the element is infinite and negative")
MAP(signbit, "input", "Whether the element has a minus sign; -0 has")
MAP(isclose, "input, other, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False",
    "Whether input and other differ by no more than atol + rtol * |other|")
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
MAP(sigmoid, "input", "1 / (1 + exp(-input))")
MAP(logit, "input", "log(input / (1 - input)), the inverse of sigmoid")
FUNCTION(logit_within, "logit(input!, eps: float?)", "logit of input clamped to eps and 1 - eps")
MAP(logaddexp, "input, other", "log(exp(input) + exp(other)) without overflow")
MAP(logaddexp2, "input, other", "log2(2 ** input + 2 ** other) without overflow")
MAP(xlogy, "input, other", "input * log(other), where 0 * log(0) is 0")

// -- trigonometry
MAP(sin, "input", "The sine")
MAP(cos, "input", "The cosine")
MAP(tan, "input", "The tangent")
MAP(asin, "asin|arcsin(input)", "The inverse sine")
MAP(acos, "acos|arccos(input)", "The inverse cosine")
MAP(atan, "atan|arctan(input)", "The inverse tangent")
MAP(sinh, "input", "The hyperbolic sine")
MAP(cosh, "input", "The hyperbolic cosine")
MAP(tanh, "input", "The hyperbolic tangent")
MAP(asinh, "asinh|arcsinh(input)", "The inverse hyperbolic sine")
MAP(acosh, "acosh|arccosh(input)", "The inverse hyperbolic cosine")
MAP(atanh, "atanh|arctanh(input)", "The inverse hyperbolic tangent")
MAP(atan2, "atan2|arctan2(input, other)", "The angle of the point (other, input)")
MAP(sinc, "input", "sin(pi input) / (pi input), and 1 at 0")

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
MAP(trunc, "trunc|fix(input)", "The whole part")
MAP(round, "input", "The nearest whole number, half to even")
MAP(round_decimals, "round(input, *, decimals: int)", "The nearest multiple of 10 ** -decimals")
MAP(frac, "input", "What follows the point")

// -- activation
MAP(relu, "input", "input where positive, else 0")
MAP(leaky_relu, "input, negative_slope: float = 0.01", "input where positive, else negative_slope * input")
MAP(gelu, "input", "input * P(Z < input) for a standard normal Z")
MAP(gelu_tanh, "input", "gelu with the probability approximated by way of tanh")
FUNCTION(gelu_approximate, "[floats] gelu(input!, *, approximate: str)",
         "gelu for \"none\", gelu_tanh for \"tanh\"")
MAP(relu6, "input", "input between 0 and 6")
MAP(hardtanh, "input, min_val: float = -1, max_val: float = 1", "input between min_val and max_val")
MAP(threshold, "input, threshold: float, value: float", "input where above the threshold, else value")
MAP(prelu_elementwise, "input, weight", "input where positive, else weight * input")
FUNCTION(prelu, "[floats] input!, weight",
         "input where positive, else weight * input; one weight, or one for each channel")
MAP(elu, "input, alpha: float = 1", "input where positive, else alpha * (exp(input) - 1)")
MAP(celu, "input, alpha: float = 1", "input where positive, else alpha * (exp(input / alpha) - 1)")
MAP(selu, "input", "elu scaled so that mean 0 and variance 1 persist")
MAP(silu, "input", "input * sigmoid(input)")
MAP(mish, "input", "input * tanh(softplus(input))")
MAP(softplus, "input, beta: float = 1, threshold: float = 20",
    "log(1 + exp(beta * input)) / beta, and input where beta * input is above the threshold")
MAP(log_sigmoid, "log_sigmoid|logsigmoid(input)", "log(sigmoid(input)) without overflow")
MAP(softsign, "input", "input / (1 + |input|)")
MAP(tanhshrink, "input", "input - tanh(input)")
MAP(softshrink, "input, lambd: float = 0.5", "input moved towards 0 by lambd, and 0 within")
MAP(hardshrink, "input, lambd: float = 0.5", "input, and 0 within lambd of 0")
MAP(hardsigmoid, "input", "input / 6 + 1 / 2 between 0 and 1")
MAP(hardswish, "input", "input * hardsigmoid(input)")

// -- terms of losses
MAP(squared_difference, "input, other", "(input - other) ** 2")
MAP(absolute_difference, "input, other", "|input - other|")
MAP(huber, "huber(input, other, delta: float)", "Half the squared difference; beyond delta its tangent")
MAP(smooth_l1, "input, other, beta: float", "huber / beta; for beta 0 the absolute difference")
MAP(bce, "input, target",
    "-log of the probability that input gives to target; the logarithm no lower than -100")
MAP(bce_with_logits, "input, target, pos_weight", "bce of sigmoid(input), positive targets times pos_weight")
MAP(kl_term, "input, target", "target * (log(target) - input) for log-probabilities input")
MAP(kl_term_of_log, "input, target", "exp(target) * (target - input) for two log-probabilities")
MAP(soft_margin, "input, target", "log(1 + exp(-input * target))")

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
VIEW(diagonal, "input, offset: int = 0, dim1: int = 0, dim2: int = 1",
     "The elements where dim1 and dim2 run together, as the last dimension")
VIEW(unfold, "input, dimension: int, size: int, step: int",
     "Every window of the size along the dimension, as a new last dimension")
FUNCTION(matrix_transpose, "input", "The last two dimensions swapped")
FUNCTION(movedim, "input, source: ints, destination: ints", "Dimensions moved to other places")
FUNCTION(moveaxis, "input, source: ints, destination: ints", "movedim")
FUNCTION(swapaxes, "input, axis0: int, axis1: int", "transpose")
FUNCTION(swapdims, "input, dim0: int, dim1: int", "transpose")
FUNCTION(t, "input", "A matrix transposed; vectors and numbers as they are")
FUNCTION(narrow, "input, dim: int, start: int, length: int", "length slices of dim, from start on")
FUNCTION(flatten, "input, start_dim: int = 0, end_dim: int = -1", "The dimensions between merged into one")
FUNCTION(unflatten, "input, dim: int, sizes: ints", "One dimension cut into several")
FUNCTION(ravel, "input", "All elements as one contiguous dimension")
FUNCTION(view_as, "input, other", "view in other's shape")
FUNCTION(reshape_as, "input, other", "reshape to other's shape")
FUNCTION(expand_as, "input, other", "expand to other's shape")
FUNCTION(broadcast_to, "input, size: ints", "expand")
FUNCTION(broadcast_tensors, "tensors: tensors -> tensors", "Each expanded to the shape they broadcast to")
FUNCTION(atleast_1d, "input", "With dimensions of size 1 where it has fewer than 1")
FUNCTION(atleast_2d, "input", "With dimensions of size 1 where it has fewer than 2")
FUNCTION(atleast_3d, "input", "With dimensions of size 1 where it has fewer than 3")
FUNCTION(split, "input, split_size: int, dim: int = 0 -> tensors", "Views of split_size slices each")
FUNCTION(split_sizes, "split(input, split_size: ints, dim: int = 0) -> tensors", "Views of these sizes")
FUNCTION(chunk, "input, chunks: int, dim: int = 0 -> tensors", "At most so many views of equal size")
FUNCTION(tensor_split, "input, sections: int, dim: int = 0 -> tensors",
         "So many views, of sizes that differ by at most 1")
FUNCTION(tensor_split_indices, "tensor_split(input, indices: ints, dim: int = 0) -> tensors",
         "The views between these places")
FUNCTION(unbind, "input, dim: int = 0 -> tensors", "Every slice along dim")

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
OP(fill, "input!, value", "Every element value")
COMPOSITE(zero, "input!", "Every element 0")
FUNCTION(type_as, "input, other", "The values cast to other's dtype")
FUNCTION(zeros, "size: ints, *, dtype: dtype? = None", "A tensor of zeros")
FUNCTION(ones, "size: ints, *, dtype: dtype? = None", "A tensor of ones")
FUNCTION(empty, "size: ints, *, dtype: dtype? = None", "A tensor to be filled; its elements are 0 until then")
FUNCTION(zeros_like, "input, *, dtype: dtype? = None", "Zeros in input's shape and dtype")
FUNCTION(ones_like, "input, *, dtype: dtype? = None", "Ones in input's shape and dtype")
FUNCTION(empty_like, "input, *, dtype: dtype? = None", "A tensor to be filled, in input's shape and dtype")
FUNCTION(full_like, "input, fill_value, *, dtype: dtype? = None", "One value in input's shape and dtype")
FUNCTION(new_zeros, "input, size: ints, *, dtype: dtype? = None", "Zeros in input's dtype")
FUNCTION(new_ones, "input, size: ints, *, dtype: dtype? = None", "Ones in input's dtype")
FUNCTION(new_empty, "input, size: ints, *, dtype: dtype? = None", "A tensor to be filled, in input's dtype")
FUNCTION(new_full, "input, size: ints, fill_value, *, dtype: dtype? = None", "One value in input's dtype")
FUNCTION(scalar_tensor, "s, *, dtype: dtype? = None", "A 0-dimensional tensor")
OP(sequence, "[numbers] start, step, count: int, dtype: dtype", "count numbers from start on, step apart")
FUNCTION(arange, "[numbers] end, *, dtype: dtype? = None", "The whole numbers from 0 up to end, without it")
FUNCTION(arange_from, "[numbers] arange(start, end, step: tensor? = None, *, dtype: dtype? = None)",
         "The numbers from start up to end, without it, step (1) apart")
FUNCTION(linspace, "[floats] start: float, end: float, steps: int, *, dtype: dtype? = None",
         "steps evenly spaced numbers from start to end, both included")
FUNCTION(logspace,
         "[floats] start: float, end: float, steps: int, base: float = 10.0, *, dtype: dtype? = None",
         "base to the power of evenly spaced exponents")
FUNCTION(eye, "n: int, m: int? = None, *, dtype: dtype? = None",
         "Ones on the diagonal of n rows and m columns")
FUNCTION(tril_indices, "[integers] row: int, col: int, offset: int = 0, *, dtype: dtype? = None",
         "Rows and columns of the lower triangle")
FUNCTION(triu_indices, "[integers] row: int, col: int, offset: int = 0, *, dtype: dtype? = None",
         "Rows and columns of the upper triangle")

// -- joining and repeating
OP(cat, "tensors: tensors, dim: int = 0", "Tensors one after the other along dim")
FUNCTION(concat, "tensors: tensors, dim: int = 0", "cat")
FUNCTION(concatenate, "tensors: tensors, dim: int = 0", "cat")
FUNCTION(stack, "tensors: tensors, dim: int = 0", "Tensors of one shape along a new dimension")
FUNCTION(hstack, "tensors: tensors",
         "Tensors side by side: along the second dimension, vectors along the first")
FUNCTION(vstack, "tensors: tensors", "Tensors on top of each other; vectors are rows")
FUNCTION(dstack, "tensors: tensors", "Tensors behind each other, along the third dimension")
FUNCTION(column_stack, "tensors: tensors", "Tensors side by side; vectors are columns")
FUNCTION(repeat, "input, repeats: ints", "The whole tensor so many times along each dimension")
FUNCTION(tile, "input, dims: ints", "repeat, where missing numbers in front are 1")
FUNCTION(repeat_interleave, "input, repeats: int, dim: int? = None, *, output_size: int? = None",
         "Each slice along dim so many times in a row")
FUNCTION(repeat_interleave_each,
         "repeat_interleave(input, repeats, dim: int? = None, *, output_size: int? = None)",
         "Each slice along dim as often as its own number in repeats says")
FUNCTION(roll, "input, shifts: ints, dims: ints? = None",
         "Slices moved on; those that fall off come back in front")
FUNCTION(flip, "input, dims: ints", "A copy with these dimensions reversed")
FUNCTION(fliplr, "input", "A copy with the second dimension reversed")
FUNCTION(flipud, "input", "A copy with the first dimension reversed")
FUNCTION(rot90, "input, k: int = 1, dims: ints? = None",
         "k quarter turns from the first towards the second of dims")
FUNCTION(meshgrid, "tensors: tensors, *, indexing: str = \"ij\" -> tensors",
         "The coordinates of a grid: each vector along its own dimension")
FUNCTION(cartesian_prod, "tensors: tensors", "All combinations of the vectors' elements, one in each row")
FUNCTION(block_diag, "tensors: tensors", "Matrices along the diagonal of a larger one")
COMPOSITE(tril, "input!, diagonal: int = 0", "The lower triangle; the rest is 0")
COMPOSITE(triu, "input!, diagonal: int = 0", "The upper triangle; the rest is 0")
FUNCTION(diag, "input, diagonal: int = 0",
         "A vector as a matrix's diagonal, or a matrix's diagonal as a vector")
FUNCTION(diag_embed, "input, offset: int = 0, dim1: int = -2, dim2: int = -1",
         "The last dimension as a diagonal")
FUNCTION(diagflat, "input, offset: int = 0", "All elements as the diagonal of a matrix")
FUNCTION(select_scatter, "input, src, dim: int, index: int", "A copy whose select(dim, index) is src")
FUNCTION(slice_scatter, "input, src, dim: int = 0, start: int? = None, end: int? = None, step: int = 1",
         "A copy whose slice is src")
FUNCTION(diagonal_scatter, "input, src, offset: int = 0, dim1: int = 0, dim2: int = 1",
         "A copy whose diagonal is src")

// -- reductions
OP(sum, "input, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
   "The sum over the dimensions")
OP(prod, "input, dim: int? = None, keepdim: bool = False, *, dtype: dtype? = None",
   "The product of all elements, or along dim")
OP(any, "input, dim: ints? = None, keepdim: bool = False", "Whether any element is true (not zero)")
OP(all, "input, dim: ints? = None, keepdim: bool = False", "Whether all elements are true (not zero)")
COMPOSITE(mean, "[floats] input, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
          "The mean over the dimensions")
COMPOSITE(var,
          "[floats] input, dim: ints? = None, unbiased: bool? = None, keepdim: bool = False, *, correction: "
          "float? = 1",
          "The mean square distance from the mean, the count lessened by correction")
COMPOSITE(std,
          "[floats] input, dim: ints? = None, unbiased: bool? = None, keepdim: bool = False, *, correction: "
          "float? = 1",
          "The root of var")
FUNCTION(var_mean,
         "[floats] input, dim: ints? = None, unbiased: bool? = None, keepdim: bool = False, *, correction: "
         "float? = 1 "
         "-> var, mean",
         "var and mean")
FUNCTION(std_mean,
         "[floats] input, dim: ints? = None, unbiased: bool? = None, keepdim: bool = False, *, correction: "
         "float? = 1 "
         "-> std, mean",
         "std and mean")
FUNCTION(count_nonzero, "input, dim: ints? = None", "How many elements are not zero")
FUNCTION(nansum, "input, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
         "The sum of what is not NaN")
FUNCTION(nanmean, "[floats] input, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
         "The mean of what is not NaN")
COMPOSITE(logsumexp, "input, dim: ints, keepdim: bool = False", "log(sum(exp(input))) without overflow")
COMPOSITE(vector_norm,
          "[floats] input, ord: float = 2, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
          "(sum |input|^ord)^(1 / ord); the largest |input| for inf, how many are not zero for 0")
FUNCTION(norm,
         "[floats] input, p: float? = 2, dim: ints? = None, keepdim: bool = False, *, dtype: dtype? = None",
         "vector_norm of order p")

// -- extremes
OP(amax, "input, dim: ints? = None, keepdim: bool = False", "The largest; equal ones share the gradient")
OP(amin, "input, dim: ints? = None, keepdim: bool = False", "The smallest; equal ones share the gradient")
FUNCTION(aminmax, "input, *, dim: int? = None, keepdim: bool = False -> min, max", "amin and amax")
FUNCTION(max, "input", "The largest element; equal ones share the gradient")
FUNCTION(min, "input", "The smallest element; equal ones share the gradient")
FUNCTION(max_other, "max(input, other)", "maximum")
FUNCTION(min_other, "min(input, other)", "minimum")
OP(max_dim, "max(input, dim: int, keepdim: bool = False) -> values, indices",
   "The largest along dim and where it is first")
OP(min_dim, "min(input, dim: int, keepdim: bool = False) -> values, indices",
   "The smallest along dim and where it is first")
OP(argmax, "[numbers] input, dim: int? = None, keepdim: bool = False",
   "Where the largest is first, along dim or in row-major order")
OP(argmin, "[numbers] input, dim: int? = None, keepdim: bool = False",
   "Where the smallest is first, along dim or in row-major order")

// -- order statistics: NaN is above all numbers
COMPOSITE(median, "input",
          "The middle element, the lower of two; NaN if any is. Equal ones share the gradient")
OP(median_dim, "median(input, dim: int, keepdim: bool = False) -> values, indices",
   "The middle element along dim, the lower of two, and where it is; NaN if any is")
COMPOSITE(nanmedian, "input", "The middle of the elements that are not NaN. Equal ones share the gradient")
OP(nanmedian_dim, "nanmedian(input, dim: int, keepdim: bool = False) -> values, indices",
   "The middle along dim of what is not NaN, and where it is")
OP(mode, "input, dim: int = -1, keepdim: bool = False -> values, indices",
   "The most frequent value along dim, the smallest of several, and where it is last")
OP(kthvalue, "input, k: int, dim: int = -1, keepdim: bool = False -> values, indices",
   "The k-th smallest along dim, counted from 1, and where it is")
FUNCTION(
    quantile,
    "[float32, float64] input, q, dim: int? = None, keepdim: bool = False, *, interpolation: str = "
    "\"linear\"",
    "What a share of q of the elements lies below; between two neighbours interpolation says what: linear, "
    "lower, higher, nearest or midpoint")
FUNCTION(nanquantile,
         "[float32, float64] input, q, dim: int? = None, keepdim: bool = False, *, interpolation: str = "
         "\"linear\"",
         "The quantile of the elements that are not NaN")
OP(histc, "[floats] input, bins: int = 100, min: float = 0, max: float = 0",
   "How many elements fall into each of the equal bins from min to max; for min = max those of the elements")
FUNCTION(bincount, "input, weights: tensor? = None, minlength: int = 0",
         "How often each whole number from 0 on occurs, or the sum of its weights")

// -- scans
OP(cumsum, "input!, dim: int, *, dtype: dtype? = None", "The sums of the elements up to each, along dim")
OP(cumprod, "input!, dim: int, *, dtype: dtype? = None", "The products of the elements up to each, along dim")
OP(logcumsumexp, "[floats] input, dim: int", "log(cumsum(exp(input))) without overflow")
OP(cummax, "input, dim: int -> values, indices", "The largest up to each element and where it is last")
OP(cummin, "input, dim: int -> values, indices", "The smallest up to each element and where it is last")
FUNCTION(cumulative_sum, "input, *, dim: int? = None, dtype: dtype? = None, include_initial: bool = False",
         "cumsum; a vector needs no dim, and include_initial puts a 0 in front")
FUNCTION(cumulative_prod, "input, *, dim: int? = None, dtype: dtype? = None, include_initial: bool = False",
         "cumprod; a vector needs no dim, and include_initial puts a 1 in front")
FUNCTION(diff, "input, n: int = 1, dim: int = -1, prepend: tensor? = None, append: tensor? = None",
         "The n-th differences of neighbours along dim; of bools, whether they differ")
OP(linear_recurrence, "[numbers] input, factor, dim: int, *, reverse: bool = False",
   "y[i] = input[i] + factor[i - 1] * y[i - 1] along dim; reversed y[i] = input[i] + factor[i] * y[i + 1]")

// -- sorting
OP(sort, "input, dim: int = -1, descending: bool = False, *, stable: bool = False -> values, indices",
   "The elements along dim in order, and where they were; always stable, NaN above all numbers")
FUNCTION(argsort, "input, dim: int = -1, descending: bool = False, *, stable: bool = False",
         "Where the sorted elements were")
FUNCTION(msort, "input", "Sorted along the first dimension")
OP(topk,
   "[numbers] input, k: int, dim: int = -1, largest: bool = True, sorted: bool = True -> values, indices",
   "The k largest (smallest) along dim, in order, and where they were")

OP(argsort_rows, "input", "The order of a matrix's rows, compared element by element from the left")
FUNCTION(unique,
         "input, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int? = "
         "None -> output, inverse_indices if return_inverse, counts if return_counts",
         "Every value (slice along dim) once, in order; where each element went; how often each occurs")
FUNCTION(unique_consecutive,
         "input, return_inverse: bool = False, return_counts: bool = False, dim: int? = None -> output, "
         "inverse_indices if return_inverse, counts if return_counts",
         "The first of every run of equal neighbours; where each element went; how long each run is")
FUNCTION(unique_all, "input -> values, indices, inverse_indices, counts",
         "Every value once, where it is first, where each element went, how often each occurs")
FUNCTION(unique_counts, "input -> values, counts", "Every value once, and how often it occurs")
FUNCTION(unique_inverse, "input -> values, inverse_indices", "Every value once, and where each element went")
FUNCTION(unique_values, "input", "Every value once")
OP(searchsorted,
   "sorted_sequence, input, *, out_int32: bool = False, right: bool = False, side: str? = None, sorter: "
   "tensor? = None",
   "Where in the sorted sequence (of the same row) each element would go: before equal ones, or behind them "
   "if "
   "right")
FUNCTION(bucketize, "input, boundaries, *, out_int32: bool = False, right: bool = False",
         "How many of the sorted boundaries are below each element")
FUNCTION(isin, "elements, test_elements, *, assume_unique: bool = False, invert: bool = False",
         "Whether each element is one of the test elements; invert: whether it is none")

// -- products
OP(matmul, "[numbers] input, other", "The matrix product, batched and broadcast over leading dimensions")
COMPOSITE(linear, "[numbers] input, weight, bias: tensor? = None, *, residual: tensor? = None",
          "input @ weight.T + bias + residual")
OP(linear_packed,
   "[float32, float16, bfloat16] input, weight, out_features: int, *, scale: tensor? = None, bias: tensor? = "
   "None",
   "linear with a weight from pack_linear, or from pack_linear_int8 with its scale; it has no gradient")
FUNCTION(pack_linear, "[floats] weight, *, dtype: dtype? = None",
         "A weight (out, in) as linear_packed reads it: panels of 16 outputs, input after input")
FUNCTION(pack_linear_int8, "[floats] weight, *, group_size: int? = None -> weight, scale",
         "pack_linear in int8, with one scale for each output and group of inputs; None is one group")
FUNCTION(mm, "[numbers] input, mat2", "The product of two matrices")
FUNCTION(bmm, "[numbers] input, mat2", "The products of two batches of matrices")
FUNCTION(mv, "[numbers] input, vec", "A matrix times a vector")
FUNCTION(dot, "[numbers] input, tensor", "The sum of the products of two vectors' elements")
FUNCTION(vdot, "[numbers] input, other", "dot; complex numbers, where there are any, conjugated")
FUNCTION(inner, "input, other", "The sums of products over the last dimension of both")
FUNCTION(outer, "outer|ger(input, vec2)", "Every element of one vector times every element of the other")
FUNCTION(addmm, "[numbers] input!, mat1, mat2, *, beta: float = 1, alpha: float = 1",
         "beta * input + alpha * mat1 @ mat2; for beta 0 input is ignored")
FUNCTION(addmv, "[numbers] input!, mat, vec, *, beta: float = 1, alpha: float = 1",
         "beta * input + alpha * mat @ vec")
FUNCTION(addr, "input!, vec1, vec2, *, beta: float = 1, alpha: float = 1",
         "beta * input + alpha * outer(vec1, vec2)")
FUNCTION(baddbmm, "[numbers] input!, batch1, batch2, *, beta: float = 1, alpha: float = 1",
         "beta * input + alpha * bmm(batch1, batch2)")
FUNCTION(addbmm, "[numbers] input!, batch1, batch2, *, beta: float = 1, alpha: float = 1",
         "beta * input + alpha * the sum of the batch's products")
FUNCTION(bilinear, "[numbers] input1, input2, weight, bias: tensor? = None",
         "input1 @ weight[o] @ input2 for every output o, + bias")
FUNCTION(kron, "input, other", "Every element of input times all of other, block by block")
FUNCTION(linalg_trace, "[numbers] linalg_trace|trace(input)", "The sum of a matrix's diagonal")
FUNCTION(linalg_vecdot, "[numbers] linalg_vecdot|vecdot(x, y, *, dim: int = -1)",
         "The sums of products along dim; shapes broadcast")
FUNCTION(renorm, "[floats] input!, p: float, dim: int, maxnorm: float",
         "Each slice along dim scaled down to a p-norm of maxnorm, where it is longer")
FUNCTION(cross, "[numbers] input, other, dim: int? = None",
         "The cross product along dim; None is the first dimension of size 3")
FUNCTION(linalg_cross, "[numbers] input, other, *, dim: int = -1", "The cross product along dim")
FUNCTION(einsum, "equation: str, operands: tensors",
         "Sums of products in Einstein's notation: \"ij,jk->ik\" is the matrix product")
FUNCTION(tensordot, "[numbers] a, b, dims: int = 2",
         "Sums of products over the last dims dimensions of a and the first of b")
FUNCTION(tensordot_dims, "[numbers] tensordot(a, b, dims_a: ints, dims_b: ints)",
         "Sums of products over dimensions of a paired with dimensions of b")
FUNCTION(linalg_multi_dot, "[numbers] tensors: tensors",
         "The product of a chain of matrices, in the cheapest order")
FUNCTION(matrix_power, "matrix_power|linalg_matrix_power(input, n: int)",
         "The product of n copies of a matrix; of its inverse for n < 0")

// -- linear algebra: of matrices, in batches over the leading dimensions
OP(inverse, "[float32, float64] inverse|linalg_inv(input)", "The inverse")
OP(linalg_det, "[float32, float64] det|linalg_det(input)", "The determinant")
OP(linalg_slogdet, "[float32, float64] slogdet|linalg_slogdet(input) -> sign, logabsdet",
   "The determinant's sign and the logarithm of its size")
FUNCTION(logdet, "[float32, float64] input", "The logarithm of the determinant; NaN where it is negative")
OP(linalg_solve, "[float32, float64] A, B, *, left: bool = True",
   "X such that A @ X = B; X @ A = B for left = False")
OP(linalg_solve_triangular,
   "[float32, float64] input, B, *, upper: bool, left: bool = True, unitriangular: bool = False",
   "X such that input @ X = B, of input the upper or lower triangle only; unitriangular: its diagonal counts "
   "as 1")
OP(linalg_cholesky, "[float32, float64] linalg_cholesky(input, *, upper: bool = False)",
   "L, lower triangular, such that L @ L.T is input, which is symmetric and positive definite; L.T if upper")
FUNCTION(cholesky, "[float32, float64] input, upper: bool = False", "linalg_cholesky")
FUNCTION(cholesky_solve, "[float32, float64] input, input2, upper: bool = False",
         "X such that L @ L.T @ X = input, where L is input2; L.T @ L if upper")
OP(linalg_qr, "[float32, float64] A, mode: str = \"reduced\" -> Q, R",
   "Q, with orthonormal columns, and R, upper triangular, such that Q @ R is A; mode is reduced, complete or "
   "r")
FUNCTION(qr, "[float32, float64] input, some: bool = True -> Q, R", "linalg_qr, reduced or complete")

// -- recurrent nets: weights as PyTorch packs them, the gates one below the other
FUNCTION(lstm_cell,
         "[numbers] input, hx: tensors, w_ih, w_hh, b_ih: tensor? = None, b_hh: tensor? = None -> h, c",
         "One step of an LSTM from hx = (h, c)")
FUNCTION(gru_cell, "[numbers] input, hx, w_ih, w_hh, b_ih: tensor? = None, b_hh: tensor? = None",
         "One step of a GRU")
FUNCTION(rnn_tanh_cell, "[numbers] input, hx, w_ih, w_hh, b_ih: tensor? = None, b_hh: tensor? = None",
         "tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)")
FUNCTION(rnn_relu_cell, "[numbers] input, hx, w_ih, w_hh, b_ih: tensor? = None, b_hh: tensor? = None",
         "relu(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)")
FUNCTION(lstm,
         "[floats] input, h_0, c_0, params: tensors, has_biases: bool, num_layers: int, dropout: float, "
         "train: bool, "
         "bidirectional: bool, batch_first: bool -> output, h_n, c_n",
         "Layers of LSTM over sequences; params are w_ih, w_hh, b_ih, b_hh of each layer and direction")
FUNCTION(
    gru,
    "[floats] input, hx, params: tensors, has_biases: bool, num_layers: int, dropout: float, train: bool, "
    "bidirectional: bool, batch_first: bool -> output, h_n",
    "Layers of GRU over sequences")
FUNCTION(
    rnn_tanh,
    "[floats] input, hx, params: tensors, has_biases: bool, num_layers: int, dropout: float, train: bool, "
    "bidirectional: bool, batch_first: bool -> output, h_n",
    "Layers of rnn_tanh_cell over sequences")
FUNCTION(
    rnn_relu,
    "[numbers] input, hx, params: tensors, has_biases: bool, num_layers: int, dropout: float, train: bool, "
    "bidirectional: bool, batch_first: bool -> output, h_n",
    "Layers of rnn_relu_cell over sequences")

// -- indexing
OP(index, "input, indices: tensors",
   "Elements picked by index tensors; an undefined one takes its whole dimension")
OP(index_put, "input!, indices: tensors, values, accumulate: bool = False",
   "input with values written at the indices")
OP(gather, "input, dim: int, index", "result[i][j] = input[i][index[i][j]] for dim 1")
OP(scatter, "input!, dim: int, index, src, *, reduce: str? = None",
   "input with src written where index says; reduce may be add or multiply")
OP(scatter_value, "scatter(input!, dim: int, index, value: float, *, reduce: str? = None)",
   "input with a number written where index says")
OP(scatter_add, "input!, dim: int, index, src", "input with src added where index says")
OP(scatter_reduce, "input!, dim: int, index, src, reduce: str, *, include_self: bool = True",
   "input with src put in by sum, prod, mean, amax or amin where index says")
OP(index_select, "input, dim: int, index", "The slices along dim that index names")
OP(index_add, "input!, dim: int, index, source, *, alpha: float = 1",
   "input with alpha * source added to the slices that index names")
OP(index_copy, "input!, dim: int, index, source",
   "input with source written over the slices that index names")
OP(index_fill, "input!, dim: int, index, value", "input with value in the slices that index names")
COMPOSITE(embedding, "input, weight, padding_idx: int? = None",
          "The row of weight for each index; the padding row is not learned")
COMPOSITE(masked_fill, "input!, mask, value", "value where mask is true, else input")
OP(masked_scatter, "input!, mask, source", "The elements of source one by one where mask is true, else input")
OP(nonzero_positions, "input, count: int",
   "Row-major positions of the first count elements that are not zero")
FUNCTION(nonzero, "input", "The indices of each element that is not zero, one row for each")
FUNCTION(nonzero_along, "nonzero(input, *, as_tuple: bool) -> tensors if as_tuple",
         "nonzero; as_tuple makes it one tensor of indices for each dimension")
FUNCTION(where_nonzero, "where(condition) -> tensors", "nonzero with as_tuple")
FUNCTION(argwhere, "input", "nonzero; of a number no index at all")
FUNCTION(masked_select, "input, mask", "The elements where mask is true, as a vector")
COMPOSITE(put, "input!, index, source, accumulate: bool = False",
          "input with source written (or added) at positions in the flattened tensor")
FUNCTION(take, "input, index", "The elements at positions in the flattened tensor")
FUNCTION(take_along_dim, "input, indices, dim: int? = None", "gather, where sizes broadcast")
FUNCTION(one_hot, "[int64] input, num_classes: int = -1", "A 1 at each class, as a new last dimension")

// -- random: the generator is read by random_key alone; what follows is a pure function of the key
OP(random_key, "count: int, *, generator: generator? = None", "Where the next count random numbers start")
OP(dropout_with_key, "[floats] input, key, p: float",
   "Zeroes each element with probability p and scales the rest by 1 / (1 - p)")
FUNCTION(dropout, "input, p: float = 0.5, training: bool = True, *, generator: generator? = None",
         "dropout_with_key with a fresh key while training, else input itself")
OP(uniform_with_key, "[floats] key, size: ints, dtype: dtype", "Uniform numbers in [0, 1)")
OP(normal_with_key, "[floats] key, size: ints, dtype: dtype",
   "Numbers of mean 0 and variance 1, normally distributed")
OP(integers_with_key, "[numbers] key, size: ints, low: int, high: int, dtype: dtype",
   "Whole numbers from low up to high, without it")
OP(permutation_with_key, "[numbers] key, n: int", "The whole numbers below n in random order")
FUNCTION(rand, "[floats] size: ints, *, dtype: dtype? = None, generator: generator? = None",
         "Uniform numbers in [0, 1)")
FUNCTION(randn, "[floats] size: ints, *, dtype: dtype? = None, generator: generator? = None",
         "Numbers of mean 0 and variance 1, normally distributed")
FUNCTION(rand_like, "input, *, dtype: dtype? = None", "Uniform numbers in input's shape and dtype")
FUNCTION(randn_like, "input, *, dtype: dtype? = None",
         "Normally distributed numbers in input's shape and dtype")
FUNCTION(randint, "high: int, size: ints, *, dtype: dtype? = None, generator: generator? = None",
         "Whole numbers from 0 up to high, without it")
FUNCTION(randint_between,
         "randint(low: int, high: int, size: ints, *, dtype: dtype? = None, generator: generator? "
         "= None)",
         "Whole numbers from low up to high, without it")
FUNCTION(randperm, "[numbers] n: int, *, dtype: dtype? = None, generator: generator? = None",
         "The whole numbers below n in random order")
FUNCTION(uniform, "[floats] input!, from: float = 0, to: float = 1, *, generator: generator? = None",
         "Uniform numbers in input's shape and dtype")
FUNCTION(exponential, "[floats] input!, lambd: float = 1, *, generator: generator? = None",
         "Exponentially distributed numbers in input's shape and dtype")
FUNCTION(cauchy, "[floats] input!, median: float = 0, sigma: float = 1, *, generator: generator? = None",
         "Numbers of a Cauchy distribution in input's shape and dtype")
FUNCTION(log_normal, "[floats] input!, mean: float = 1, std: float = 2, *, generator: generator? = None",
         "Numbers whose logarithms have this mean and standard deviation, in input's shape and dtype")
FUNCTION(geometric, "input!, p: float, *, generator: generator? = None",
         "How many throws of probability p it takes until the first success, in input's shape and dtype")
FUNCTION(bernoulli, "[floats] input, *, generator: generator? = None",
         "1 with the probabilities of input, else 0")
FUNCTION(bernoulli_of, "bernoulli(input!, p: float, *, generator: generator? = None)",
         "1 with probability p, else 0, in input's shape and dtype")
FUNCTION(normal, "[floats] mean, std, *, generator: generator? = None",
         "Normally distributed numbers, each with its own mean and standard deviation")
FUNCTION(normal_mean, "[floats] normal(mean, *, generator: generator? = None)",
         "Normally distributed numbers, each with its own mean, of standard deviation 1")
FUNCTION(normal_sized,
         "[floats] normal(mean: float, std: float, size: ints, *, dtype: dtype? = None, generator: "
         "generator? = None)",
         "Normally distributed numbers")
FUNCTION(
    normal_fill,
    "[floats] normal_fill|normal_(input!, mean: float = 0, std: float = 1, *, generator: generator? = None)",
    "Normally distributed numbers in input's shape and dtype")
FUNCTION(random_fill, "random_fill|random_(input!, *, generator: generator? = None)",
         "Whole numbers from 0 up, as large as input's dtype holds one by one")
FUNCTION(random_fill_below, "random_fill|random_(input!, to: int, *, generator: generator? = None)",
         "Whole numbers from 0 up to `to`, without it")
FUNCTION(random_fill_between,
         "random_fill|random_(input!, from: int, to: int?, *, generator: generator? = None)",
         "Whole numbers from `from` up to `to`, without it; None: as large as input's dtype holds")
OP(multinomial_with_key, "[floats] input, key, num_samples: int, replacement: bool",
   "Places drawn from each row with the probabilities that its numbers are in proportion to")
FUNCTION(multinomial,
         "[floats] input, num_samples: int, replacement: bool = False, *, generator: generator? = None",
         "multinomial_with_key with a fresh key")
FUNCTION(dropout1d, "[floats] input, p: float = 0.5, training: bool = True", "dropout of whole channels")
FUNCTION(dropout2d, "[floats] input, p: float = 0.5, training: bool = True", "dropout of whole channels")
FUNCTION(dropout3d, "[floats] input, p: float = 0.5, training: bool = True", "dropout of whole channels")
FUNCTION(alpha_dropout, "[floats] input, p: float = 0.5, training: bool = False",
         "dropout that keeps mean 0 and variance 1 behind selu")
FUNCTION(gumbel_softmax, "[floats] logits, tau: float = 1, hard: bool = False, dim: int = -1",
         "softmax of logits with noise: draws from the distribution, differentiable")

// -- losses and layers
COMPOSITE(softmax, "[floats] input, dim: int", "exp(input) along dim, scaled to sum to 1")
COMPOSITE(log_softmax, "[floats] input, dim: int", "The logarithm of softmax, without overflow")
COMPOSITE(
    layer_norm,
    "[floats] input, normalized_shape: ints, weight: tensor? = None, bias: tensor? = None, eps: float = 1e-5",
    "Each item scaled to mean 0 and variance 1 over its last dimensions")
COMPOSITE(rms_norm, "[floats] input, normalized_shape: ints, weight: tensor? = None, eps: float? = None",
          "Each item scaled to mean square 1 over its last dimensions")
COMPOSITE(
    channel_norm,
    "[floats] input, weight: tensor? = None, bias: tensor? = None, mean: tensor? = None, "
    "variance: tensor? = None, eps: float = 1e-5, relu: bool = False, max_pool: int = 1 "
    "-> output, mean, variance",
    "Each channel scaled to mean 0 and variance 1 by its own statistics over the batch or by those given, "
    "and what they are; relu sets what is then negative to 0, and of each max_pool x max_pool pixels the "
    "largest is kept")
COMPOSITE(
    cross_entropy,
    "[floats] input, target, weight: tensor? = None, *, ignore_index: int = -100, reduction: str = \"mean\", "
    "label_smoothing: float = 0",
    "How surprised the logits are by the class indices, or by the probabilities of the classes")
COMPOSITE(
    nll_loss,
    "[floats] input, target, weight: tensor? = None, *, ignore_index: int = -100, reduction: str = \"mean\"",
    "How surprised the log-probabilities are by the class indices")
COMPOSITE(
    attention,
    "[floats] query, key, value, mask: tensor? = None, dropout_key: tensor? = None, is_causal: bool = False, "
    "scale: float? = None, dropout_p: float = 0",
    "softmax(query @ key.T * scale + mask) @ value, heads of keys and values shared by those of queries; "
    "weights are dropped by the key")
COMPOSITE(self_attention, "[floats] qkv, *, is_causal: bool = False, scale: float? = None",
          "attention of queries, keys and values that one projection made, (..., tokens, 3, heads, size), as "
          "(..., tokens, heads, size)")
FUNCTION(
    scaled_dot_product_attention,
    "[floats] query, key, value, attn_mask: tensor? = None, dropout_p: float = 0, is_causal: bool = False, "
    "*, "
    "scale: float? = None, enable_gqa: bool = False",
    "attention with a mask (False hides, a number is added), dropout, and heads that share keys and values")
FUNCTION(softmax_in, "softmax(input, dim: int, dtype: dtype?)", "softmax of input cast to dtype")
FUNCTION(log_softmax_in, "log_softmax(input, dim: int, dtype: dtype?)", "log_softmax of input cast to dtype")
FUNCTION(softmin, "input, dim: int, dtype: dtype? = None", "softmax of -input")
FUNCTION(glu, "input, dim: int = -1", "The first half along dim times the sigmoid of the second")
FUNCTION(group_norm,
         "[floats] input, num_groups: int, weight: tensor? = None, bias: tensor? = None, eps: float = 1e-5",
         "Each group of channels of each item scaled to mean 0 and variance 1")
FUNCTION(
    batch_norm,
    "[floats] input, running_mean: tensor?, running_var: tensor?, weight: tensor? = None, bias: tensor? "
    "= None, "
    "training: bool = False, momentum: float = 0.1, eps: float = 1e-5, *, relu: bool = False, "
    "max_pool: int = 1",
    "Each channel scaled to mean 0 and variance 1 by the batch's statistics, which the running ones "
    "follow, or by the running ones; in the same pass, relu sets what is then negative to 0, and of each "
    "max_pool x max_pool pixels the largest is kept")
FUNCTION(instance_norm,
         "[floats] input, running_mean: tensor? = None, running_var: tensor? = None, weight: tensor? = None, "
         "bias: "
         "tensor? = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5",
         "Each channel of each item scaled to mean 0 and variance 1")
FUNCTION(mse_loss, "[numbers] input, target, *, reduction: str = \"mean\", weight: tensor? = None",
         "The squared difference")
FUNCTION(l1_loss, "[numbers] input, target, *, reduction: str = \"mean\", weight: tensor? = None",
         "The absolute difference")
FUNCTION(smooth_l1_loss, "[floats] input, target, *, reduction: str = \"mean\", beta: float = 1",
         "Half the squared difference over beta, and from beta on the absolute one")
FUNCTION(huber_loss, "[floats] input, target, reduction: str = \"mean\", delta: float = 1",
         "Half the squared difference, and from delta on delta times the absolute one")
FUNCTION(binary_cross_entropy, "[floats] input, target, weight: tensor? = None, *, reduction: str = \"mean\"",
         "How surprised the probabilities are by the targets")
FUNCTION(binary_cross_entropy_with_logits,
         "input, target, weight: tensor? = None, *, reduction: str = \"mean\", pos_weight: tensor? = None",
         "binary_cross_entropy of sigmoid(input)")
FUNCTION(kl_div, "[floats] input, target, *, reduction: str = \"mean\", log_target: bool = False",
         "The divergence of the log-probabilities from the target")
FUNCTION(soft_margin_loss, "[floats] input, target, *, reduction: str = \"mean\"",
         "log(1 + exp(-input * target)) for targets 1 and -1")
FUNCTION(hinge_embedding_loss, "[floats] input, target, margin: float = 1, *, reduction: str = \"mean\"",
         "input where target is 1, and what it lacks of the margin where target is -1")
FUNCTION(margin_ranking_loss,
         "[floats] input1, input2, target, margin: float = 0, *, reduction: str = \"mean\"",
         "How far input1 is from being above input2 (target 1), or below it (-1), by the margin")
FUNCTION(cosine_embedding_loss, "input1, input2, target, margin: float = 0, *, reduction: str = \"mean\"",
         "1 - cosine where target is 1, and the cosine above the margin where target is -1")
FUNCTION(triplet_margin_loss,
         "[floats] anchor, positive, negative, margin: float = 1, p: float = 2, eps: float = 1e-6, swap: "
         "bool = False, "
         "*, reduction: str = \"mean\"",
         "How much farther the positive is from the anchor than the negative, with the margin")
FUNCTION(normalize, "[floats] input, p: float = 2, dim: int = 1, eps: float = 1e-12",
         "Vectors along dim divided by their p-norm")
FUNCTION(pairwise_distance, "[floats] x1, x2, p: float = 2, eps: float = 1e-6, keepdim: bool = False",
         "The p-norm of x1 - x2 + eps along the last dimension")
FUNCTION(cdist, "[floats] x1, x2, p: float = 2", "The p-norm distance of every row of x1 to every row of x2")
FUNCTION(cosine_similarity, "x1, x2, dim: int = 1, eps: float = 1e-8",
         "The cosine of the angle between vectors along dim")

// -- images
OP(convolution,
   "[numbers] input, weight, bias: tensor?, stride: ints, padding: ints, dilation: ints, transposed: bool, "
   "output_padding: "
   "ints, groups: int",
   "A window of weights over an image of any spatial rank; transposed: spread by it")
OP(convolution_weight_gradient,
   "[numbers] input, grad, kernel_size: ints, stride: ints, padding: ints, dilation: ints, groups: int",
   "The gradient of a convolution's weight")
FUNCTION(
    conv1d,
    "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, dilation: ints = 1, "
    "groups: int = 1",
    "A window of weights over sequences")
FUNCTION(conv1d_named,
         "[numbers] conv1d(input, weight, bias: tensor? = None, stride: ints = 1, padding: str, dilation: "
         "ints = 1, "
         "groups: int "
         "= 1)",
         "The same; padding \"same\" keeps the size, \"valid\" is none")
FUNCTION(
    conv2d,
    "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, dilation: ints = 1, "
    "groups: int = 1",
    "A window of weights over images")
FUNCTION(conv2d_named,
         "[numbers] conv2d(input, weight, bias: tensor? = None, stride: ints = 1, padding: str, dilation: "
         "ints = 1, "
         "groups: int "
         "= 1)",
         "The same; padding \"same\" keeps the size, \"valid\" is none")
FUNCTION(
    conv3d,
    "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, dilation: ints = 1, "
    "groups: int = 1",
    "A window of weights over volumes")
FUNCTION(conv3d_named,
         "[numbers] conv3d(input, weight, bias: tensor? = None, stride: ints = 1, padding: str, dilation: "
         "ints = 1, "
         "groups: int "
         "= 1)",
         "The same; padding \"same\" keeps the size, \"valid\" is none")
FUNCTION(conv_transpose1d,
         "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, "
         "output_padding: ints = "
         "0, groups: "
         "int = 1, dilation: ints = 1",
         "What takes gradients back through conv1d, as a layer")
FUNCTION(conv_transpose2d,
         "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, "
         "output_padding: ints = "
         "0, groups: "
         "int = 1, dilation: ints = 1",
         "What takes gradients back through conv2d, as a layer")
FUNCTION(conv_transpose3d,
         "[numbers] input, weight, bias: tensor? = None, stride: ints = 1, padding: ints = 0, "
         "output_padding: ints = "
         "0, groups: "
         "int = 1, dilation: ints = 1",
         "What takes gradients back through conv3d, as a layer")
FUNCTION(pad, "input, pad: ints, mode: str = \"constant\", value: float? = None",
         "A frame around the last dimensions, the last one first: constant, reflect, replicate or circular")

// -- pooling: a window slides over each channel; no stride is the window's own size
OP(max_pool,
   "[numbers] input, kernel_size: ints, stride: ints, padding: ints, dilation: ints, ceil_mode: bool -> "
   "output, "
   "indices",
   "The largest in each window over an image of any spatial rank, and where in its channel it is")
OP(max_pool_gradient, "[floats] grad, indices, size: ints",
   "Every element of grad added up at its place in its channel, of an image of this spatial size")
OP(adaptive_max_pool, "[numbers] input, output_size: ints -> output, indices",
   "The largest in each of output_size parts of an image of any spatial rank, and where in its channel it is")
OP(avg_pool,
   "[numbers] input, kernel_size: ints, stride: ints, padding: ints, ceil_mode: bool, count_include_pad: "
   "bool, "
   "divisor_override: int?",
   "The mean of each window over an image of any spatial rank")
OP(avg_pool_gradient,
   "[floats] grad, size: ints, kernel_size: ints, stride: ints, padding: ints, ceil_mode: bool, "
   "count_include_pad: "
   "bool, divisor_override: int?",
   "What takes gradients back through avg_pool to an image of this spatial size")
FUNCTION(max_pool1d,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False",
         "The largest in each window over sequences")
FUNCTION(max_pool1d_with_indices,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False -> output, indices",
         "max_pool1d, and where in its channel each is")
FUNCTION(max_pool2d,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False",
         "The largest in each window over images")
FUNCTION(max_pool2d_with_indices,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False -> output, indices",
         "max_pool2d, and where in its channel each is")
FUNCTION(max_pool3d,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False",
         "The largest in each window over volumes")
FUNCTION(max_pool3d_with_indices,
         "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, dilation: ints = 1, "
         "ceil_mode: "
         "bool = False -> output, indices",
         "max_pool3d, and where in its channel each is")
FUNCTION(
    avg_pool1d,
    "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, ceil_mode: bool = False, "
    "count_include_pad: bool = True",
    "The mean of each window over sequences")
FUNCTION(
    avg_pool2d,
    "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, ceil_mode: bool = False, "
    "count_include_pad: bool = True, divisor_override: int? = None",
    "The mean of each window over images")
FUNCTION(
    avg_pool3d,
    "[numbers] input, kernel_size: ints, stride: ints? = None, padding: ints = 0, ceil_mode: bool = False, "
    "count_include_pad: bool = True, divisor_override: int? = None",
    "The mean of each window over volumes")
FUNCTION(adaptive_max_pool1d, "[numbers] input, output_size: int?s",
         "The largest in each of output_size parts of sequences; None keeps a size")
FUNCTION(adaptive_max_pool1d_with_indices, "[numbers] input, output_size: int?s -> output, indices",
         "adaptive_max_pool1d, and where in its channel each is")
FUNCTION(adaptive_max_pool2d, "[numbers] input, output_size: int?s",
         "The largest in each of output_size parts of images; None keeps a size")
FUNCTION(adaptive_max_pool2d_with_indices, "[numbers] input, output_size: int?s -> output, indices",
         "adaptive_max_pool2d, and where in its channel each is")
FUNCTION(adaptive_max_pool3d, "[numbers] input, output_size: int?s",
         "The largest in each of output_size parts of volumes; None keeps a size")
FUNCTION(adaptive_max_pool3d_with_indices, "[numbers] input, output_size: int?s -> output, indices",
         "adaptive_max_pool3d, and where in its channel each is")
FUNCTION(adaptive_avg_pool1d, "[floats] input, output_size: int?s",
         "The mean of each of output_size parts of sequences; None keeps a size")
FUNCTION(adaptive_avg_pool2d, "[floats] input, output_size: int?s",
         "The mean of each of output_size parts of images; None keeps a size")
FUNCTION(adaptive_avg_pool3d, "[floats] input, output_size: int?s",
         "The mean of each of output_size parts of volumes; None keeps a size")
FUNCTION(
    max_unpool1d,
    "input, indices, kernel_size: ints, stride: ints? = None, padding: ints = 0, output_size: ints? = None",
    "The elements put back to where max_pool1d found them, zeros elsewhere")
FUNCTION(
    max_unpool2d,
    "input, indices, kernel_size: ints, stride: ints? = None, padding: ints = 0, output_size: ints? = None",
    "The elements put back to where max_pool2d found them, zeros elsewhere")
FUNCTION(
    max_unpool3d,
    "input, indices, kernel_size: ints, stride: ints? = None, padding: ints = 0, output_size: ints? = None",
    "The elements put back to where max_pool3d found them, zeros elsewhere")
FUNCTION(lp_pool1d,
         "input, norm_type: float, kernel_size: ints, stride: ints? = None, ceil_mode: bool = False",
         "The norm of order norm_type of each window over sequences")
FUNCTION(lp_pool2d,
         "input, norm_type: float, kernel_size: ints, stride: ints? = None, ceil_mode: bool = False",
         "The norm of order norm_type of each window over images")

// -- windows as columns, sizes of images
OP(im2col, "input, kernel_size: ints, dilation: ints = 1, padding: ints = 0, stride: ints = 1",
   "Every window of an image as a column; torch.nn.functional.unfold")
OP(col2im,
   "col2im|fold(input, output_size: ints, kernel_size: ints, dilation: ints = 1, padding: ints = 0, stride: "
   "ints = 1)",
   "Columns added up into the image whose windows they are")
OP(resample,
   "input, size: ints, mode: str, align_corners: bool = False, antialias: bool = False, scale_factor: "
   "floats? = None",
   "An image of any spatial rank in another size; mode is nearest, nearest-exact, linear, cubic, lanczos or "
   "area")
OP(resample_gradient,
   "[floats] grad, size: ints, mode: str, align_corners: bool = False, antialias: bool = False, "
   "scale_factor: floats? "
   "= None",
   "What takes gradients back through resample to an image of this spatial size")
FUNCTION(
    interpolate,
    "interpolate|upsample(input, size: ints? = None, scale_factor: floats? = None, mode: str = \"nearest\", "
    "align_corners: bool? = None, recompute_scale_factor: bool? = None, antialias: bool = False)",
    "Sequences, images or volumes in another size; mode is nearest, nearest-exact, linear, bilinear, "
    "bicubic, lanczos, trilinear or area")
FUNCTION(pixel_shuffle, "input, upscale_factor: int", "Groups of channels as the pixels of a larger image")
FUNCTION(pixel_unshuffle, "input, downscale_factor: int", "Blocks of pixels as channels of a smaller image")
FUNCTION(channel_shuffle, "input, groups: int", "The channels of all groups in turn")

// -- optimizer steps: lists of equal length; the results replace params and states, and gradients are
// multiplied by the number grad_factor on the way
OP(adamw_step,
   "[floats] params!: tensors, grads: tensors, exp_avgs!: tensors, exp_avg_sqs!: tensors, step!, *, lr: "
   "slot, beta1: slot = 0.9, beta2: slot = 0.999, eps: float = 1e-8, weight_decay: float = 0.01, maximize: "
   "bool = False, grad_factor: tensor? = None",
   "One step of AdamW; step counts them")
OP(adamw_amsgrad_step,
   "[floats] adamw_step(params!: tensors, grads: tensors, exp_avgs!: tensors, exp_avg_sqs!: tensors, "
   "max_exp_avg_sqs!: tensors, step!, *, lr: slot, beta1: slot = 0.9, beta2: slot = 0.999, eps: float = "
   "1e-8, weight_decay: float = 0.01, maximize: bool = False, grad_factor: tensor? = None)",
   "One step of AdamW by the largest variance so far")
OP(adam_step,
   "[floats] params!: tensors, grads: tensors, exp_avgs!: tensors, exp_avg_sqs!: tensors, step!, *, lr: "
   "slot, beta1: slot = 0.9, beta2: slot = 0.999, eps: float = 1e-8, weight_decay: float = 0, maximize: bool "
   "= False, grad_factor: tensor? = None",
   "One step of Adam; step counts them, and the decay is added to the gradients")
OP(adam_amsgrad_step,
   "[floats] adam_step(params!: tensors, grads: tensors, exp_avgs!: tensors, exp_avg_sqs!: tensors, "
   "max_exp_avg_sqs!: tensors, step!, *, lr: slot, beta1: slot = 0.9, beta2: slot = 0.999, eps: float = "
   "1e-8, weight_decay: float = 0, maximize: bool = False, grad_factor: tensor? = None)",
   "One step of Adam by the largest variance so far")
OP(sgd_step,
   "[floats] params!: tensors, grads: tensors, *, lr: slot, weight_decay: float = 0, maximize: bool = False, "
   "grad_factor: tensor? = None",
   "One step down (up if maximize) the gradients")
OP(sgd_momentum_step,
   "[floats] sgd_step(params!: tensors, grads: tensors, momentum_buffers!: tensors, step!, *, lr: slot, "
   "momentum: slot, dampening: float = 0, weight_decay: float = 0, nesterov: bool = False, maximize: bool = "
   "False, grad_factor: tensor? = None)",
   "One step along the momentum, which the first step (step 0) sets to the gradients")

// -- gradient clipping
FUNCTION(get_total_norm, "[floats] tensors: tensors, norm_type: float = 2, error_if_nonfinite: bool = False",
         "The norm of all elements of all tensors together")
COMPOSITE(clip_grads_with_norm, "[floats] grads!: tensors, total_norm, max_norm: float",
          "Gradients scaled down by max_norm / total_norm where that is below 1")
COMPOSITE(clip_grad_value, "[floats] grads!: tensors, clip_value: float",
          "Gradients clamped between -clip_value and clip_value")
FUNCTION(
    clip_grad_norm,
    "[floats] grads: tensors, max_norm: float, norm_type: float = 2, error_if_nonfinite: bool = False",
    "Scales the gradients in place so that their total norm is no more than max_norm; returns what it was")

// -- comparisons of whole tensors
FUNCTION(allclose, "input, other, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False -> bool",
         "Whether all elements differ by no more than atol + rtol * |other|")
FUNCTION(equal, "input, other -> bool", "Whether shapes and all elements are the same")
FUNCTION(is_nonzero, "input -> bool", "Whether the one element is not zero")
