"""Operations on images in torch, whose own convolutions read the channels-last order as a view."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.network_operation import ConvolutionShape
from protocol.network_spec import Operation
from trainer_process.models.bound_operation import Bind, Run


def _bind_convolution(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    weight, bias = parameters
    shape = ConvolutionShape.of(tuple(weight.shape), dict(operation.attributes))

    def run(inputs: list[Tensor]) -> Tensor:
        images = inputs[0].reshape(-1, shape.height, shape.width, shape.channels).permute(0, 3, 1, 2)
        y = F.conv2d(images, weight.permute(0, 3, 1, 2), bias, stride=shape.stride, padding=shape.padding)
        return y.permute(0, 2, 3, 1).reshape(len(y), -1)

    return run


IMAGE_BINDERS: dict[str, Bind] = {"convolution": _bind_convolution}
