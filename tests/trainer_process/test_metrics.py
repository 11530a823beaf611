from __future__ import annotations

import json
import sys

import pytest

from trainer_process.metrics import METRICS, METRICS_FILE, MetricsWriter, finite_metrics, tensorboard_tag


def lines_of(folder):
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text().splitlines()]


def test_each_row_is_one_line(tmp_path):
    with MetricsWriter(tmp_path, tensorboard=False) as writer:
        writer.write({"steps": 10.0, "return_mean": 1.5})
        writer.write({"steps": 20.0, "return_mean": 2.5})
    assert [(line["steps"], line["return_mean"]) for line in lines_of(tmp_path)] == [(10.0, 1.5), (20.0, 2.5)]


def test_numbers_that_are_not_finite_are_left_out(tmp_path):
    with MetricsWriter(tmp_path, tensorboard=False) as writer:
        writer.write({"steps": 1.0, "explained_variance": float("nan"), "approximate_kl": float("inf")})
    assert set(lines_of(tmp_path)[0]) == {"time", "steps"}
    assert finite_metrics({"a": float("nan"), "b": 1}) == {"b": 1.0}


def test_a_line_that_a_killed_process_left_half_does_not_swallow_the_next(tmp_path):
    (tmp_path / METRICS_FILE).write_text('{"steps": 1.0}\n{"ste')
    with MetricsWriter(tmp_path, tensorboard=False) as writer:
        writer.write({"steps": 2.0})
    assert (tmp_path / METRICS_FILE).read_text().splitlines()[1] == '{"ste'
    assert json.loads((tmp_path / METRICS_FILE).read_text().splitlines()[2])["steps"] == 2.0


def test_a_later_writer_appends(tmp_path):
    for steps in (1.0, 2.0):
        with MetricsWriter(tmp_path, tensorboard=False) as writer:
            writer.write({"steps": steps})
    assert [line["steps"] for line in lines_of(tmp_path)] == [1.0, 2.0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_gets_all_metrics_of_a_row_in_one_event(tmp_path):
    from tensorboardX.proto.event_pb2 import Event

    with MetricsWriter(tmp_path, tensorboard=True) as writer:
        writer.write({"steps": 256, "return_mean": 1.5, "seconds_update": 0.25})
    (path,) = (tmp_path / "tensorboard").iterdir()
    data, events = path.read_bytes(), []
    while data:  # a record: length, checksum, event, checksum
        length = int.from_bytes(data[:8], "little")
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[16 + length :]
    (event,) = (event for event in events if event.HasField("summary"))
    assert event.step == 256
    assert {value.tag: value.simple_value for value in event.summary.value} == {
        tensorboard_tag("steps").replace(" ", "_"): 256,
        "Environment/Cumulative_Reward": 1.5,
        "Trainer/seconds_update": 0.25,
    }


def test_tensorboard_gets_its_event_file(tmp_path):
    with MetricsWriter(tmp_path, tensorboard=True) as writer:
        writer.write({"steps": 1.0, "return_mean": 3.0})
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"Environment/Cumulative_Reward" in events.read_bytes()


def test_tensorboard_is_not_imported_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    MetricsWriter(tmp_path, tensorboard=False).close()


def test_tags_are_those_of_ml_agents_where_it_has_them():
    assert tensorboard_tag("policy_loss") == "Losses/Policy Loss"
    assert tensorboard_tag("seconds_update") == "Trainer/seconds_update"
    assert len({tensorboard_tag(name) for name in METRICS}) == len(METRICS)
