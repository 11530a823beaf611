"""Lessons as a configuration writes them, and where a run that goes on finds itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protocol.environment_sampler import ConstantSampler, GaussianSampler, MultiRangeUniformSampler, UniformSampler
from tests.trainer_process.curriculum.test_taught_hosts import played
from tests.trainer_process.server_world import START, World, configure
from trainer_process.configuration import load_configuration
from trainer_process.curriculum import CompletionCriteria, Lesson, TaughtParameter
from trainer_process.curriculum.configured_curriculum import configured_curriculum
from trainer_process.curriculum.configured_lessons import configured_lessons
from trainer_process.errors import ConfigurationError, SettingsError
from trainer_process.run_folder import RunFolder

CONFIGURATION = """
behaviors:
  Walker:
    trainer_type: ppo
env_settings:
  seed: 1000
environment_parameters:
  gravity: 9.81
  mass: {sampler_type: uniform, sampler_parameters: {min_value: 0.5, max_value: 10}}
  scale: {sampler_type: gaussian, sampler_parameters: {mean: 2, st_dev: 0.3, seed: 77}}
  length: {sampler_type: multirangeuniform, sampler_parameters: {intervals: [[7, 10], [15, 20]]}}
  wall:
    curriculum:
      - name: Low
        completion_criteria:
          behavior: Walker
          measure: progress
          threshold: 0.1
          min_lesson_length: 100
          signal_smoothing: false
          require_reset: true
        value: {sampler_type: uniform, sampler_parameters: {min_value: 0, max_value: 4}}
      - {name: High, value: 8.0}
"""
THREE_LESSONS = """
behaviors:
  Walker:
    trainer_type: ppo
environment_parameters:
  wall:
    curriculum:
      - {name: Low, completion_criteria: {behavior: Walker, threshold: 1}, value: 1}
      - {name: Middle, completion_criteria: {behavior: Walker, threshold: 1}, value: 2}
      - {name: High, value: 4}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_every_form_of_a_parameter_becomes_lessons(tmp_path: Path) -> None:
    configured = load_configuration(write(tmp_path, CONFIGURATION)).environment_parameters
    # Each sampler without a seed gets the next one from the run's on; a number counts as one.
    criteria = CompletionCriteria("Walker", "progress", 0.1, 100, signal_smoothing=False, requires_reset=True)
    assert configured_lessons(configured) == (
        TaughtParameter("gravity", (Lesson("gravity", ConstantSampler(9.81)),)),
        TaughtParameter("mass", (Lesson("mass", UniformSampler(0.5, 10.0, 1001)),)),
        TaughtParameter("scale", (Lesson("scale", GaussianSampler(2.0, 0.3, 77)),)),
        TaughtParameter("length", (Lesson("length", MultiRangeUniformSampler(((7.0, 10.0), (15.0, 20.0)), 1002)),)),
        TaughtParameter(
            "wall", (Lesson("Low", UniformSampler(0.0, 4.0, 1003), criteria), Lesson("High", ConstantSampler(8.0)))
        ),
    )


def test_a_behavior_that_the_file_does_not_have_is_an_error_at_load(tmp_path: Path) -> None:
    text = THREE_LESSONS.replace("behavior: Walker, threshold", "behavior: Wlaker, threshold")
    with pytest.raises(ConfigurationError, match=r"completion_criteria\.behavior: expected .*Walker.*'Wlaker'"):
        load_configuration(write(tmp_path, text))


def test_without_parameters_there_is_no_curriculum(tmp_path: Path) -> None:
    configuration = load_configuration(write(tmp_path, "behaviors:\n  Walker:\n    trainer_type: ppo\n"))
    assert configured_curriculum(configuration, RunFolder.claim(tmp_path, "run")) is None


def test_a_run_that_goes_on_is_in_the_lesson_of_its_newest_checkpoint(tmp_path: Path) -> None:
    configuration = load_configuration(write(tmp_path, THREE_LESSONS))
    first = configured_curriculum(configuration, RunFolder.claim(tmp_path, "run"))
    with World(tmp_path, run=first, start=START) as world:
        host = world.host()
        host.join(configure())
        host.say(played(1, 9.0))
        world.until(lambda: world.server.behaviors["Walker"].iteration == 1, "an update")
    folder = RunFolder.claim(tmp_path, "run", resume=True)
    resumed = configured_curriculum(configuration, folder, resume=True)
    assert first is not None
    assert resumed is not None
    assert resumed.state() == first.state()
    assert resumed.metrics() == {"lesson/wall": 1.0}

    afresh = configured_curriculum(configuration, folder)
    assert afresh is not None
    assert afresh.metrics() == {"lesson/wall": 0.0}

    played_only = configured_curriculum(configuration, folder, resume=True, learns=False)
    assert played_only is not None
    for _ in range(3):
        played_only.hear_learnt("Walker", np.array([9.0]), 1.0)
    assert played_only.state() == first.state()

    fewer = load_configuration(write(tmp_path, THREE_LESSONS.split("      - {name: Middle")[0].replace("Low", "Last")))
    with pytest.raises(SettingsError, match=r"wall\.curriculum: expected more than 1 lessons, .*'Middle', got 1"):
        configured_curriculum(fewer, folder, resume=True)
