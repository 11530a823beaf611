"""The numpy calls of a convolution: windows are copied side by side, then multiplied with all filters at once."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from host_sdk.inference.binding import CHUNK_FLOATS, Bind, Binding, FloatArray, Prepare, Step, as_row
from protocol.network_operation import ConvolutionShape
from protocol.network_spec import Operation


def _prepare_convolution(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """The weight [out, k, k, c] as it is, and the bias of every number of the output, [1, H' · W' · out]."""
    weight, bias = parameters
    shape = ConvolutionShape.of(weight.shape, dict(operation.attributes))
    return [weight, as_row(np.tile(bias, shape.output_height * shape.output_width))]


def _bind_convolution(binding: Binding) -> list[Step]:
    (x,), (weight, bias), output = binding.inputs, binding.parameters, binding.output
    shape = ConvolutionShape.of(weight.shape, dict(binding.operation.attributes))
    floats_per_line = shape.output_width * shape.window_size
    lines = max(1, min(shape.output_height, CHUNK_FLOATS // floats_per_line))
    images = max(1, CHUNK_FLOATS // (floats_per_line * shape.output_height))
    steps: list[Step] = []
    for start in range(0, len(x), images):
        stop = min(start + images, len(x))
        for line in range(0, shape.output_height, lines):
            last = min(line + lines, shape.output_height)
            steps.extend(_convolve(binding, shape, slice(start, stop), slice(line, last)))
    return [*steps, partial(np.add, output, bias, output)]


def _convolve(binding: Binding, shape: ConvolutionShape, images: slice, lines: slice) -> list[Step]:
    """Some lines of the output of some images: all of several, or a part of one."""
    (x,), weight, output = binding.inputs, binding.parameters[0], binding.output
    count, line_count = images.stop - images.start, lines.stop - lines.start
    pixels = x[images].reshape(count, shape.height, shape.width * shape.channels)
    first = lines.start * shape.stride
    read = (line_count - 1) * shape.stride + shape.kernel
    padded_width = (shape.width + 2 * shape.padding) * shape.channels
    windows, padded = binding.scratch.take(
        (count, line_count, shape.output_width, shape.kernel, shape.kernel * shape.channels),
        (count, read, padded_width) if shape.padding else (0, 1, 1),
    )
    steps: list[Step] = []
    if shape.padding:
        margin = shape.padding * shape.channels
        # Lines of the image that lie in what is read, which begins `padding` above line `first`.
        top, bottom = max(0, first - shape.padding), min(shape.height, first - shape.padding + read)
        into = slice(top - (first - shape.padding), bottom - (first - shape.padding))
        steps.append(partial(padded.fill, 0.0))
        steps.append(partial(np.copyto, padded[:, into, margin : padded_width - margin], pixels[:, top:bottom]))
        source = padded
    else:
        source = pixels[:, first : first + read]
    image_stride, line_stride, float_stride = source.strides
    strides = (
        image_stride,
        shape.stride * line_stride,
        shape.stride * shape.channels * float_stride,
        line_stride,
        float_stride,
    )
    view = as_strided(source, windows.shape, strides, writeable=False)
    place = output.reshape(len(output), shape.output_height, shape.output_width, shape.filters)[images, lines]
    product = partial(
        np.dot,
        windows.reshape(-1, shape.window_size),
        weight.reshape(shape.filters, -1).T,
        place.reshape(-1, shape.filters),
    )
    return [*steps, partial(np.copyto, windows, view), product]


IMAGE_PREPARERS: dict[str, Prepare] = {"convolution": _prepare_convolution}
IMAGE_BINDERS: dict[str, Bind] = {"convolution": _bind_convolution}
