"""Every message of the protocol as frozen data, with the rule of each field beside its name.

Letters in array shapes: T rows of a lane, N lanes, O observation, I images, A action, M action modifier, H memory,
K segments, R version runs, E episodes, S steps of demonstrations, P policy parameters, Q critic parameters.
"""

# No postponed annotations here: the message table reads them, and compiling each from text took most of the import.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from protocol.experience import ByteArray, Float64Array, FloatArray, Int32Array, Int64Array
from protocol.field_rule import (
    ArrayRule,
    ChoiceRule,
    FlagRule,
    IntegerRule,
    NamesRule,
    RealRule,
    TableRule,
    TextRule,
    TreeRule,
)
from protocol.limits import (
    MAX_AGENTS,
    MAX_BATCH_STEPS,
    MAX_BEHAVIORS,
    MAX_CAPABILITIES,
    MAX_METRICS,
    MAX_NAME_BYTES,
    MAX_TEXT_BYTES,
    MAX_TOKEN_BYTES,
    MAX_UINT64,
)

_NAME_RULE = TextRule(MAX_NAME_BYTES, min_bytes=1)
_METRIC_RULE = RealRule()

Name: TypeAlias = Annotated[str, _NAME_RULE]
NameOrEmpty: TypeAlias = Annotated[str, TextRule(MAX_NAME_BYTES)]
Text: TypeAlias = Annotated[str, TextRule(MAX_TEXT_BYTES)]
Token: TypeAlias = Annotated[str, TextRule(MAX_TOKEN_BYTES)]
Names: TypeAlias = Annotated[tuple[str, ...], NamesRule(MAX_CAPABILITIES, _NAME_RULE)]
Flag: TypeAlias = Annotated[bool, FlagRule()]
Count: TypeAlias = Annotated[int, IntegerRule()]
Serial: TypeAlias = Annotated[int, IntegerRule(low=1)]
Hash: TypeAlias = Annotated[int, IntegerRule(high=MAX_UINT64)]
AgentCount: TypeAlias = Annotated[int, IntegerRule(low=1, high=MAX_AGENTS)]
StepCount: TypeAlias = Annotated[int, IntegerRule(high=MAX_BATCH_STEPS)]
Seconds: TypeAlias = Annotated[float, RealRule(low=0.0, high=1e9)]
Real: TypeAlias = Annotated[float, _METRIC_RULE]
Tree: TypeAlias = Annotated[Mapping[str, object], TreeRule()]
BatchIds: TypeAlias = Annotated[Mapping[str, int], TableRule(MAX_BEHAVIORS, _NAME_RULE, IntegerRule())]
Metrics: TypeAlias = Annotated[Mapping[str, float], TableRule(MAX_METRICS, _NAME_RULE, _METRIC_RULE)]

TO_TRAINER = "host to trainer"
TO_HOST = "trainer to host"
BOTH_WAYS = "both ways"


class Message:
    """Anything that crosses the bridge; each subclass is one type of message, named by its class."""

    direction: ClassVar[str]


@dataclass(frozen=True)
class Hello(Message):
    """The first message of a connection: who speaks, what it can do, and which session it had before."""

    direction: ClassVar[str] = TO_TRAINER
    protocol_version: Name
    library: NameOrEmpty
    library_version: NameOrEmpty
    capabilities: Names
    token: Token
    previous_session: Count
    host_name: NameOrEmpty
    process_id: Count


@dataclass(frozen=True)
class Welcome(Message):
    """The answer to a Hello that is accepted: the session begins, or goes on."""

    direction: ClassVar[str] = TO_HOST
    session_id: Serial
    host_index: Count
    random_seed: Count
    protocol_version: Name
    library: NameOrEmpty
    library_version: NameOrEmpty
    heartbeat_interval_s: Seconds
    host_timeout_s: Seconds
    resumed: Flag
    last_consumed: BatchIds
    last_accepted: BatchIds


@dataclass(frozen=True)
class Refused(Message):
    """The answer to a Hello or a Configure that can't be accepted; names both sides' values."""

    direction: ClassVar[str] = TO_HOST
    code: Name
    behavior: NameOrEmpty
    where: Text
    expected: Text
    received: Text
    remedy: Text


