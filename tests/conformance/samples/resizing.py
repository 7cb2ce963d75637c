"""Images in another size, their windows as columns, pixels and channels that change places."""

import rushlight
import torch
import torch.nn.functional as F

import bridge
from call import EVERY_DTYPE, FLOATING, Array, Call
from judge import expect_equal
from registry import Bad, errors_of, law_of, samples_of
from samples.wrong import f32, i64, of

# Factors at which float32 and float64 agree on the nearest neighbour for the sizes drawn here.
FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
NAMES = {1: "linear", 2: "bilinear", 3: "trilinear"}


def _batch(draw):
    return [0 if draw.wish == "empty" else draw.integer(1, 2) if draw.smooth or draw.chance(0.95) else 0]


def _sizes(draw, rank, least=1):
    return [draw.integer(least, 6 if rank < 3 else 4) for _ in range(rank)]


def _image(draw, sizes, **options):
    return draw.tensor(_batch(draw) + [draw.integer(1, 3)] + sizes, **options)


# -- resample and interpolate


def _resample(input, size, mode, align_corners=False, antialias=False, scale_factor=None):
    """PyTorch's kernels take a size and the factors that led to it."""
    rank = input.dim() - 2
    if mode == "area":
        return getattr(F, f"adaptive_avg_pool{rank}d")(input, size)
    factors = scale_factor if scale_factor else [None] * rank
    name = {"nearest": "upsample_nearest{}d", "nearest-exact": "_upsample_nearest_exact{}d"}.get(mode)
    if name:
        return getattr(torch.ops.aten, name.format(rank))(input, size, *factors)
    name = f"upsample_{NAMES[rank]}{rank}d" if mode == "linear" else f"upsample_{_two_dimensional(mode)}2d"
    name = f"_{name}_aa" if antialias else name
    return getattr(torch.ops.aten, name)(input, size, align_corners, *factors)


def _two_dimensional(mode):
    return "bicubic" if mode == "cubic" else mode


def _mode(draw, rank):
    """A mode and its options."""
    modes = ["nearest", "nearest-exact", *["linear", "area"] * (draw.dtype in FLOATING)]
    if draw.dtype in FLOATING and rank == 2:
        modes += ["cubic", "lanczos"]
    if draw.dtype == "uint8" and rank == 2:
        modes = ["nearest", "linear", "cubic", "lanczos"]
    mode = draw.choice(*modes)
    smooths = mode in ("linear", "cubic")
    antialias = mode == "lanczos" or (smooths and rank == 2 and draw.boolean())
    return dict(mode=mode, align_corners=smooths and draw.boolean(), antialias=antialias)


def _wide_enough(options, size):
    """PyTorch goes wrong where antialias meets an image one element wide."""
    return size[:-1] + [max(size[-1], 2)] if options["antialias"] else size


def _factors(draw, options, sizes):
    """Factors, and the sizes that they lead to. To a size that stays PyTorch's `nearest` and its antialiasing take a
    short cut forward or backward only, and `nearest` to one that doubles; where the factor is 1 or 2, that is right."""
    factors = [draw.choice(*FACTORS) for _ in sizes]
    factors = [factor if int(size * factor) else 2.0 for size, factor in zip(sizes, factors)]
    if options["mode"] == "nearest" or options["antialias"]:
        exact = {1: 1.0, 2: 2.0}
        factors = [exact.get(int(s * f) / s, f) for s, f in zip(sizes, factors)]
    return factors, [int(size * factor) for size, factor in zip(sizes, factors)]


def _resized(draw, rank):
    """Two sizes, and how one becomes the other."""
    options = _mode(draw, rank)
    sizes = _wide_enough(options, _sizes(draw, rank))
    factors, wanted = _factors(draw, options, sizes)
    if draw.boolean() or wanted != _wide_enough(options, wanted):
        factors, wanted = None, _wide_enough(options, _sizes(draw, rank))
    return sizes, wanted, dict(options, scale_factor=factors)


@samples_of("resample", judge=_resample, dtypes=EVERY_DTYPE, units=128)
def _(draw):
    sizes, wanted, options = _resized(draw, draw.integer(1, 3))
    return Call(input=_image(draw, sizes), size=wanted, **options)


def _resample_gradient(grad, size, mode, align_corners=False, antialias=False, scale_factor=None):
    image = torch.zeros([*grad.shape[:2], *size], dtype=grad.dtype, requires_grad=True)
    with torch.enable_grad():
        out = _resample(image, list(grad.shape[2:]), mode, align_corners, antialias, scale_factor)
        return torch.autograd.grad(out, image, grad, create_graph=grad.requires_grad)[0]


