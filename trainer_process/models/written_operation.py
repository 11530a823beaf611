"""Each kind of operation with its gradient written out, on buffers that stay where they are.

An operation becomes lists of calls whose arguments are all bound: nothing is allocated, sliced or looked up when they
run, and a CUDA graph can replay them. Meanings stand in `protocol.network_operation`; `operation` has the same in
plain torch, which the tests hold this against. B rows, n floats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.written_activation import write_activation
from trainer_process.models.written_attention import write_attention_pool
from trainer_process.models.written_register import Register, Write, WrittenOperation, contribution


def _linear(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """By weight slopeᵀ · x, by bias the sum of the slopes, by x slope · weight."""
    (source,), (weight, bias) = inputs, (parameter.detach() for parameter in parameters)
    written = WrittenOperation([partial(torch.addmm, bias, source.value, weight.t(), out=output.value)])
    slope = output.gradient
    if slope is None:
        return written
    by_weight, by_bias = (parameter.grad for parameter in parameters)
    if by_weight is not None:
        written.parameters.append(partial(torch.mm, slope.t(), source.value, out=by_weight))
    if by_bias is not None:
        written.parameters.append(partial(torch.sum, slope, 0, out=by_bias))
    if source.gradient is None:
        return written
    if source.adds:
        written.backward.append(partial(source.gradient.addmm_, slope, weight))
    else:
        written.backward.append(partial(torch.mm, slope, weight, out=source.gradient))
    return written


def _concat(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """What depends on weights alone is spread over the rows, and has the sum of their slopes."""
    written, start = WrittenOperation(), 0
    for source in inputs:
        part = slice(start, start + source.value.shape[1])
        start = part.stop
        place = output.value[:, part]
        if place.data_ptr() == source.value.data_ptr():
            continue
        written.forward.append(partial(place.copy_, source.value))
        if output.gradient is None or source.gradient is None:
            continue
        slope = output.gradient[:, part]
        if slope.shape != source.value.shape:
            written.backward.extend(contribution(source, partial(torch.sum, slope, 0, keepdim=True)))
        elif source.adds:
            written.backward.append(partial(source.gradient.add_, slope))
        else:
            written.backward.append(partial(source.gradient.copy_, slope))
    return written


def _split_or_join(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """The same numbers in rows of another length: blocks [a, b, n], whose first or last two axes make the two."""
    (source,), count = inputs, operation.attribute("count")
    x, y, slope = source.value, output.value, output.gradient
    if x.data_ptr() == y.data_ptr():
        return WrittenOperation()
    blocks = (max(len(x), len(y)) // count, count, min(x.shape[1], y.shape[1]))
    written = WrittenOperation([partial(y.view(blocks).copy_, x.view(blocks))])
    if slope is not None and source.gradient is not None:
        gradient = source.gradient.view(blocks)
        change = gradient.add_ if source.adds else gradient.copy_
        written.backward.append(partial(change, slope.view(blocks)))
    return written


def _slice(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    part = slice(operation.attribute("start"), operation.attribute("stop"))
    (source,) = inputs
    written = WrittenOperation([partial(output.value.copy_, source.value[:, part])])
    if output.gradient is not None and source.gradient is not None:
        written.backward.append(partial(source.gradient[:, part].add_, output.gradient))
    return written


def _broadcast(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """The register is the parameter itself."""
    return WrittenOperation()


def _clamp(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), x, y = inputs, inputs[0].value, output.value
    minimum, maximum = operation.attribute("minimum"), operation.attribute("maximum")
    written = WrittenOperation([partial(torch.clamp, x, minimum, maximum, out=y)])
    if output.gradient is not None and source.gradient is not None:
        # What the clamp left alone is what lay within the bounds.
        is_within, zero = torch.empty_like(x, dtype=torch.bool), torch.zeros_like(x[:1, :1])
        written.backward.append(partial(torch.eq, x, y, out=is_within))
        written.backward.extend(contribution(source, partial(torch.where, is_within, output.gradient, zero)))
    return written


def _select(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,) = inputs
    indices = torch.tensor(operation.attribute("indices"), dtype=torch.int64, device=source.value.device)
    written = WrittenOperation([partial(torch.index_select, source.value, 1, indices, out=output.value)])
    if output.gradient is not None and source.gradient is not None:
        written.backward.append(partial(source.gradient.index_add_, 1, indices, output.gradient))
    return written


def _scale(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), factor = inputs, operation.attribute("factor")
    written = WrittenOperation([partial(torch.mul, source.value, factor, out=output.value)])
    if output.gradient is not None and source.gradient is not None:
        written.backward.extend(contribution(source, partial(torch.mul, output.gradient, factor)))
    return written


def _mean(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), x = inputs, inputs[0].value
    written = WrittenOperation([partial(torch.mean, x, 1, keepdim=True, out=output.value)])
    if output.gradient is not None and source.gradient is not None:
        slope = output.gradient.expand(x.shape)
        written.backward.extend(contribution(source, partial(torch.mul, slope, 1 / x.shape[1])))
    return written


def _gate_sum(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """By x_i the slope times its gate, by the gate the slope times x_i, summed."""
    gates, *summands = inputs
    columns = torch.split(gates.value, 1, dim=1)
    first, y, slope = summands[0].value, output.value, output.gradient
    written = WrittenOperation([partial(torch.mul, first, columns[0], out=y)])
    written.forward.extend(
        partial(torch.addcmul, y, summand.value, column, out=y)
        for summand, column in zip(summands[1:], columns[1:], strict=True)
    )
    if slope is None:
        return written
    for summand, column in zip(summands, columns, strict=True):
        if summand.gradient is not None:
            written.backward.extend(contribution(summand, partial(torch.mul, slope, column)))
    if gates.gradient is not None:
        product = torch.empty_like(slope)
        for index, summand in enumerate(summands):
            by_gate = Register(columns[index], gates.gradient[:, index : index + 1], gates.adds)
            written.backward.append(partial(torch.mul, slope, summand.value, out=product))
            written.backward.extend(contribution(by_gate, partial(torch.sum, product, 1, keepdim=True)))
    return written


def _slot_bias(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), (parameter,) = inputs, parameters
    bias, by_bias = parameter.detach(), parameter.grad
    blocks = (-1, *bias.shape)
    written = WrittenOperation([partial(torch.add, source.value.view(blocks), bias, out=output.value.view(blocks))])
    slope = output.gradient
    if slope is not None and by_bias is not None:
        written.parameters.append(partial(torch.sum, slope.view(blocks), 0, out=by_bias))
    if slope is not None and source.gradient is not None:
        change = source.gradient.add_ if source.adds else source.gradient.copy_
        written.backward.append(partial(change, slope))
    return written


WRITERS: Mapping[str, Write] = {
    "linear": _linear,
    "activation": write_activation,
    "concat": _concat,
    "slice": _slice,
    "broadcast": _broadcast,
    "clamp": _clamp,
    "select": _select,
    "scale": _scale,
    "mean": _mean,
    "gate_sum": _gate_sum,
    "split": _split_or_join,
    "join": _split_or_join,
    "slot_bias": _slot_bias,
    "attention_pool": write_attention_pool,
}
"""By kind. An input may lie where the output lies: an activation then works in place, and a concat leaves that input
alone."""
