"""Operations on images, whose rows hold numbers by row, column and channel.

convolution  x [height · width · c], y [H' · W' · out] with H' = (height + 2 · padding − k) // stride + 1, W' likewise.
             Attributes height, width, stride, padding; parameters weight[out, k, k, c], bias[out].
             y[i, j, o] = bias[o] + Σ weight[o, p, q, c] · x[i · stride + p − padding, j · stride + q − padding, c],
             where x is 0 outside of the image. All windows of k x k pixels together, which are laid side by side, are
             limited to what the registers of a network may hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from protocol.limits import MAX_NETWORK_FLOATS
from protocol.network_operation.kind import OperationKind, RegisterShape, Shape, one_input, require


class ConvolutionShape(NamedTuple):
    """The sizes of one convolution.

    Attributes:
        height: of the image, as is width.
        channels: of the image.
        kernel: rows and columns of a filter.
        filters: channels of the output.
        stride: pixels between neighbours of the output.
        padding: zeros around the image.
    """

    height: int
    width: int
    channels: int
    kernel: int
    filters: int
    stride: int
    padding: int

    @classmethod
    def of(cls, weight: Shape, attributes: dict[str, Any]) -> ConvolutionShape:
        """The sizes that a weight [out, k, k, c] and the attributes give."""
        filters, kernel, _, channels = weight
        return cls(channels=channels, kernel=kernel, filters=filters, **attributes)

    @property
    def output_height(self) -> int:
        """Rows of the output."""
        return (self.height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def output_width(self) -> int:
        """Columns of the output."""
        return (self.width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def window_size(self) -> int:
        """Numbers that one filter reads at once."""
        return self.kernel * self.kernel * self.channels


def _infer_convolution(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    (size, rows), (weight, bias) = one_input(inputs), shapes
    require(weight[1] == weight[2], f"a square filter, not {weight[1]} x {weight[2]}")
    require(bias[0] == weight[0], f"a bias of {weight[0]}, not {bias[0]}")
    shape = ConvolutionShape.of(weight, attributes)
    pixels = f"{shape.height} x {shape.width} x {shape.channels}"
    require(shape.height >= 1 and shape.width >= 1, f"an image of at least one pixel, not {pixels}")
    require(size == shape.height * shape.width * shape.channels, f"an input of {pixels} numbers, not {size}")
    require(shape.stride >= 1, "a stride of at least 1")
    require(0 <= shape.padding < shape.kernel, f"a padding in 0..{shape.kernel - 1}, less than the filter")
    padded = min(shape.height, shape.width) + 2 * shape.padding
    require(shape.kernel <= padded, f"a filter of at most {padded} rows, as the padded image has")
    windows = shape.output_height * shape.output_width * shape.window_size
    require(windows <= MAX_NETWORK_FLOATS, f"at most {MAX_NETWORK_FLOATS} floats in all windows, not {windows}")
    return RegisterShape(shape.output_height * shape.output_width * shape.filters, rows)


IMAGE_OPERATIONS: dict[str, OperationKind] = {
    "convolution": OperationKind(
        {"height": int, "width": int, "stride": int, "padding": int}, (4, 1), _infer_convolution
    ),
}
