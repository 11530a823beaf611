from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from protocol.errors import PolicyFileError, RecordingError
from protocol.policy_file import load_policy
from protocol.policy_settings import PolicySettings
from protocol.recording import RecordingHeader, RecordingReader, save_recording
from protocol.schema import ContinuousObservation
from tests.contracts.learner_contract import BEHAVIOR
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.errors import ConfigurationRefusedError, DivergedError, RunFolderError
from trainer_process.offline_imitation import ImitationOptions, ImitationProgress, imitate

HEADER = RecordingHeader(BEHAVIOR.observation, BEHAVIOR.action, metadata={"behavior": "Walker"})
SMALL = {"epochs": 4, "minibatch_size": 8, "min_gradient_steps": 1, "validation_fraction": 0.3}
POLICY = PolicySettings(hidden_sizes=(8,))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "walks.lbr"
    save_recording(path, HEADER, shown_episodes(BEHAVIOR, [12, 5, 1, 9, 14, 7, 8, 3, 4, 6]))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def options(run_id: str = "run", **changes: object) -> ImitationOptions:
    return ImitationOptions(run_id=run_id, policy_settings=POLICY, tensorboard=False, **changes)  # type: ignore[arg-type]


def weights(path: Path) -> np.ndarray:
    return load_policy(path).snapshot.values


