"""The seam between a behavior and what it learns with: every algorithm is one `Algorithm`.

An algorithm never sees a socket. It takes in experience, updates when it has enough, and gives weights back:

    add_experience, add_demonstrations ─► is_ready ─► update ─► policy_snapshot, UpdateReport
                                                        │
                                                        └─► state ─► a checkpoint ─► restore
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from protocol.action_layout import ActionLayout
from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec
from protocol.observation_layout import ObservationLayout
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.recording import Episode
from protocol.schema import ActionElement, ObservationElement
from protocol.weights import WeightsSnapshot
from trainer_process.errors import ExperienceError
from trainer_process.settings import Settings

ReportProgress = Callable[[], None]


class AlgorithmSettings(Settings):
    """What every algorithm's settings have.

    Attributes:
        seed: initial weights and every random draw of the algorithm come from it.
        device: where torch computes.
    """

    seed: int = Field(default=1234, ge=0, lt=2**63)
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$")


class ExperienceSettings(AlgorithmSettings):
    """What the settings of algorithms have that learn from experience.

    Attributes:
        total_steps: agent-steps of experience after which training is complete; schedules end there.
    """

    total_steps: int = Field(default=1_000_000, ge=1)


@dataclass(frozen=True)
class BehaviorSpec:
    """What a behavior is, before any training: its name, its vectors and its two networks."""

    name: str
    observation: ObservationElement
    action: ActionElement
    policy_settings: PolicySettings
    critic_settings: CriticSettings
    observation_layout: ObservationLayout
    action_layout: ActionLayout
    policy_spec: NetworkSpec
    critic_spec: NetworkSpec

    @classmethod
    def create(
        cls,
        name: str,
        observation: ObservationElement,
        action: ActionElement,
        policy_settings: PolicySettings | None = None,
        critic_settings: CriticSettings | None = None,
    ) -> BehaviorSpec:
        """Derives layouts and networks, deterministically, from the schemas and settings."""
        policy_settings = policy_settings or PolicySettings()
        critic_settings = critic_settings or CriticSettings()
        return cls(
            name=name,
            observation=observation,
            action=action,
            policy_settings=policy_settings,
            critic_settings=critic_settings,
            observation_layout=ObservationLayout.of(observation),
            action_layout=ActionLayout.of(action),
            policy_spec=build_policy_spec(observation, action, policy_settings),
            critic_spec=build_critic_spec(observation, policy_settings, critic_settings),
        )


class ConsumedBatch(NamedTuple):
    """A batch that needs to be kept no longer: its host gets credit for it."""

    host_index: int
    batch_id: int


@dataclass(frozen=True)
class UpdateReport:
    """What came of one update.

    Attributes:
        metrics: finite numbers by name (`trainer_process.metrics` lists the names).
        consumed: the batches that this update used up, in the order in which they came.
    """

    metrics: Mapping[str, float]
    consumed: tuple[ConsumedBatch, ...]


@dataclass(frozen=True)
class AlgorithmState:
    """All that an algorithm needs to go on as if it had never stopped.

    Attributes:
        arrays: numpy arrays by name, of any dtype that safetensors knows.
        values: the rest, as JSON holds it.
    """

    arrays: dict[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)


class Algorithm(ABC):
    """One way of learning one behavior.

    `update` runs on the learner's thread. `add_experience`, `add_demonstrations` and `is_ready` may be called from
    another thread meanwhile; everything else belongs to the thread that updates, between two updates.
    """

    name: ClassVar[str]

    @property
    @abstractmethod
    def version(self) -> int:
        """The version of the policy's weights: 0 is what the host built; every update raises it by one."""

    @property
    @abstractmethod
    def iteration(self) -> int:
        """Updates so far."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """Agent-steps of experience consumed so far."""

    @property
    @abstractmethod
    def total_steps(self) -> int:
        """Agent-steps after which training is complete, as far as that is known; 0 where it isn't yet."""

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether there is nothing left to learn: all the steps that the settings ask for were consumed, or earlier."""

    @abstractmethod
    def collection_contract(self, host_count: int) -> CollectionContract:
        """What each of `host_count` hosts must collect; raises ValueError for fewer than one."""

    @abstractmethod
    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        """Takes a batch in that `protocol.experience_wire.validate_batch` let pass; cheap.

        Its arrays must stay as they are until it is reported as consumed.

        Raises:
            ExperienceError: the batch doesn't fit the behavior; nothing was taken in.
        """

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        """Takes recorded episodes in, whose sizes and numbers were checked; cheap.

        Args:
            episodes: in the order of the recording; their arrays are views of memory that stays as it is.
            is_last: whether these are all for now, so that learning may begin.

        Raises:
            ExperienceError: the algorithm learns from experience alone.
        """
        raise ExperienceError(
            f"{self.name} learns from experience, and takes no demonstrations: use bc, dagger, gail or airl, or clone "
            "them first and let it go on from the clone"
        )

    @abstractmethod
    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """Whether `update` has enough to work with, given the hosts that are still there."""

    @abstractmethod
    def update(self, report_progress: ReportProgress) -> UpdateReport:
        """Learns from what was taken in; calls `report_progress` at least once per minibatch.

        Raises:
            DivergedError: learning left the finite numbers; weights and version are those from before.
        """

    @abstractmethod
    def policy_snapshot(self) -> WeightsSnapshot:
        """The policy's weights as hosts should use them now; a copy that no update writes to."""

    @abstractmethod
    def critic_snapshot(self) -> WeightsSnapshot | None:
        """The critic's weights, for hosts that want them; None where the algorithm has no critic of that form."""

    def files(self) -> Mapping[str, bytes]:
        """What else a run keeps beside the policy's file, as file names and contents: nothing, or a learned reward."""
        return {}

    @abstractmethod
    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        """Goes on from weights that a host or a policy file brought, with their normaliser and version.

        Raises:
            WeightsError: they don't fit the network or aren't finite.
        """

    @abstractmethod
    def raise_version(self, version: int) -> None:
        """Calls the weights as they are by that version, unless they have a higher one.

        For a training that is gone on with: hosts may have weights of a time that is undone, and no version shall mean
        two policies.
        """

    @abstractmethod
    def state(self) -> AlgorithmState:
        """Everything that `restore` needs; copies that no update writes to."""

    @abstractmethod
    def restore(self, state: AlgorithmState) -> None:
        """Goes on from a saved state.

        Raises:
            CheckpointError: the state isn't one of this algorithm, or of another network.
        """
