"""What a file says of networks, under ML-Agents' names and with its defaults."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from protocol.limits import MAX_HIDDEN_LAYERS, MAX_HIDDEN_SIZE, MAX_MEMORY_SIZE
from trainer_process.configuration.value import Flag, Whole
from trainer_process.settings import Settings


class MemorySettings(Settings):
    """A long short-term memory behind the hidden layers.

    Attributes:
        memory_size: floats that are remembered of an agent; half of them are the cell's units.
        sequence_length: consecutive steps that are learnt through at a time.
    """

    memory_size: Annotated[Whole, Field(ge=2, le=MAX_MEMORY_SIZE)] = 128
    sequence_length: Annotated[Whole, Field(ge=1, le=10_000)] = 64

    @model_validator(mode="after")
    def _memory_is_two_halves(self) -> Self:
        if self.memory_size % 2:
            raise ValueError("an even memory_size, since it is the cell's state and its output together")
        return self


class NetworkSettings(Settings):
    """How the policy's network is built, and the critic's with it.

    Attributes:
        normalize: whether vector observations pass a running normaliser.
        hidden_units: of each hidden layer.
        num_layers: hidden layers.
        vis_encode_type: how images are read.
        goal_conditioning_type: how goals among the observations act on the network. ML-Agents' default, hyper, acts
            only where an observation is tagged as a goal; here none is.
        deterministic: the likeliest action is taken rather than a drawn one.
        memory: None for none.
    """

    normalize: Flag = False
    hidden_units: Annotated[Whole, Field(ge=1, le=MAX_HIDDEN_SIZE)] = 128
    num_layers: Annotated[Whole, Field(ge=0, le=MAX_HIDDEN_LAYERS)] = 2
    vis_encode_type: Literal["simple", "nature_cnn", "resnet", "match3", "fully_connected"] = "simple"
    goal_conditioning_type: Literal["hyper", "none"] = "none"
    deterministic: Flag = False
    memory: MemorySettings | None = None