def test_a_run_folder_comes_of_it_as_of_a_training_with_a_game(recording, results):
    seen: list[ImitationProgress] = []
    made = imitate(recording, results, settings=SMALL, options=options(), on_update=seen.append)
    assert made.folder == results / "run" / "Walker"
    assert {each.name for each in made.folder.iterdir()} == {
        "checkpoints",
        "metrics.csv",
        "metrics.jsonl",
        "policy.lbp",
        "settings.json",
    }
    assert json.loads((results / "run" / "timers.json").read_text())["children"].keys() == {"learner"}
    rows = [json.loads(line) for line in (made.folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["iteration"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["validation_neg_log_prob"] == seen[-1].metrics["validation_neg_log_prob"]
    written = json.loads((made.folder / "settings.json").read_text())
    assert (written["trainer_type"], written["settings"]["epochs"], written["sources"]["epochs"]) == ("bc", 4, "host")
    policy = load_policy(made.policy_file)
    assert (policy.behavior, policy.snapshot.version, policy.policy_settings) == ("Walker", 4, POLICY)
    assert policy.metadata["trainer_type"] == "bc"


def test_progress_is_told_after_each_epoch_and_minibatch(recording, results):
    seen: list[ImitationProgress] = []
    reports: list[None] = []
    made = imitate(
        recording,
        results,
        settings=SMALL,
        options=options(),
        on_update=seen.append,
        report_progress=lambda: reports.append(None),
    )
    assert [each.iteration for each in seen] == [1, 2, 3, 4]
    assert [each.is_complete for each in seen] == [False, False, False, True]
    assert seen[-1].steps == seen[0].total_steps == 4 * seen[0].steps
    assert made.progress == seen[-1]
    assert len(reports) > 4 * 5


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(recording, results):
    whole = imitate(recording, results, settings=SMALL, options=options("whole"))
    stopped = imitate(recording, results, settings=SMALL, options=options("parted"), should_stop=lambda: True)
    assert (stopped.progress.iteration, stopped.progress.is_complete) == (1, False)
    resumed = imitate(recording, results, settings=SMALL, options=options("parted", resume=True))
    assert resumed.progress.iteration == 4
    np.testing.assert_array_equal(weights(resumed.policy_file), weights(whole.policy_file))


def test_a_run_that_is_begun_anew_by_force_leaves_the_earlier_one_beside_it(recording, results):
    first = weights(imitate(recording, results, settings=SMALL, options=options()).policy_file)
    again = imitate(recording, results, settings={**SMALL, "seed": 8}, options=options(force=True))
    assert not np.array_equal(weights(again.policy_file), first)
    np.testing.assert_array_equal(weights(results / "run.old-1" / "Walker" / "policy.lbp"), first)


def test_an_interrupt_leaves_the_newest_policy_and_a_checkpoint(recording, results):
    def interrupt(progress: ImitationProgress) -> None:
        if progress.iteration == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imitate(recording, results, settings=SMALL, options=options(), on_update=interrupt)
    folder = results / "run" / "Walker"
    assert load_policy(folder / "policy.lbp").snapshot.version == 2
    assert [each.name for each in (folder / "checkpoints").iterdir()] == ["000000002"]


def test_a_run_that_is_complete_is_not_gone_on_with(recording, results):
    first = imitate(recording, results, settings=SMALL, options=options())
    seen: list[ImitationProgress] = []
    again = imitate(recording, results, settings=SMALL, options=options(resume=True), on_update=seen.append)
    assert seen == []
    np.testing.assert_array_equal(weights(again.policy_file), weights(first.policy_file))


def test_damaged_episodes_are_passed_over_with_a_warning(recording, results, caplog):
    content = bytearray(recording.read_bytes())
    with RecordingReader(recording) as reader:
        place = bytes(content).find(reader[1].observations.tobytes())
    content[place] ^= 1
    recording.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        made = imitate(recording, results, settings={**SMALL, "validation_fraction": 0}, options=options())
    assert "episode 1" in caplog.text
    assert made.progress.steps == 4 * (69 - 5)


def test_a_window_longer_than_the_recording_works(tmp_path, results):
    path = tmp_path / "short.lbr"
    save_recording(path, HEADER, shown_episodes(BEHAVIOR, [1, 3]))
    policy = PolicySettings(hidden_sizes=(8,), memory_cell="gru", memory_state_size=4)
    made = imitate(
        path,
        results,
        settings={**SMALL, "memory_window": 10_000},
        options=ImitationOptions(run_id="run", policy_settings=policy, tensorboard=False),
    )
    assert made.progress.is_complete


def test_a_clone_goes_on_from_a_policy_file(recording, results):
    first = imitate(recording, results, settings=SMALL, options=options("first"))
    second = imitate(
        recording,
        results,
        settings={**SMALL, "learning_rate": 1e-9},
        options=ImitationOptions(run_id="second", start_from=first.policy_file, tensorboard=False),
    )
    policy = load_policy(second.policy_file)
    assert (policy.policy_settings, policy.snapshot.version) == (POLICY, 8)
    np.testing.assert_allclose(policy.snapshot.values, weights(first.policy_file), atol=1e-5)


def test_an_empty_recording_says_what_to_do(tmp_path, results):
    path = tmp_path / "empty.lbr"
    save_recording(path, HEADER, [])
    with pytest.raises(RecordingError, match=r"empty.lbr: expected at least one episode, got none; record some"):
        imitate(path, results, options=options())
    assert not results.exists()


def test_a_recording_that_is_not_there_is_named(tmp_path, results):
    with pytest.raises(RecordingError, match=r"nowhere.lbr can't be read"):
        imitate(tmp_path / "nowhere.lbr", results, options=options())


def test_a_wrong_setting_is_named(recording, results):
    with pytest.raises(
        ConfigurationRefusedError, match=r"settings\.epochs: expected .*greater than or equal to 1, got 0"
    ):
        imitate(recording, results, settings={"epochs": 0}, options=options())


def test_a_policy_of_another_schema_is_refused(recording, tmp_path, results):
    other = tmp_path / "other.lbr"
    made = imitate(recording, results, settings=SMALL, options=options())
    save_recording(
        other, RecordingHeader(ContinuousObservation(2, scale=3.0), BEHAVIOR.action), shown_episodes(BEHAVIOR, [3])
    )
    with pytest.raises(RecordingError, match=r"other.lbr: \$\.observation"):
        imitate(other, results, options=ImitationOptions(run_id="other", start_from=made.policy_file))


def test_a_policy_file_that_is_none_is_refused(recording, results):
    with pytest.raises(PolicyFileError):
        imitate(recording, results, options=ImitationOptions(run_id="run", start_from=recording))


def test_a_used_name_is_refused(recording, results):
    imitate(recording, results, settings=SMALL, options=options())
    with pytest.raises(RunFolderError, match="resume"):
        imitate(recording, results, settings=SMALL, options=options())


def test_what_was_good_is_kept_when_cloning_diverges(recording, results):
    with pytest.raises(DivergedError):
        imitate(recording, results, settings={**SMALL, "learning_rate": 1.0, "weight_decay": 1e30}, options=options())
    assert load_policy(results / "run" / "Walker" / "policy.lbp").snapshot.is_finite()


def test_the_behavior_is_named_after_the_file_where_nothing_else_is_known(tmp_path, results):
    path = tmp_path / "walks.lbr"
    save_recording(path, RecordingHeader(BEHAVIOR.observation, BEHAVIOR.action), shown_episodes(BEHAVIOR, [3]))
    assert imitate(path, results, settings=SMALL, options=options()).folder.name == "walks"
