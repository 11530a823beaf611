"""Core observation elements that hold numbers or an image themselves.

null                nothing
continuous          value / scale
exclusive discrete  one-hot
inclusive discrete  multi-hot
image               a byte for each channel of each pixel, in the vector of images
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import SchemaError
from protocol.limits import MAX_HIDDEN_SIZE, MAX_IMAGE_SIDE, MAX_IMAGE_SIZE, MAX_OBSERVATION_SIZE
from protocol.policy_settings import Activation
from protocol.schema.observation_element import ObservationElement
from protocol.schema.validation import as_flag, as_scale, as_size, check_activation, check_sizes


@dataclass(frozen=True)
class NullObservation(ObservationElement):
    """Nothing to see; an option of a union that says all by being chosen."""

    type_name = "null"

    @property
    def vector_size(self) -> int:
        return 0


@dataclass(frozen=True)
class ContinuousObservation(ObservationElement):
    """`size` numbers, each divided by `scale` in the vector.

    Attributes:
        normalize: whether the policy's running normaliser may touch them.

    Raises:
        SchemaError: size not in 1..MAX_OBSERVATION_SIZE, or scale not finite and positive.
    """

    type_name = "continuous"
    encoding_keys = frozenset({"normalize"})

    size: int
    scale: float = 1.0
    normalize: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)
        object.__setattr__(self, "scale", as_scale(self.scale))
        as_flag(self.normalize, "normalize")

    @property
    def vector_size(self) -> int:
        return self.size


@dataclass(frozen=True)
class ExclusiveDiscreteObservation(ObservationElement):
    """One of `size` options, as a one-hot."""

    type_name = "exclusive_discrete"

    size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)

    @property
    def vector_size(self) -> int:
        return self.size


@dataclass(frozen=True)
class InclusiveDiscreteObservation(ObservationElement):
    """Any of `size` options at once, as a multi-hot."""

    type_name = "inclusive_discrete"

    size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)

    @property
    def vector_size(self) -> int:
        return self.size


@dataclass(frozen=True)
class ImageObservation(ObservationElement):
    """An image or a grid: `height` rows of `width` pixels of `channels` bytes each, read by convolutions.

    Attributes:
        scale: bytes are divided by it before the first convolution: 255 for pictures, 1 for grids of flags.
        filters: channels of each convolution, one after the other.
        kernel_size: rows and columns that a convolution looks at; the image is padded by half of it.
        stride: by which each convolution makes the image smaller.
        encoding_size: what the last linear layer makes of it.
        activation: after each layer.

    Raises:
        SchemaError: a number out of range.
    """

    type_name = "image"
    encoding_keys = frozenset({"filters", "kernel_size", "stride", "encoding_size", "activation"})

    height: int
    width: int
    channels: int = 1
    scale: float = 255.0
    filters: tuple[int, ...] = (16, 32)
    kernel_size: int = 3
    stride: int = 2
    encoding_size: int = 128
    activation: Activation = "relu"

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.height, "height", MAX_IMAGE_SIDE)
        as_size(self.width, "width", MAX_IMAGE_SIDE)
        as_size(self.channels, "channels", MAX_IMAGE_SIDE)
        object.__setattr__(self, "scale", as_scale(self.scale))
        check_sizes(self.filters, "filters", MAX_HIDDEN_SIZE)
        as_size(self.kernel_size, "kernel_size", 15)
        as_size(self.stride, "stride", 15)
        as_size(self.encoding_size, "encoding_size", MAX_HIDDEN_SIZE)
        check_activation(self.activation)
        if self.image_size > MAX_IMAGE_SIZE:
            raise SchemaError("$", f"height x width x channels of at most {MAX_IMAGE_SIZE}", str(self.image_size))

    @property
    def vector_size(self) -> int:
        return 0

    @property
    def image_size(self) -> int:
        return self.height * self.width * self.channels