@dataclass(frozen=True, eq=False)
class Configure(Message):
    """What a host wants trained: schemas, settings, and where training starts."""

    direction: ClassVar[str] = TO_TRAINER
    behavior: Name
    observation_schema: Tree
    action_schema: Tree
    observation_hash: Hash
    action_hash: Hash
    network_hash: Hash
    critic_network_hash: Hash
    policy_settings: Tree
    critic_settings: Tree
    trainer_type: Name
    settings: Tree
    agent_count: AgentCount
    start: Annotated[str, ChoiceRule(("fresh", "weights", "checkpoint"))]
    checkpoint: Text
    version: Count
    wants_critic: Flag
    weights: Annotated[FloatArray | None, ArrayRule("float32", "P", is_optional=True)] = None


@dataclass(frozen=True)
class Ready(Message):
    """The answer to a Configure that is accepted: how experience is to be collected."""

    direction: ClassVar[str] = TO_HOST
    behavior: Name
    steps_per_hand_off: Annotated[int, IntegerRule(low=1, high=MAX_BATCH_STEPS)]
    horizon: StepCount
    buffer_count: Annotated[int, IntegerRule(low=1, high=64)]
    synchronous: Flag
    required_fields: Names
    settings: Tree
    policy_version: Count
    iteration: Count
    last_consumed: Count
    run_directory: Text


@dataclass(frozen=True, eq=False)
class Experience(Message):
    """One batch of experience; see `protocol.experience.ExperienceBatch`, whose parts these are."""

    direction: ClassVar[str] = TO_TRAINER
    behavior: Name
    batch_id: Serial
    unrecorded_steps: Count
    dropped_actions: Count
    non_finite_steps: Count
    observations: Annotated[FloatArray, ArrayRule("float32", "T N O")]
    actions: Annotated[FloatArray, ArrayRule("float32", "T N A")]
    rewards: Annotated[FloatArray, ArrayRule("float32", "T N")]
    log_probs: Annotated[FloatArray, ArrayRule("float32", "T N")]
    segments: Annotated[Int64Array, ArrayRule("int64", "K 8")]
    final_observations: Annotated[FloatArray, ArrayRule("float32", "K O")]
    version_runs: Annotated[Int64Array, ArrayRule("int64", "R 3")]
    episode_returns: Annotated[Float64Array, ArrayRule("float64", "E")]
    episode_lengths: Annotated[Int32Array, ArrayRule("int32", "E")]
    images: Annotated[ByteArray | None, ArrayRule("uint8", "T N I", is_optional=True)] = None
    action_modifiers: Annotated[FloatArray | None, ArrayRule("float32", "T N M", is_optional=True)] = None
    memory: Annotated[FloatArray | None, ArrayRule("float32", "T N H", is_optional=True)] = None
    initial_memory: Annotated[FloatArray | None, ArrayRule("float32", "K H", is_optional=True)] = None
    final_images: Annotated[ByteArray | None, ArrayRule("uint8", "K I", is_optional=True)] = None
    final_memory: Annotated[FloatArray | None, ArrayRule("float32", "K H", is_optional=True)] = None


@dataclass(frozen=True, eq=False)
class Demonstrations(Message):
    """Recorded episodes to learn from; see `protocol.recording.FlatEpisodes`, whose parts these are.

    They share the batch ids of Experience, and like it are answered by Credit. `is_last` says that learning may begin;
    more may follow, where the algorithm asks for them round by round.
    """

    direction: ClassVar[str] = TO_TRAINER
    behavior: Name
    batch_id: Serial
    is_last: Flag
    observations: Annotated[FloatArray, ArrayRule("float32", "S O")]
    actions: Annotated[FloatArray, ArrayRule("float32", "S A")]
    rewards: Annotated[FloatArray, ArrayRule("float32", "S")]
    final_observations: Annotated[FloatArray, ArrayRule("float32", "E O")]
    table: Annotated[Int64Array, ArrayRule("int64", "E 4")]
    images: Annotated[ByteArray | None, ArrayRule("uint8", "S I", is_optional=True)] = None
    action_modifiers: Annotated[FloatArray | None, ArrayRule("float32", "S M", is_optional=True)] = None
    final_images: Annotated[ByteArray | None, ArrayRule("uint8", "E I", is_optional=True)] = None


