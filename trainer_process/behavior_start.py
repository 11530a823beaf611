"""The start of a behavior: its first Configure made into an algorithm, fresh, from weights or from a checkpoint.

Importing this module imports torch, which takes seconds; the server leaves that to the learner thread.
"""

from __future__ import annotations

import logging
from pathlib import Path

from protocol.errors import PolicyFileError, WeightsError
from protocol.field_rule import shorten
from protocol.messages import Configure, Refused
from protocol.schema import action_to_wire, observation_to_wire
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.base import Algorithm, AlgorithmSettings
from trainer_process.algorithms.played_policy import PlayedPolicy
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.registry import algorithm_entry
from trainer_process.behavior_plan import BehaviorPlan, make_plan
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_folder import find_checkpoint, latest_checkpoint, remove_newer
from trainer_process.errors import CheckpointError, ConfigurationRefusedError, SettingsError
from trainer_process.learner import ReportProgress
from trainer_process.priority import cap_torch_threads
from trainer_process.run_folder import BehaviorFolder
from trainer_process.seeding import seed_global_generators
from trainer_process.settings_resolution import FROM_HOST
from trainer_process.start_point import find_start
from trainer_process.start_settings import StartSettings, StartSettingsOf
from trainer_process.started_behavior import StartedBehavior

logger = logging.getLogger(__name__)


def start_behavior(
    configure: Configure, report_progress: ReportProgress, *, folder: BehaviorFolder, start_of: StartSettingsOf
) -> StartedBehavior:
    """Makes a behavior out of its first Configure.

    Raises:
        ConfigurationRefusedError: a schema, a setting, weights or a checkpoint can't be used.
        RunFolderError: the folder can't be made.
    """
    try:
        settings = start_of(configure.behavior)
    except SettingsError as error:
        raise _not_configured(configure, error) from error
    cap_torch_threads(settings.torch_threads)
    plan = make_plan(configure, settings)
    report_progress()
    seed_global_generators(plan.settings.seed)
    algorithm = _make_algorithm(configure, plan, settings.checkpoint_root)
    report_progress()
    try:
        goes_on = _place_at_start(algorithm, plan, configure, folder, settings)
    except (CheckpointError, PolicyFileError, WeightsError) as error:
        raise _unusable_start(configure, error) from error
    if not settings.learns:
        algorithm, folder = PlayedPolicy(algorithm, plan.spec), folder.of_playing()
    elif goes_on is None:
        folder.set_aside_checkpoints()
    folder.create()
    folder.write_settings(_describe(plan))
    return StartedBehavior(plan, algorithm, folder, settings, goes_on=goes_on)


def _make_algorithm(configure: Configure, plan: BehaviorPlan, root: Path | None) -> Algorithm:
    """Raises ConfigurationRefusedError where a setting doesn't go with the schemas, or names a file of no use."""
    try:
        return algorithm_entry(plan.trainer_type).make(plan.spec, _with_reward_inside(plan, root))
    except SettingsError as error:
        answer = Refused(
            code="INVALID_SETTINGS",
            behavior=configure.behavior,
            where=error.path,
            expected=shorten(error.expected),
            received=shorten(error.received),
            remedy="mend the setting where it was given: in the host, or with --set on the trainer's command line",
        )
        raise ConfigurationRefusedError(answer) from error


def _with_reward_inside(plan: BehaviorPlan, root: Path | None) -> AlgorithmSettings:
    """The settings, with the path of a reward that a host named taken as one inside the results, as a checkpoint's."""
    settings = plan.settings
    if not isinstance(settings, PPOSettings) or not settings.reward_path or plan.sources["reward_path"] != FROM_HOST:
        return settings
    try:
        path = _path_inside(settings.reward_path, root)
    except CheckpointError as error:
        raise SettingsError("$.settings.reward_path", f"a path inside {root}", settings.reward_path) from error
    return settings.model_copy(update={"reward_path": str(path)})


def _place_at_start(
    algorithm: Algorithm, plan: BehaviorPlan, configure: Configure, folder: BehaviorFolder, settings: StartSettings
) -> CheckpointContext | None:
    """Fresh, from weights or from a checkpoint; a run that is resumed goes on whatever the host says.

    Returns:
        Where it stood; None where there is none.
    """
    name = configure.behavior
    if settings.resume and (found := latest_checkpoint(folder.checkpoints)) is not None:
        algorithm.restore(found.state)
        if settings.learns:
            remove_newer(folder.checkpoints, found.iteration)
        logger.info("behavior %r: resumed from %s", name, found.path)
        return found.context
    if configure.start == "weights":
        if configure.weights is None:
            raise WeightsError("start is weights, and Configure brought none")
        algorithm.start_from(WeightsSnapshot(configure.network_hash, configure.version, configure.weights))
        logger.info("behavior %r: starts from the host's weights, version %d", name, configure.version)
    elif configure.start == "checkpoint":
        checkpoint = find_checkpoint(_path_inside(configure.checkpoint, settings.checkpoint_root))
        algorithm.restore(checkpoint.state)
        logger.info("behavior %r: starts from %s", name, checkpoint.path)
    elif settings.start_path is not None:
        start = find_start(settings.start_path, plan)
        algorithm.start_from(start.policy, start.critic)
        logger.info(
            "behavior %r: starts from %s, %s", name, start.path, "with its critic" if start.critic else "critic anew"
        )
    return None


def _path_inside(text: str, root: Path | None) -> Path:
    """A host on another machine may not make the trainer read files outside its results."""
    path = Path(text)
    if root is None:
        return path
    inside = (root / path).resolve()
    if not inside.is_relative_to(root.resolve()):
        raise CheckpointError(f"{text}: expected a path inside {root}, got one that leaves it")
    return inside


def _unusable_start(configure: Configure, error: Exception) -> ConfigurationRefusedError:
    return ConfigurationRefusedError(
        Refused(
            code="INVALID_SETTINGS",
            behavior=configure.behavior,
            where=f"$.{configure.start}",
            expected="weights or a checkpoint of this behavior's network",
            received=shorten(str(error)),
            remedy="start fresh, or name a checkpoint that was made with the same schemas and policy settings",
        )
    )


def _not_configured(configure: Configure, error: SettingsError) -> ConfigurationRefusedError:
    return ConfigurationRefusedError(
        Refused(
            code="INVALID_SETTINGS",
            behavior=configure.behavior,
            where=error.path,
            expected=shorten(error.expected),
            received=shorten(error.received),
            remedy="add the behavior, or default_settings, to the run's configuration; or rename it in the host",
        )
    )


def _describe(plan: BehaviorPlan) -> dict[str, object]:
    spec = plan.spec
    return {
        "behavior": spec.name,
        "trainer_type": plan.trainer_type,
        "settings": plan.settings.to_plain(),
        "sources": dict(plan.sources),
        "policy_settings": spec.policy_settings.to_wire(),
        "critic_settings": spec.critic_settings.to_wire(),
        "observation_schema": observation_to_wire(spec.observation),
        "action_schema": action_to_wire(spec.action),
        "start": plan.first.start,
    }