@samples_of("resample_gradient", judge=_resample_gradient, dtypes=FLOATING, units=128)
def _(draw):
    sizes, wanted, options = _resized(draw, draw.integer(1, 3))
    return Call(grad=_image(draw, wanted), size=sizes, **options)


@samples_of("interpolate", judge=F.interpolate, dtypes=EVERY_DTYPE, units=128)
def _(draw):
    rank = draw.integer(1, 3)
    sizes, wanted, options = _resized(draw, rank)
    mode, factors = options["mode"], options["scale_factor"]
    names = {"linear": NAMES[rank], "cubic": "bicubic"}
    weighs = mode in names or mode == "lanczos"
    return Call(
        input=_image(draw, sizes),
        size=None if factors else wanted[0] if len(set(wanted)) == 1 and draw.boolean() else wanted,
        scale_factor=factors[0] if factors and len(set(factors)) == 1 else factors,
        mode=names.get(mode, mode),
        align_corners=draw.choice(options["align_corners"], options["align_corners"] or None) if weighs else None,
        recompute_scale_factor=draw.choice(None, True, False) if factors else draw.choice(None, False),
        antialias=options["antialias"],
    )


@errors_of("resample")
def _():
    def call(input=f32(1, 2, 4), size=(3,), mode="linear", **options):
        return Call(input=input, size=list(size), mode=mode, **options)

    yield Bad("mode", call(mode="bilinear"), ("linear", "bilinear"))
    yield Bad("antialias", call(mode="area", antialias=True), ("antialias", "area"))
    yield Bad("no batch", call(input=f32(2, 4)), ("batch", "(2, 4)"))
    yield Bad("size", call(size=(0,)), ("size", "at least 1"))
    yield Bad("sizes", call(size=(3, 3)), ("size", "(3, 3)"))
    yield Bad("empty", call(input=f32(1, 2, 0)), ("empty", "(1, 2, 0)"))
    yield Bad("factors", call(scale_factor=[2.0, 2.0]), ("scale_factor", "(2.0, 2.0)"))
    yield Bad("whole numbers", call(input=i64(1, 2, 4)), ("floating", "int64"))
    yield Bad("whole images", call(input=i64(1, 2, 4, 4), size=(3, 3)), ("floating", "int64"))
    yield Bad("bytes in a row", call(input=of("uint8", 1, 2, 4)), ("floating", "uint8"))


@errors_of("resample_gradient")
def _():
    def call(grad=f32(1, 2, 4), size=(3,), mode="linear", **options):
        return Call(grad=grad, size=list(size), mode=mode, **options)

    yield Bad("mode", call(mode="bilinear"), ("linear", "bilinear"))
    yield Bad("antialias", call(mode="area", antialias=True), ("antialias", "area"))
    yield Bad("no batch", call(grad=f32(2, 4)), ("batch", "(2, 4)"))
    yield Bad("empty", call(grad=f32(1, 2, 0)), ("grad must not be empty", "(1, 2, 0)"))
    yield Bad("size", call(size=(0,)), ("size", "at least 1"))
    yield Bad("sizes", call(size=(3, 3)), ("size", "(3, 3)"))
    yield Bad("whole numbers", call(grad=i64(1, 2, 4)), ("floating", "int64"))


@errors_of("interpolate")
def _():
    def call(input=f32(1, 2, 4, 4), **options):
        return Call(input=input, **options)

    yield Bad("neither", call(), ("size", "scale_factor"), raises=ValueError)
    yield Bad("both", call(size=3, scale_factor=2.0), ("size", "scale_factor"), raises=ValueError)
    yield Bad("mode", call(size=3, mode="lanczos4"), ("bicubic", "lanczos4"), raises=NotImplementedError)
    yield Bad("mode of a rank", call(size=3, mode="linear"), ("linear", "3D"), raises=NotImplementedError)
    yield Bad("no size", call(size=[3, 0], mode="nearest"), ("interpolate", "size", "(3, 0)"))
    yield Bad("rank", call(input=f32(4, 4), size=3), ("takes 3D, 4D and 5D", "(4, 4)"), raises=NotImplementedError)
    yield Bad("antialias", call(size=3, mode="nearest", antialias=True), ("antialias", "nearest"), raises=ValueError)
    yield Bad("no antialias", call(size=3, mode="lanczos"), ("antialias", "lanczos"), raises=ValueError)
    corners = call(size=3, mode="lanczos", antialias=True, align_corners=True)
    yield Bad("lanczos", corners, ("align_corners", "lanczos"), raises=ValueError)
    yield Bad("align_corners", call(size=3, align_corners=True), ("align_corners", "nearest"), raises=ValueError)
    yield Bad("recompute", call(size=3, recompute_scale_factor=True), ("recompute_scale_factor",), raises=ValueError)
    yield Bad("too small", call(scale_factor=0.1), ("size", "at least 1"))
    yield Bad("too large", call(scale_factor=1e300), ("scale_factor", "(1, 2, 4, 4)"))
    yield Bad("no number", call(scale_factor=float("nan")), ("scale_factor", "nan"))
    yield Bad("factors", call(scale_factor=[2.0] * 3), ("scale_factor", "(2.0, 2.0, 2.0)"), raises=ValueError)
    yield Bad("sizes", call(size=[2, 2, 2]), ("size", "(2, 2, 2)"))
    yield Bad("empty", call(input=f32(1, 0, 4, 4), size=3), ("empty", "(1, 0, 4, 4)"))
    yield Bad("bytes", call(input=of("uint8", 1, 2, 4), size=3, mode="linear"), ("floating", "uint8"))


