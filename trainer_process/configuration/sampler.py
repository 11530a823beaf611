"""How an environment parameter is drawn: one of ML-Agents' four samplers."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from trainer_process.configuration.value import Number, Whole
from trainer_process.settings import Settings

RUN_SEED = -1
"""A sampler's seed that leaves it to the run's."""

SamplerSeed: TypeAlias = Annotated[Whole, Field(ge=RUN_SEED, lt=2**63)]


class ConstantParameters(Settings):
    """Always the same number.

    Attributes:
        value: it.
        seed: of no meaning here.
    """

    value: Number = 0.0
    seed: SamplerSeed = RUN_SEED


class UniformParameters(Settings):
    """Any number between two, all of them alike.

    Attributes:
        min_value: the least.
        max_value: the largest.
        seed: of the draws; -1 is the run's, plus the sampler's place in the file.
    """

    min_value: Number = 0.0
    max_value: Number = 1.0
    seed: SamplerSeed = RUN_SEED

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        if self.min_value > self.max_value:
            raise ValueError("min_value of at most max_value")
        return self


class GaussianParameters(Settings):
    """Normally distributed.

    Attributes:
        mean: of the numbers.
        st_dev: their standard deviation.
        seed: of the draws; -1 is the run's, plus the sampler's place in the file.
    """

    mean: Number = 1.0
    st_dev: Annotated[Number, Field(ge=0)] = 1.0
    seed: SamplerSeed = RUN_SEED


class MultiRangeUniformParameters(Settings):
    """A number in one of several intervals; the wider an interval, the more often.

    Attributes:
        intervals: pairs of the least and the largest number.
        seed: of the draws; -1 is the run's, plus the sampler's place in the file.
    """

    intervals: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=1)] = ((0.0, 1.0),)
    seed: SamplerSeed = RUN_SEED

    @model_validator(mode="after")
    def _ends_are_in_order(self) -> Self:
        for index, (least, largest) in enumerate(self.intervals):
            if least > largest:
                raise ValueError(f"intervals[{index}] with the lesser number first")
        return self


class ConstantSampler(Settings):
    """Draws always the same number."""

    sampler_type: Literal["constant"] = "constant"
    sampler_parameters: ConstantParameters = ConstantParameters()


class UniformSampler(Settings):
    """Draws from an interval."""

    sampler_type: Literal["uniform"]
    sampler_parameters: UniformParameters = UniformParameters()


class GaussianSampler(Settings):
    """Draws from a normal distribution."""

    sampler_type: Literal["gaussian"]
    sampler_parameters: GaussianParameters = GaussianParameters()


class MultiRangeUniformSampler(Settings):
    """Draws from several intervals."""

    sampler_type: Literal["multirangeuniform"]
    sampler_parameters: MultiRangeUniformParameters = MultiRangeUniformParameters()


def _sampler_type(value: Any) -> str:
    """The tag of a sampler, as it stands in the file or is already made."""
    kind = value.get("sampler_type") if isinstance(value, dict) else getattr(value, "sampler_type", None)
    return f"<{kind}>"


Sampler: TypeAlias = Annotated[
    Annotated[ConstantSampler, Tag("<constant>")]
    | Annotated[UniformSampler, Tag("<uniform>")]
    | Annotated[GaussianSampler, Tag("<gaussian>")]
    | Annotated[MultiRangeUniformSampler, Tag("<multirangeuniform>")],
    Discriminator(
        _sampler_type,
        custom_error_type="sampler_type",
        custom_error_message="sampler_type constant, uniform, gaussian or multirangeuniform",
    ),
]


def sampler_to_wire(value: float | Sampler) -> dict[str, object]:
    """A number or a sampler as hosts are told of it, in the message EnvironmentParameters."""
    if isinstance(value, int | float):
        return {"sampler_type": "constant", "value": float(value)}
    parameters = value.sampler_parameters.to_plain()
    if isinstance(value, ConstantSampler):
        parameters.pop("seed")
    return {"sampler_type": value.sampler_type, **parameters}