@dataclass(frozen=True, eq=False)
class PolicyUpdate(Message):
    """New weights of a policy, whole, and what the learner measured on the way to them."""

    direction: ClassVar[str] = TO_HOST
    behavior: Name
    network_hash: Hash
    version: Count
    iteration: Count
    is_final: Flag
    metrics: Metrics
    weights: Annotated[FloatArray, ArrayRule("float32", "P")]
    critic_weights: Annotated[FloatArray | None, ArrayRule("float32", "Q", is_optional=True)] = None


@dataclass(frozen=True)
class Progress(Message):
    """The trainer's sign of life and of work; `counter` moves with the learner, not with the clock."""

    direction: ClassVar[str] = TO_HOST
    phase: Annotated[str, ChoiceRule(("waiting", "loading", "learning", "saving"))]
    counter: Count
    iteration: Count
    pending_batches: Count


@dataclass(frozen=True)
class Heartbeat(Message):
    """The host's sign that its game ticks."""

    direction: ClassVar[str] = TO_TRAINER
    unrecorded_steps: Count


@dataclass(frozen=True)
class Credit(Message):
    """A batch was trained on; its buffer may be used again."""

    direction: ClassVar[str] = TO_HOST
    behavior: Name
    batch_id: Serial


@dataclass(frozen=True)
class SharedMemoryOffer(Message):
    """The trainer may share memory: a host that can attach to this segment is on the same machine, as the same user."""

    direction: ClassVar[str] = TO_HOST
    segment: Name


@dataclass(frozen=True)
class SharedMemoryAnswer(Message):
    """Whether the host could attach, so that from here on both sides may refer to memory instead of sending it."""

    direction: ClassVar[str] = TO_TRAINER
    is_accepted: Flag
    reason: Text


@dataclass(frozen=True)
class Release(Message):
    """The host has taken weights out of the trainer's memory, which may be written again."""

    direction: ClassVar[str] = TO_TRAINER
    arena: Name
    offset: Count


@dataclass(frozen=True)
class EvaluationResult(Message):
    """What a host measured while it played a policy without recording."""

    direction: ClassVar[str] = TO_TRAINER
    behavior: Name
    policy_version: Count
    steps: Count
    episodes: Count
    return_mean: Real
    return_std: Real
    length_mean: Real


@dataclass(frozen=True)
class EnvironmentParameters(Message):
    """What the host samples the parameters of its world from, at each episode's beginning, from here on.

    `samplers` holds a sampler for each parameter; see the section Environment parameters of SPEC.md.
    """

    direction: ClassVar[str] = TO_HOST
    serial: Serial
    samplers: Tree
    requires_reset: Flag


@dataclass(frozen=True)
class Statistics(Message):
    """Numbers of the game's own, for the metrics: what was added since the last message of this kind.

    `entries` holds for each name how it is aggregated, and its numbers; see the section Statistics of SPEC.md.
    """

    direction: ClassVar[str] = TO_TRAINER
    behavior: NameOrEmpty
    entries: Tree


@dataclass(frozen=True)
class Complete(Message):
    """Training of a behavior reached its end."""

    direction: ClassVar[str] = TO_HOST
    behavior: Name
    reason: Text


@dataclass(frozen=True)
class Stop(Message):
    """One side leaves; with `shutdown` the trainer ends too."""

    direction: ClassVar[str] = BOTH_WAYS
    reason: Text
    shutdown: Flag


@dataclass(frozen=True)
class Failure(Message):
    """Something went wrong that ends the session, or one behavior of it."""

    direction: ClassVar[str] = BOTH_WAYS
    code: Name
    behavior: NameOrEmpty
    reason: Text
    remedy: Text


MESSAGE_TYPES: tuple[type[Message], ...] = (
    Hello,
    Welcome,
    Refused,
    Configure,
    Ready,
    Experience,
    Demonstrations,
    PolicyUpdate,
    Progress,
    Heartbeat,
    Credit,
    SharedMemoryOffer,
    SharedMemoryAnswer,
    Release,
    EvaluationResult,
    EnvironmentParameters,
    Statistics,
    Complete,
    Stop,
    Failure,
)