@law_of("interpolate")
def the_nearest_is_pytorchs_for_every_size():
    """In float32 the border between two elements is not where float64 has it."""
    for mode in ("nearest", "nearest-exact"):
        for old in range(1, 40):
            numbers = torch.arange(old, dtype=torch.float32).reshape(1, 1, old)
            given = bridge.to_rushlight(Array(numbers))
            for new in range(1, 40):
                got = bridge.to_torch(rushlight.interpolate(given, new, mode=mode))
                expect_equal(got, F.interpolate(numbers, new, mode=mode), f"{mode} from {old} to {new}")


@law_of("interpolate")
def bytes_are_pytorchs():
    """Of the whole range, by weights below 0 too."""
    generator = torch.Generator().manual_seed(11)
    size = lambda: torch.randint(2, 13, (2,), generator=generator).tolist()
    for _ in range(60):
        image = torch.randint(0, 256, (2, 3, *size()), generator=generator).to(torch.uint8)
        modes = (("bilinear", False), ("bilinear", True), ("bicubic", False), ("bicubic", True), ("lanczos", True))
        for mode, antialias in modes:
            wanted = size()
            for corners in (False, True)[: 1 + (mode != "lanczos")]:
                options = dict(size=wanted, mode=mode, antialias=antialias, align_corners=corners)
                got = bridge.to_torch(rushlight.interpolate(bridge.to_rushlight(Array(image)), **options))
                expect_equal(got, F.interpolate(image, **options), f"{options} of {tuple(image.shape)}")


# -- columns


def _windows(draw):
    numbers = lambda low, high: [draw.integer(low, high) for _ in range(2)]
    facts = dict(kernel_size=numbers(1, 3), dilation=numbers(1, 2), padding=numbers(0, 2), stride=numbers(1, 3))
    sizes = [d * (k - 1) + 1 + draw.integer(0, 3) for k, d in zip(facts["kernel_size"], facts["dilation"])]
    one = lambda pair: pair[0] if pair[0] == pair[1] and draw.boolean() else pair
    return {name: one(pair) for name, pair in facts.items()}, sizes


def _plain_batch(draw):
    return _batch(draw) if draw.chance(0.7) else []


@samples_of("im2col", judge=F.unfold, dtypes=EVERY_DTYPE)
def _(draw):
    facts, sizes = _windows(draw)
    return Call(input=draw.tensor(_plain_batch(draw) + [draw.integer(1, 3)] + sizes), **facts)


@samples_of("col2im", judge=F.fold, dtypes=EVERY_DTYPE)
def _(draw):
    facts, sizes = _windows(draw)
    shape = F.unfold(torch.zeros(_plain_batch(draw) + [draw.integer(1, 2)] + sizes), **facts).shape
    return Call(input=draw.tensor(list(shape)), output_size=sizes, **facts)


@errors_of("im2col")
def _():
    image = f32(1, 2, 4, 4)
    yield Bad("rank", Call(input=f32(4, 4), kernel_size=2), ("3D", "(4, 4)"))
    yield Bad("empty", Call(input=f32(1, 0, 4, 4), kernel_size=2), ("(1, 0, 4, 4)",))
    yield Bad("too large", Call(input=image, kernel_size=5), ("fit", "5"))
    for kernel in ([5, 1], [1, 5]):
        words = ("covers 5 elements does not fit into 4", "padding on each side; the image has size (4, 4)")
        yield Bad("too large", Call(input=image, kernel_size=kernel), words)
    high = Call(input=f32(1, 2, 3, 4), kernel_size=[4, 1])
    yield Bad("too large for a low image", high, ("covers 4 elements does not fit into 3 with 0 of", "(3, 4)"))
    yield Bad("kernel", Call(input=image, kernel_size=[2, 2, 2]), ("kernel_size", "(2, 2, 2)"))
    yield Bad("dilation", Call(input=image, kernel_size=2, dilation=0), ("dilation", "0"))
    yield Bad("padding", Call(input=image, kernel_size=2, padding=-1), ("padding", "-1"))
    yield Bad("stride", Call(input=image, kernel_size=2, stride=0), ("stride", "0"))


