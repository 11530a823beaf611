from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from protocol.schema import ContinuousObservation
from tests.contracts.algorithm_contract import BEHAVIOR
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.recorded_episode import recorded_episode
from trainer_process.algorithms.adversarial.algorithm import AdversarialImitation
from trainer_process.algorithms.base import Algorithm, BehaviorSpec
from trainer_process.algorithms.ppo.saved_reward import RewardType
from trainer_process.algorithms.registry import make_algorithm
from trainer_process.data.rollout import assemble_rollout
from trainer_process.data.transitions import Transitions
from trainer_process.errors import RewardFileError, SettingsError
from trainer_process.models.reward_file import REWARD_FILE_NAME, load_reward
from trainer_process.models.reward_normalisation import normalized_rewards

SMALL = {"steps_per_update": 16, "minibatch_size": 16, "epochs": 1, "normalizer_initialisation": "train"}


def nothing() -> None:
    """Progress that nobody watches."""


def trained(method: str, **settings: object) -> AdversarialImitation:
    """After one update."""
    plain = {**SMALL, "allow_variable_horizon": True, "demonstration_batch_size": 4, **settings}
    algorithm = make_algorithm(BEHAVIOR, method, plain)
    assert isinstance(algorithm, AdversarialImitation)
    algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 5, 9)], is_last=True)
    learn(algorithm)
    return algorithm


def learn(algorithm: Algorithm) -> dict[str, float]:
    algorithm.add_experience(make_batch([acted_segment(BEHAVIOR, 1, 16)]), 0)
    return dict(algorithm.update(nothing).metrics)


def steps() -> Transitions:
    return Transitions.of_rollout(assemble_rollout([(0, make_batch([acted_segment(BEHAVIOR, 1, 16)]))]))


def written(algorithm: Algorithm, folder: Path) -> Path:
    ((name, content),) = algorithm.files().items()
    assert name == REWARD_FILE_NAME
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("method", ["gail", "airl"])
def test_a_saved_reward_judges_as_the_one_that_was_saved(method, tmp_path):
    algorithm = trained(method, reward_reads_next_observation=True)
    saved, network = load_reward(written(algorithm, tmp_path)), algorithm.discriminator.network
    assert saved.method == method
    assert saved.network.design == network.design
    np.testing.assert_array_equal(
        saved.network.shaped_rewards(saved.network.inputs(steps())), network.shaped_rewards(network.inputs(steps()))
    )
    assert saved.outputs.mean == algorithm.discriminator.outputs.mean


def test_learning_does_not_change_what_was_saved(tmp_path):
    algorithm = trained("gail")
    before = algorithm.files()[REWARD_FILE_NAME]
    kept = bytes(before)
    learn(algorithm)
    assert before == kept
    assert algorithm.files()[REWARD_FILE_NAME] != kept


def mean_reward(path: Path, reward_type: RewardType, **settings: object) -> float:
    algorithm = make_algorithm(
        BEHAVIOR, "ppo", {**SMALL, "reward_path": str(path), "reward_type": reward_type, **settings}
    )
    return learn(algorithm)["learned_reward_mean"]


def test_each_type_takes_its_part_of_an_airl_reward(tmp_path):
    path = written(trained("airl"), tmp_path)
    saved = load_reward(path)
    inputs = saved.network.inputs(steps())
    base, shaped = saved.network.base_rewards(inputs).numpy(), saved.network.shaped_rewards(inputs).numpy()
    assert abs(base.mean() - shaped.mean()) > 1e-4
    assert mean_reward(path, "unshaped") == pytest.approx(base.mean(), rel=1e-4)
    assert mean_reward(path, "shaped") == pytest.approx(shaped.mean(), rel=1e-4)
    assert mean_reward(tmp_path, "unnormalized") == pytest.approx(shaped.mean(), rel=1e-4)
    by_hand = normalized_rewards(shaped, saved.outputs).mean()
    assert mean_reward(path, "normalized") == pytest.approx(by_hand, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("form", ["logit", "positive", "negative"])
def test_a_gail_reward_keeps_its_form(form, tmp_path):
    path = written(trained("gail", reward_form=form), tmp_path)
    logits = load_reward(path).network.base_rewards(load_reward(path).network.inputs(steps())).numpy()
    by_hand = {"logit": logits, "positive": np.log1p(np.exp(logits)), "negative": -np.log1p(np.exp(-logits))}[form]
    assert mean_reward(path, "unshaped") == pytest.approx(by_hand.mean(), rel=1e-4)


def test_a_reward_without_a_potential_has_no_shaped_type(tmp_path):
    path = written(trained("gail"), tmp_path)
    with pytest.raises(SettingsError, match=r"\$\.settings\.reward_path: .*take 'unshaped'"):
        mean_reward(path, "shaped")


def test_a_reward_of_another_schema_is_refused_by_the_element(tmp_path):
    path = written(trained("gail"), tmp_path)
    other = BehaviorSpec.create("Other", ContinuousObservation(3), BEHAVIOR.action)
    with pytest.raises(SettingsError, match=r"\$\.observation_schema.*learnt with other schemas"):
        make_algorithm(other, "ppo", {**SMALL, "reward_path": str(path)})


def test_a_file_that_is_not_there_is_refused_by_the_setting(tmp_path):
    with pytest.raises(SettingsError, match=r"\$\.settings\.reward_path: .*expected a reward file"):
        mean_reward(tmp_path / "nothing.safetensors", "unshaped")


def test_a_damaged_file_is_refused_whatever_was_cut_off(tmp_path):
    path = written(trained("airl"), tmp_path)
    content = path.read_bytes()
    for size in (0, 7, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(RewardFileError, match="expected a reward file"):
            load_reward(path)


def test_safetensors_of_something_else_are_refused(tmp_path):
    path = tmp_path / REWARD_FILE_NAME
    save_file({"weights": np.zeros(3, np.float32)}, path)
    with pytest.raises(RewardFileError, match="got 'no description'"):
        load_reward(path)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    from safetensors import safe_open

    path = written(trained("gail"), tmp_path)
    with safe_open(str(path), framework="numpy") as file:
        metadata = file.metadata()
    arrays = load_file(path)
    arrays["weights"][3] = np.nan
    save_file(arrays, path, metadata)
    with pytest.raises(RewardFileError, match="finite weights"):
        load_reward(path)


def test_two_normalisations_of_one_reward_are_warned_of(tmp_path, caplog):
    path = written(trained("gail"), tmp_path)
    with caplog.at_level(logging.WARNING):
        mean_reward(path, "unnormalized", reward_scaling=True)
        assert "normalised twice" not in caplog.text
        mean_reward(path, "normalized", reward_scaling=True)
    assert "normalised twice" in caplog.text


@pytest.mark.parametrize("is_normalized", [False, True])
def test_two_normalisations_of_a_learnt_reward_are_warned_of(is_normalized, caplog):
    with caplog.at_level(logging.WARNING):
        trained("gail", reward_scaling=True, normalize_learned_reward=is_normalized)
    assert ("normalised twice" in caplog.text) == is_normalized


@pytest.mark.parametrize("method", ["gail", "airl"])
def test_a_reward_that_is_learnt_cannot_come_from_a_file_too(method):
    with pytest.raises(SettingsError, match="where the reward is learnt"):
        make_algorithm(BEHAVIOR, method, {"reward_path": "somewhere"})


def test_ppo_keeps_no_reward():
    assert make_algorithm(BEHAVIOR, "ppo", SMALL).files() == {}
