"""Hosts whose networks or algorithm differ from what the run's configuration names are refused by the path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from protocol.messages import Refused, Welcome
from protocol.policy_settings import PolicySettings
from tests.trainer_process.server_world import START, World, configure, hello


def answered(folder: Path, wanted: Any, **changes: Any) -> Refused:
    with World(folder, start=replace(START, **changes)) as world:
        host = world.host()
        host.ask(hello(), Welcome)
        return host.is_refused(wanted)


def test_another_network_than_the_named_one_is_refused_with_both_values_and_the_source(tmp_path: Path) -> None:
    refused = answered(
        tmp_path,
        configure(policy=PolicySettings(hidden_sizes=(4,))),
        networks={"policy_settings": {"hidden_sizes": [8, 8]}},
        override_sources={"policy_settings.hidden_sizes": "config.yaml:12"},
    )
    assert (refused.code, refused.where) == ("SETTINGS_MISMATCH", "$.policy_settings.hidden_sizes")
    assert (refused.expected, refused.received) == ("[8, 8] (config.yaml:12)", "[4]")
    assert "LEARNING_BRIDGE_RUN_SETTINGS" in refused.remedy
    assert "policy_settings.hidden_sizes" in refused.remedy


def test_the_critic_is_held_against_its_names_too(tmp_path: Path) -> None:
    refused = answered(tmp_path, configure(), networks={"critic_settings": {"hidden_sizes": (9,)}})
    assert (refused.where, refused.expected) == ("$.critic_settings.hidden_sizes", "[9] (command line)")


def test_another_algorithm_than_the_named_one_is_refused(tmp_path: Path) -> None:
    sources = {"trainer_type": "config.yaml:3"}
    refused = answered(tmp_path, configure(), trainer_type="ppo", override_sources=sources)
    assert (refused.code, refused.where) == ("SETTINGS_MISMATCH", "$.trainer_type")
    assert (refused.expected, refused.received) == ("ppo (config.yaml:3)", "counting")


def test_a_setting_that_networks_have_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    refused = answered(tmp_path, configure(), networks={"policy_settings": {"hidden_size": 8}})
    assert (refused.code, refused.where) == ("INVALID_SETTINGS", "$.policy_settings.hidden_size")
    assert "hidden_sizes" in refused.expected


@pytest.mark.parametrize(
    "named",
    [
        {"policy_settings": {"hidden_sizes": [4]}, "critic_settings": {}},
        {"policy_settings": {"hidden_sizes": (4,), "normalizer_clip": 10}},
        {},
    ],
)
def test_only_what_is_named_counts(tmp_path: Path, named: dict[str, dict[str, object]]) -> None:
    start = replace(START, networks=named, trainer_type="counting")
    policy = PolicySettings(hidden_sizes=(4,), activation="elu")
    with World(tmp_path, start=start) as world:
        world.host().join(configure(policy=policy))