@errors_of("col2im")
def _():
    columns = f32(1, 8, 9)
    yield Bad("rank", Call(input=f32(9), output_size=4, kernel_size=2), ("2D", "(9,)"))
    yield Bad("columns", Call(input=f32(1, 8, 8), output_size=4, kernel_size=2), ("has 9 such windows", "(1, 8, 8) has 8 columns"))
    yield Bad("rows", Call(input=f32(1, 7, 9), output_size=4, kernel_size=2), ("kernel_size", "(1, 7, 9)"))
    yield Bad("size", Call(input=columns, output_size=0, kernel_size=2), ("output_size", "0"))
    yield Bad("sizes", Call(input=columns, output_size=[4, 4, 4], kernel_size=2), ("output_size", "(4, 4, 4)"))
    yield Bad("kernel", Call(input=columns, output_size=4, kernel_size=0), ("kernel_size", "0"))
    yield Bad("too large", Call(input=columns, output_size=4, kernel_size=5), ("fit", "5"))


# -- pixels and channels


def _front(draw):
    return draw.shape(most_rank=2, least=1)[:2]


@samples_of("pixel_shuffle", judge=F.pixel_shuffle)
def _(draw):
    r = draw.integer(1, 3)
    return Call(input=draw.tensor(_front(draw) + [r * r * draw.integer(1, 2), *_sizes(draw, 2)]), upscale_factor=r)


def _pixel_unshuffle(input, downscale_factor):
    """Without elements in the shape that they would have had: PyTorch gives the input's back."""
    if input.numel() or input.dim() < 3:
        return F.pixel_unshuffle(input, downscale_factor)
    *batch, channels, height, width = input.shape
    shape = (channels * downscale_factor**2, height // downscale_factor, width // downscale_factor)
    return input.reshape(*batch, *shape)


@samples_of("pixel_unshuffle", judge=_pixel_unshuffle)
def _(draw):
    r = draw.integer(1, 3)
    sizes = [r * draw.integer(1, 3) for _ in range(2)]
    return Call(input=draw.tensor(_front(draw) + [draw.integer(1, 2), *sizes]), downscale_factor=r)


@samples_of("channel_shuffle", judge=F.channel_shuffle)
def _(draw):
    groups = draw.integer(1, 3)
    shape = _batch(draw) + [groups * draw.integer(1, 3)] + _sizes(draw, draw.integer(1, 3))
    return Call(input=draw.tensor(shape), groups=groups)


@errors_of("pixel_shuffle")
def _():
    yield Bad("rank", Call(input=f32(4, 4), upscale_factor=2), ("3", "(4, 4)"))
    yield Bad("factor", Call(input=f32(4, 4, 4), upscale_factor=0), ("upscale_factor", "0"))
    yield Bad("channels", Call(input=f32(6, 4, 4), upscale_factor=2), ("square", "6", "(6, 4, 4)"))
    yield Bad("huge", Call(input=f32(0, 4, 4), upscale_factor=2**62), ("upscale_factor",))


@errors_of("pixel_unshuffle")
def _():
    yield Bad("rank", Call(input=f32(4, 4), downscale_factor=2), ("3", "(4, 4)"))
    yield Bad("factor", Call(input=f32(4, 4, 4), downscale_factor=-1), ("downscale_factor", "-1"))
    yield Bad("height", Call(input=f32(6, 3, 4), downscale_factor=2), ("height", "(6, 3, 4)"))
    yield Bad("huge", Call(input=f32(4, 0, 0), downscale_factor=2**40), ("downscale_factor",))


@errors_of("channel_shuffle")
def _():
    yield Bad("rank", Call(input=f32(4, 4), groups=2), ("3", "(4, 4)"))
    yield Bad("groups", Call(input=f32(1, 4, 4), groups=0), ("groups", "0"))
    yield Bad("channels", Call(input=f32(1, 4, 4), groups=3), ("groups=3", "(1, 4, 4)"))
