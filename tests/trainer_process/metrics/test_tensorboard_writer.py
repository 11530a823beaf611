"""What TensorBoard is given, and under which tags."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from protocol.statistic import StatAggregation, StatisticEntry
from tests.trainer_process.metrics.event_file import events_in
from trainer_process.metrics import METRICS, MetricsWriter, tensorboard_tag
from trainer_process.metrics.tensorboard_tag import tagged_metrics

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def scalars_of(event: Any) -> dict[str, float]:
    return {value.tag: value.simple_value for value in event.summary.value if value.HasField("simple_value")}


def summaries(folder: Path) -> list[Any]:
    return [event for event in events_in(folder) if event.HasField("summary")]


def test_all_metrics_of_a_row_are_in_one_event_of_a_file_in_the_behaviors_folder(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["tensorboard"]) as writer:
        writer.write({"steps": 256, "return_mean": 1.5, "policy_loss": -0.5, "seconds_update": 0.25})
    (event,) = summaries(tmp_path)
    assert event.step == 256
    assert scalars_of(event) == {
        "Trainer/steps": 256,
        "Environment/Cumulative Reward": 1.5,
        "Policy/Extrinsic Reward": 1.5,
        "Losses/Policy Loss": 0.5,
        "Trainer/seconds_update": 0.25,
    }


def test_returns_and_numbers_of_the_game_have_histograms_beside_their_means(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["tensorboard"]) as writer:
        entry = StatisticEntry(StatAggregation.HISTOGRAM, 3, values=(1.0, 2.0, 6.0))
        writer.statistics.add(0, {"Player/Height": entry})
        writer.write({"steps": 256, "return_mean": 1.5}, np.array([1.0, 2.0]))
    (event,) = summaries(tmp_path)
    assert scalars_of(event)["Player/Height"] == 3.0
    histograms = {value.tag: value.histo for value in event.summary.value if value.HasField("histo")}
    assert {tag: (each.num, each.min, each.max) for tag, each in histograms.items()} == {
        "Environment/Cumulative Reward_hist": (2, 1.0, 2.0),
        "Player/Height_hist": (3, 1.0, 6.0),
    }


def test_a_number_of_the_game_never_takes_the_place_of_a_metric(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["tensorboard"]) as writer:
        writer.statistics.add(0, {"Policy/Entropy": StatisticEntry(StatAggregation.SUM, 1, value=9.0)})
        writer.write({"steps": 1, "entropy": 0.5})
    (event,) = summaries(tmp_path)
    assert (scalars_of(event)["Policy/Entropy"], scalars_of(event)["host/Policy/Entropy"]) == (0.5, 9.0)


def test_a_training_that_goes_on_takes_out_what_lies_beyond_its_checkpoint(tmp_path: Path) -> None:
    for from_steps in (None, 500):
        with MetricsWriter(tmp_path, ["tensorboard"], from_steps=from_steps) as writer:
            writer.write({"steps": 1000.0})
    starts = [event.step for event in events_in(tmp_path) if event.HasField("session_log")]
    assert starts == [501]


def test_settings_are_shown_as_text(tmp_path: Path) -> None:
    MetricsWriter(tmp_path, ["tensorboard"], settings={"learning_rate": 0.5}).close()
    (event,) = summaries(tmp_path)
    (value,) = event.summary.value
    assert value.tag == "Hyperparameters/text_summary"
    assert b'"learning_rate": 0.5' in value.tensor.string_val[0]


def test_the_library_is_not_imported_unless_asked_for(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    MetricsWriter(tmp_path, ["csv"]).close()


def test_tags_are_those_of_ml_agents_where_it_has_them() -> None:
    assert tensorboard_tag("policy_loss") == "Losses/Policy Loss"
    assert tensorboard_tag("lesson/gravity") == "Environment/Lesson Number/gravity"
    assert tensorboard_tag("seconds_update") == "Trainer/seconds_update"
    assert len({tensorboard_tag(name) for name in METRICS}) == len(METRICS)


def test_what_a_critic_estimates_is_named_by_the_rewards_that_are_learnt_from() -> None:
    plain = tagged_metrics({"return_mean": 3.0, "value_estimate_mean": 1.0})
    assert plain["Policy/Extrinsic Value Estimate"] == 1.0
    learned = tagged_metrics({"return_mean": 3.0, "value_estimate_mean": 1.0, "learned_reward_mean": 0.5})
    assert learned["Policy/GAIL Value Estimate"] == 1.0
    assert {"Policy/Extrinsic Reward", "Policy/Extrinsic Value Estimate"}.isdisjoint(learned)


def test_evaluations_are_beside_each_other(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path, ["tensorboard"]) as writer:
        writer.record({"steps": 512, "evaluation_return_mean": 2.5, "evaluation_length_mean": 30.0})
    (event,) = summaries(tmp_path)
    assert event.step == 512
    tags = scalars_of(event)
    assert (tags["Evaluation/Cumulative Reward"], tags["Evaluation/Episode Length"]) == (2.5, 30.0)
