"""What a policy's and a critic's networks are built from, beside the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, TypeVar

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.limits import MAX_HIDDEN_LAYERS, MAX_HIDDEN_SIZE, MAX_INT64, MAX_MEMORY_SIZE

Activation: TypeAlias = Literal["tanh", "elu", "relu"]
ACTIVATIONS: tuple[Activation, ...] = ("tanh", "elu", "relu")

MemoryCell: TypeAlias = Literal["none", "gru", "lstm", "learning_agents"]
MEMORY_CELLS: tuple[MemoryCell, ...] = ("none", "gru", "lstm", "learning_agents")

MAX_MEMORY_UNITS = MAX_MEMORY_SIZE // 2
"""A long short-term memory takes two floats for each."""

LOG_STD_LIMIT = 20.0
"""exp(±20) squared is still far inside float32, so no density of it overflows."""


@dataclass(frozen=True)
class PolicySettings:
    """How a policy's network is built.

    Attributes:
        hidden_sizes: units of each hidden layer; may be empty.
        activation: after each hidden layer.
        memory_cell: what remembers from step to step, after the hidden layers: a gated recurrent unit, a long
            short-term memory, or the cell of Unreal's Learning Agents.
        memory_state_size: units of the memory cell; not used without one.
        normalize_observations: whether continuous observations pass the running normaliser first.
        normalizer_clip: normalised numbers are clipped to ± this.
        initial_log_std: of every continuous action at the start.
        log_std_min: log standard deviations are clamped from below, so that no density grows without bound.
        log_std_max: and from above.
        state_dependent_log_std: whether the network gives log standard deviations, rather than one free parameter each.
        initial_action_scale: orthogonal gain of the last layer; small, so that a new policy acts near its mean 0.
        seed: of the initial weights and of the sampling of actions.

    Raises:
        SchemaError: with the path of a setting that is out of range.
    """

    hidden_sizes: tuple[int, ...] = (128, 128)
    activation: Activation = "tanh"
    memory_cell: MemoryCell = "none"
    memory_state_size: int = 64
    normalize_observations: bool = True
    normalizer_clip: float = 10.0
    initial_log_std: float = 0.0
    log_std_min: float = -5.0
    log_std_max: float = 2.0
    state_dependent_log_std: bool = False
    initial_action_scale: float = 0.01
    seed: int = 1234

    def __post_init__(self) -> None:
        _check_hidden(self)
        _check_memory(self)
        _check_bool(self.normalize_observations, "normalize_observations")
        _check_bool(self.state_dependent_log_std, "state_dependent_log_std")
        _set_number(self, "normalizer_clip", 1e-3, 1e6)
        _set_number(self, "log_std_min", -LOG_STD_LIMIT, LOG_STD_LIMIT)
        _set_number(self, "log_std_max", self.log_std_min, LOG_STD_LIMIT)
        _set_number(self, "initial_log_std", self.log_std_min, self.log_std_max)
        _set_number(self, "initial_action_scale", 0.0, 100.0)
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or not 0 <= self.seed <= MAX_INT64:
            raise SchemaError("$.seed", f"an integer in 0..{MAX_INT64}", repr(self.seed)[:200])

    @property
    def memory_size(self) -> int:
        """H, floats that the policy remembers of each agent: a long short-term memory has two for each unit."""
        if self.memory_cell == "none":
            return 0
        return self.memory_state_size * (2 if self.memory_cell == "lstm" else 1)

    def to_wire(self) -> dict[str, Any]:
        """A plain dict of strings, numbers, booleans and lists."""
        return {**asdict(self), "hidden_sizes": list(self.hidden_sizes)}

    @classmethod
    def from_wire(cls, data: object) -> PolicySettings:
        """The settings that `to_wire` wrote; every key is wanted and no other is known.

        Raises:
            SchemaError: with the path of what is wrong.
        """
        return _from_wire(cls, data)


@dataclass(frozen=True)
class CriticSettings:
    """How a critic's network is built; its normaliser is the policy's.

    Attributes:
        hidden_sizes: units of each hidden layer; may be empty.
        activation: after each hidden layer.

    Raises:
        SchemaError: with the path of a setting that is out of range.
    """

    hidden_sizes: tuple[int, ...] = (128, 128)
    activation: Activation = "tanh"

    def __post_init__(self) -> None:
        _check_hidden(self)

    def to_wire(self) -> dict[str, Any]:
        """A plain dict of strings and lists."""
        return {**asdict(self), "hidden_sizes": list(self.hidden_sizes)}

    @classmethod
    def from_wire(cls, data: object) -> CriticSettings:
        """The settings that `to_wire` wrote; every key is wanted and no other is known.

        Raises:
            SchemaError: with the path of what is wrong.
        """
        return _from_wire(cls, data)


_Settings = TypeVar("_Settings", PolicySettings, CriticSettings)


def _from_wire(cls: type[_Settings], data: object) -> _Settings:
    if not isinstance(data, Mapping):
        raise SchemaError("$", "a dict of settings", type(data).__name__)
    known = {field.name for field in fields(cls)}
    for key in data:
        if key not in known:
            raise SchemaError(f"$.{key}"[:200], f"one of {sorted(known)}", "an unknown setting")
    missing = sorted(known - set(data))
    if missing:
        raise SchemaError(f"$.{missing[0]}", "a value", "nothing")
    arguments: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return cls(**arguments)


def _check_hidden(settings: PolicySettings | CriticSettings) -> None:
    sizes: object = settings.hidden_sizes
    if not isinstance(sizes, tuple):
        raise SchemaError("$.hidden_sizes", "a tuple of integers", repr(sizes)[:200])
    if len(sizes) > MAX_HIDDEN_LAYERS:
        raise SchemaError("$.hidden_sizes", f"at most {MAX_HIDDEN_LAYERS} layers", str(len(sizes)))
    for index, size in enumerate(sizes):
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MAX_HIDDEN_SIZE:
            raise SchemaError(f"$.hidden_sizes[{index}]", f"an integer in 1..{MAX_HIDDEN_SIZE}", repr(size)[:200])
    if settings.activation not in ACTIVATIONS:
        raise SchemaError("$.activation", f"one of {list(ACTIVATIONS)}", repr(settings.activation)[:200])


def _check_memory(settings: PolicySettings) -> None:
    if settings.memory_cell not in MEMORY_CELLS:
        raise SchemaError("$.memory_cell", f"one of {list(MEMORY_CELLS)}", repr(settings.memory_cell)[:200])
    size: object = settings.memory_state_size
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MAX_MEMORY_UNITS:
        raise SchemaError("$.memory_state_size", f"an integer in 1..{MAX_MEMORY_UNITS}", repr(size)[:200])


def _check_bool(value: object, name: str) -> None:
    if not isinstance(value, bool):
        raise SchemaError(f"$.{name}", "true or false", repr(value)[:200])


def _set_number(settings: PolicySettings, name: str, low: float, high: float) -> None:
    value = getattr(settings, name)
    if not is_finite_number(value) or not low <= value <= high:
        raise SchemaError(f"$.{name}", f"a number in {low:g}..{high:g}", repr(value)[:200])
    object.__setattr__(settings, name, float(value) + 0.0)
