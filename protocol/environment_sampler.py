"""What a parameter of a world is drawn from at each episode's beginning, and how the wire says it.

A sampler is a map with its `sampler_type` and its own numbers, all of them and no others:

    {"sampler_type": "constant", "value": v}
    {"sampler_type": "uniform", "min_value": a, "max_value": b, "seed": s}
    {"sampler_type": "gaussian", "mean": m, "st_dev": d, "seed": s}
    {"sampler_type": "multirangeuniform", "intervals": [[a, b], ...], "seed": s}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, TypeAlias

from protocol.errors import SchemaError
from protocol.field_rule import byte_length, describe
from protocol.finite_number import is_finite_number
from protocol.limits import MAX_ENVIRONMENT_PARAMETERS, MAX_INT64, MAX_NAME_BYTES, MAX_SAMPLER_INTERVALS

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class ConstantSampler:
    """Always the same value.

    Attributes:
        value: finite.

    Raises:
        SchemaError: with the path of what is wrong; as every sampler.
    """

    sampler_type: ClassVar[str] = "constant"
    value: float = 0.0

    def __post_init__(self) -> None:
        _set_number(self, "value")


@dataclass(frozen=True)
class UniformSampler:
    """Any value from `min_value` on and below `max_value`, each as likely.

    Attributes:
        min_value: finite.
        max_value: finite, not below `min_value`; where they are equal, that value is drawn.
        seed: of its stream, 0 to 2^63 - 1.
    """

    sampler_type: ClassVar[str] = "uniform"
    min_value: float = 0.0
    max_value: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        _set_number(self, "min_value")
        _set_number(self, "max_value")
        _check_order("$.max_value", self.min_value, self.max_value)
        _check_seed(self.seed)


@dataclass(frozen=True)
class GaussianSampler:
    """Normally distributed values.

    Attributes:
        mean: finite.
        st_dev: standard deviation, not negative.
        seed: of its stream, 0 to 2^63 - 1.
    """

    sampler_type: ClassVar[str] = "gaussian"
    mean: float = 1.0
    st_dev: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        _set_number(self, "mean")
        _set_number(self, "st_dev")
        if self.st_dev < 0.0:
            raise SchemaError("$.st_dev", "a number from 0 on", f"{self.st_dev:g}")
        _check_seed(self.seed)


@dataclass(frozen=True)
class MultiRangeUniformSampler:
    """A value of one of several intervals; each value of them all is as likely, as with ML-Agents.

    An interval is taken with the probability of its length among all lengths, and a value of it uniformly. Intervals
    without length are never taken, unless all are so; then each is as likely.

    Attributes:
        intervals: 1 to 64 pairs (min, max), finite, each with min not above max; they may overlap.
        seed: of its stream, 0 to 2^63 - 1.
    """

    sampler_type: ClassVar[str] = "multirangeuniform"
    intervals: tuple[Interval, ...] = ((0.0, 1.0),)
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "intervals", _checked_intervals(self.intervals))
        _check_seed(self.seed)


EnvironmentSampler: TypeAlias = ConstantSampler | UniformSampler | GaussianSampler | MultiRangeUniformSampler

SAMPLERS: Mapping[str, type[EnvironmentSampler]] = {
    kind.sampler_type: kind for kind in (ConstantSampler, UniformSampler, GaussianSampler, MultiRangeUniformSampler)
}
"""Every kind of sampler by its name on the wire."""


def sampler_to_wire(sampler: EnvironmentSampler) -> dict[str, object]:
    """A plain map of numbers, texts and lists."""
    wire: dict[str, object] = {"sampler_type": sampler.sampler_type}
    for field in fields(sampler):
        value = getattr(sampler, field.name)
        wire[field.name] = [list(pair) for pair in value] if isinstance(value, tuple) else value
    return wire


def sampler_from_wire(data: object) -> EnvironmentSampler:
    """The sampler that `sampler_to_wire` wrote; every key is wanted and no other is known.

    Raises:
        SchemaError: with the path of what is wrong, as `$.max_value`.
    """
    if not isinstance(data, Mapping):
        raise SchemaError("$", "a map with a sampler_type", describe(data))
    kind = data.get("sampler_type")
    if not isinstance(kind, str) or kind not in SAMPLERS:
        raise SchemaError("$.sampler_type", f"one of {', '.join(SAMPLERS)}", describe(kind))
    class_ = SAMPLERS[kind]
    wanted = [field.name for field in fields(class_)]
    for name in data:
        if name != "sampler_type" and name not in wanted:
            raise SchemaError(f"$.{name}"[:200], f"one of sampler_type, {', '.join(wanted)}", "an unknown key")
    for name in wanted:
        if name not in data:
            raise SchemaError(f"$.{name}", f"a value, as every {kind} sampler has", "nothing")
    return class_(**{name: data[name] for name in wanted})


def samplers_to_wire(samplers: Mapping[str, EnvironmentSampler]) -> dict[str, object]:
    """The field `samplers` of an EnvironmentParameters message.

    Raises:
        SchemaError: a name is too long or empty, or there are too many.
    """
    _check_names(samplers)
    return {name: sampler_to_wire(sampler) for name, sampler in samplers.items()}


def samplers_from_wire(data: object) -> dict[str, EnvironmentSampler]:
    """The samplers of an EnvironmentParameters message, by the parameters' names.

    Raises:
        SchemaError: with the path of what is wrong, as `$.gravity.max_value`.
    """
    if not isinstance(data, Mapping):
        raise SchemaError("$", "a map from names to samplers", describe(data))
    _check_names(data)
    samplers: dict[str, EnvironmentSampler] = {}
    for name, wire in data.items():
        try:
            samplers[name] = sampler_from_wire(wire)
        except SchemaError as error:
            raise SchemaError(f"$.{name}{error.path[1:]}", error.expected, error.received) from None
    return samplers


def _check_names(samplers: Mapping[str, object]) -> None:
    if len(samplers) > MAX_ENVIRONMENT_PARAMETERS:
        raise SchemaError("$", f"at most {MAX_ENVIRONMENT_PARAMETERS} parameters", str(len(samplers)))
    for name in samplers:
        if not isinstance(name, str) or not 1 <= byte_length(name) <= MAX_NAME_BYTES:
            raise SchemaError("$", f"names of 1 to {MAX_NAME_BYTES} bytes", describe(name))


def _set_number(sampler: EnvironmentSampler, name: str) -> None:
    object.__setattr__(sampler, name, _finite(f"$.{name}", getattr(sampler, name)))


def _finite(path: str, value: object) -> float:
    if not is_finite_number(value):
        raise SchemaError(path, "a finite number", describe(value))
    return float(value)  # type: ignore[arg-type]


def _check_order(path: str, low: float, high: float) -> None:
    if high < low:
        raise SchemaError(path, f"a number not below the other end, {low:g}", f"{high:g}")
    if not math.isfinite(high - low):
        raise SchemaError(path, f"an end at a finite distance from the other, {low:g}", f"{high:g}")


def _check_seed(seed: object) -> None:
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= MAX_INT64:
        raise SchemaError("$.seed", f"an integer in 0..{MAX_INT64}", describe(seed))


def _checked_intervals(intervals: object) -> tuple[Interval, ...]:
    if not isinstance(intervals, (list, tuple)) or not 1 <= len(intervals) <= MAX_SAMPLER_INTERVALS:
        raise SchemaError("$.intervals", f"a list of 1 to {MAX_SAMPLER_INTERVALS} pairs", describe(intervals))
    checked: list[Interval] = []
    for index, pair in enumerate(intervals):
        path = f"$.intervals[{index}]"
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise SchemaError(path, "a pair of numbers, min and max", describe(pair))
        low, high = _finite(f"{path}[0]", pair[0]), _finite(f"{path}[1]", pair[1])
        _check_order(f"{path}[1]", low, high)
        checked.append((low, high))
    if not math.isfinite(sum(high - low for low, high in checked)):
        raise SchemaError("$.intervals", "lengths with a finite sum", "longer ones")
    return tuple(checked)
