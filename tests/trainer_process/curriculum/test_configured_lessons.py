"""Lessons as a configuration writes them."""

from __future__ import annotations

from pydantic import TypeAdapter

from protocol.environment_sampler import ConstantSampler, GaussianSampler, MultiRangeUniformSampler, UniformSampler
from trainer_process.configuration.environment_parameter import EnvironmentParameter
from trainer_process.curriculum import CompletionCriteria, Lesson, TaughtParameter
from trainer_process.curriculum.configured_lessons import configured_lessons

PARAMETERS: TypeAdapter[dict[str, EnvironmentParameter]] = TypeAdapter(dict[str, EnvironmentParameter])


def test_every_form_of_a_parameter_becomes_lessons() -> None:
    configured = PARAMETERS.validate_python(
        {
            "gravity": 9.81,
            "mass": {"sampler_type": "uniform", "sampler_parameters": {"min_value": 0.5, "max_value": 10}},
            "scale": {"sampler_type": "gaussian", "sampler_parameters": {"mean": 2, "st_dev": 0.3, "seed": 77}},
            "length": {"sampler_type": "multirangeuniform", "sampler_parameters": {"intervals": [[7, 10], [15, 20]]}},
            "wall": {
                "curriculum": [
                    {
                        "name": "Low",
                        "value": {"sampler_type": "uniform", "sampler_parameters": {"min_value": 0, "max_value": 4}},
                        "completion_criteria": {
                            "behavior": "Jumper",
                            "measure": "progress",
                            "threshold": 0.1,
                            "min_lesson_length": 100,
                            "signal_smoothing": False,
                            "require_reset": True,
                        },
                    },
                    {"name": "High", "value": 8.0},
                ]
            },
        }
    )
    # Each sampler without a seed gets the next one from the run's on; a number counts as one.
    criteria = CompletionCriteria("Jumper", "progress", 0.1, 100, signal_smoothing=False, requires_reset=True)
    assert configured_lessons(configured, 1000) == (
        TaughtParameter("gravity", (Lesson("gravity", ConstantSampler(9.81)),)),
        TaughtParameter("mass", (Lesson("mass", UniformSampler(0.5, 10.0, 1001)),)),
        TaughtParameter("scale", (Lesson("scale", GaussianSampler(2.0, 0.3, 77)),)),
        TaughtParameter("length", (Lesson("length", MultiRangeUniformSampler(((7.0, 10.0), (15.0, 20.0)), 1002)),)),
        TaughtParameter(
            "wall", (Lesson("Low", UniformSampler(0.0, 4.0, 1003), criteria), Lesson("High", ConstantSampler(8.0)))
        ),
    )


def test_the_greatest_seed_is_no_limit() -> None:
    configured = PARAMETERS.validate_python({name: {"sampler_type": "uniform"} for name in ("first", "second")})
    seeds = [parameter.lessons[0].sampler for parameter in configured_lessons(configured, 2**63 - 1)]
    assert seeds == [UniformSampler(0.0, 1.0, 2**63 - 1), UniformSampler(0.0, 1.0, 0)]
