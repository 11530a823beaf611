"""Make the golden bytes of every message under tests/golden/: `python -m tools.golden`.

Run it when the protocol was changed on purpose, and look at the difference before it is committed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from protocol.codec import encode
from protocol.completion import Completion
from protocol.experience import FloatArray
from protocol.messages import (
    Complete,
    Configure,
    Credit,
    Demonstrations,
    EnvironmentParameters,
    EvaluationResult,
    Experience,
    Failure,
    Heartbeat,
    Hello,
    Message,
    PolicyUpdate,
    Progress,
    Ready,
    Refused,
    Release,
    SharedMemoryAnswer,
    SharedMemoryOffer,
    Statistics,
    Stop,
    Welcome,
)
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.recording import Episode, RecordingHeader
from protocol.recording.header import encode_header
from protocol.recording.layout import encode_block, encode_prelude
from protocol.schema import (
    BoolAction,
    FloatObservation,
    ImageObservation,
    StructObservation,
    action_to_wire,
    observation_to_wire,
)
from protocol.schema_hash import action_hash, observation_hash
from tools.zmtp_frames import join_frames

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
SESSION = 0x0102030405060708
SEQUENCE = 9
_HASH = 0xFEDCBA9876543210


def _floats(*shape: int) -> FloatArray:
    """0, 0.5, 1, … : every element differs, and all are exact."""
    values: FloatArray = np.arange(math.prod(shape), dtype=np.float32) * np.float32(0.5)
    return values.reshape(shape)


def _handshake() -> dict[str, Message]:
    return {
        "hello": Hello(
            protocol_version="4.0",
            library="learning-bridge",
            library_version="0.1.0",
            capabilities=("shared-memory",),
            token="a1b2c3",
            previous_session=0,
            host_name="workstation",
            process_id=4711,
        ),
        "welcome": Welcome(
            session_id=SESSION,
            host_index=2,
            random_seed=123456789,
            protocol_version="4.0",
            library="learning-bridge",
            library_version="0.1.0",
            heartbeat_interval_s=1.0,
            host_timeout_s=10.0,
            resumed=True,
            last_consumed={"soldier": 4},
            last_accepted={"soldier": 5},
        ),
        "refused": Refused(
            code="SETTINGS_MISMATCH",
            behavior="soldier",
            where="$.learning_rate",
            expected="0.0003",
            received="0.001",
            remedy="give every host the same settings",
        ),
    }


def _configure(start: str, version: int, weights: FloatArray | None) -> Configure:
    """The schemas and hashes are real: SPEC.md computes them by hand."""
    observation = StructObservation((("speed", FloatObservation(scale=2.0)),))
    action = BoolAction()
    policy_settings = PolicySettings(hidden_sizes=(2,))
    critic_settings = CriticSettings(hidden_sizes=(2,))
    return Configure(
        behavior="soldier",
        observation_schema=observation_to_wire(observation),
        action_schema=action_to_wire(action),
        observation_hash=observation_hash(observation),
        action_hash=action_hash(action),
        network_hash=build_policy_spec(observation, action, policy_settings).hash,
        critic_network_hash=build_critic_spec(observation, policy_settings, critic_settings).hash,
        policy_settings=policy_settings.to_wire(),
        critic_settings=critic_settings.to_wire(),
        trainer_type="ppo",
        settings={"learning_rate": 0.001, "target_kl": None, "normalize_advantages": True},
        agent_count=64,
        start=start,
        checkpoint="",
        version=version,
        wants_critic=False,
        weights=weights,
    )


def _configuration() -> dict[str, Message]:
    return {
        "configure": _configure("weights", 7, _floats(10)),
        "configure_fresh": _configure("fresh", 0, None),
        "ready": Ready(
            last_consumed=5,
            behavior="soldier",
            steps_per_hand_off=2048,
            horizon=0,
            buffer_count=2,
            synchronous=False,
            required_fields=("observations", "actions", "rewards", "log_probs"),
            settings={"learning_rate": 0.001},
            policy_version=7,
            iteration=5,
            run_directory="results/soldier",
        ),
    }


def _experience() -> Experience:
    """T=3 rows, N=2 lanes, O=2, A=1, K=2 segments, R=3 runs, E=1 ended episode."""
    return Experience(
        behavior="soldier",
        batch_id=6,
        unrecorded_steps=10,
        dropped_actions=1,
        non_finite_steps=0,
        observations=_floats(3, 2, 2),
        actions=_floats(3, 2, 1),
        rewards=_floats(3, 2),
        log_probs=-_floats(3, 2),
        segments=np.array([[0, 0, 3, 0, 11, 0, 2, 1], [1, 1, 2, 1, 12, 40, 0, 1]], np.int64),
        final_observations=_floats(2, 2),
        version_runs=np.array([[0, 0, 6], [0, 2, 7], [1, 0, 7]], np.int64),
        episode_returns=np.array([2.5], np.float64),
        episode_lengths=np.array([3], np.int32),
    )


def _remembered_images() -> Experience:
    """The same with I=3 and H=1."""
    return replace(
        _experience(),
        images=np.arange(200, 218, dtype=np.uint8).reshape(3, 2, 3),
        memory=_floats(3, 2, 1),
        initial_memory=_floats(2, 1),
        final_images=np.arange(250, 256, dtype=np.uint8).reshape(2, 3),
        final_memory=_floats(2, 1),
    )


def _demonstrations() -> Demonstrations:
    """S=3 steps of E=2 episodes, O=2, A=1."""
    return Demonstrations(
        behavior="soldier",
        batch_id=1,
        is_last=True,
        observations=_floats(3, 2),
        actions=_floats(3, 1),
        rewards=_floats(3),
        final_observations=_floats(2, 2),
        table=np.array([[2, 1, 0, 11], [1, 2, 1, 12]], np.int64),
    )


def _policy_update(weights: FloatArray, critic_weights: FloatArray | None) -> PolicyUpdate:
    return PolicyUpdate(
        behavior="soldier",
        network_hash=_HASH,
        version=8,
        iteration=8,
        is_final=critic_weights is None,
        metrics={"policy_loss": -0.25},
        weights=weights,
        critic_weights=critic_weights,
    )


def _training() -> dict[str, Message]:
    return {
        "experience": _remembered_images(),
        "experience_modified": replace(_experience(), action_modifiers=_floats(3, 2, 2)),
        "demonstrations": _demonstrations(),
        "demonstrations_seen": replace(
            _demonstrations(),
            images=np.arange(200, 209, dtype=np.uint8).reshape(3, 3),
            action_modifiers=_floats(3, 2),
            final_images=np.arange(250, 256, dtype=np.uint8).reshape(2, 3),
        ),
        "policy_update": _policy_update(_floats(5), _floats(3)),
        "policy_update_large": _policy_update(_floats(300), None),
        "progress": Progress(phase="learning", counter=1000, iteration=7, pending_batches=1),
        "heartbeat": Heartbeat(unrecorded_steps=10),
        "credit": Credit(behavior="soldier", batch_id=6),
        "shared_memory_offer": SharedMemoryOffer(segment="learning-bridge-memory-4712-0123456789abcdef"),
        "shared_memory_answer": SharedMemoryAnswer(is_accepted=False, reason="no such file"),
        "release": Release(arena="learning-bridge-memory-4712-0123456789abcdef", offset=4096),
        "environment_parameters": EnvironmentParameters(
            serial=2,
            samplers={"gravity": {"sampler_type": "uniform", "seed": 7, "min_value": 7.0, "max_value": 12.0}},
            requires_reset=True,
        ),
        "statistics": Statistics(
            behavior="soldier",
            entries={"Player/Jumps": {"aggregation": "average", "count": 3, "value": 4.5}},
        ),
        "evaluation_result": EvaluationResult(
            behavior="soldier",
            policy_version=8,
            steps=1000,
            episodes=4,
            return_mean=12.5,
            return_std=0.5,
            length_mean=250.0,
        ),
    }


def _endings() -> dict[str, Message]:
    return {
        "complete": Complete(behavior="soldier", reason="total_steps reached"),
        "stop": Stop(reason="the game was closed", shutdown=True),
        "failure": Failure(
            code="DIVERGED", behavior="soldier", reason="weights became NaN", remedy="lower learning_rate"
        ),
    }


EXAMPLES: dict[str, Message] = {**_handshake(), **_configuration(), **_training(), **_endings()}
"""File name -> a message; every type is there, and every optional array with and without."""


def golden_recording() -> bytes:
    """The file of a recording of two episodes, one of which has no rewards."""
    header = RecordingHeader(
        StructObservation((("speed", FloatObservation(scale=2.0)), ("map", ImageObservation(1, 2, 1)))),
        BoolAction(),
        has_modifiers=True,
        metadata={"level": "1"},
    )
    sizes = header.sizes
    episodes = [
        Episode(
            observations=_floats(count, sizes.observation),
            images=np.arange(count * sizes.image, dtype=np.uint8).reshape(count, sizes.image),
            actions=np.ones((count, sizes.action), np.float32),
            action_modifiers=np.zeros((count, sizes.modifier), np.float32),
            rewards=_floats(count) if has_rewards else np.full(count, np.nan, np.float32),
            final_observation=_floats(sizes.observation),
            final_image=np.full(sizes.image, 255, np.uint8),
            completion=completion,
            agent_id=count,
            serial=10 + count,
        )
        for count, completion, has_rewards in ((3, Completion.TERMINATION, True), (1, Completion.TRUNCATION, False))
    ]
    return encode_prelude(encode_header(header)) + b"".join(encode_block(episode) for episode in episodes)


def golden_bytes(message: Message) -> bytes:
    """The message on a ZMTP stream: a Hello as the first of its connection, others within a session."""
    is_first = isinstance(message, Hello)
    return join_frames(encode(message, 0 if is_first else SESSION, 1 if is_first else SEQUENCE))


def main() -> None:
    """Write every file, and remove those that no example makes any more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.bin"):
        if path.stem not in EXAMPLES:
            path.unlink()
    for name, message in EXAMPLES.items():
        (FOLDER / f"{name}.bin").write_bytes(golden_bytes(message))
    (FOLDER / "recording.lbr").write_bytes(golden_recording())


if __name__ == "__main__":
    main()
