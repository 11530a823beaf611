"""The ONNX nodes of a convolution, whose images are turned to channels first and back."""

from __future__ import annotations

from protocol.network_operation import ConvolutionShape
from trainer_process.export.operation_emitter import Emit, EmittedOperation


def _emit_convolution(emitted: EmittedOperation) -> None:
    draft, (weight, _) = emitted.draft, emitted.arrays()
    weight_name, bias_name = emitted.operation.parameters
    shape = ConvolutionShape.of(weight.shape, dict(emitted.operation.attributes))
    images = draft.reshape(emitted.inputs[0], -1, shape.height, shape.width, shape.channels)
    channels_first = draft.add("Transpose", images, perm=[0, 3, 1, 2])
    convolved = draft.add(
        "Conv",
        channels_first,
        draft.floats(weight.transpose(0, 3, 1, 2), f"{weight_name}/channels_first"),
        draft.floats(emitted.parameters[bias_name], bias_name),
        kernel_shape=[shape.kernel, shape.kernel],
        strides=[shape.stride, shape.stride],
        pads=[shape.padding] * 4,
    )
    channels_last = draft.add("Transpose", convolved, perm=[0, 2, 3, 1])
    size = shape.output_height * shape.output_width * shape.filters
    draft.reshape(channels_last, -1, size, name=emitted.output)


IMAGE_EMITTERS: dict[str, Emit] = {"convolution": _emit_convolution}
