"""What ML-Agents has and this project hasn't: refused by name, with the nearest thing that it does.

Nothing is left out in silence: what a file asks for is done, refused here, or told as a warning where it is of no
effect in ML-Agents either, or none can come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from trainer_process.configuration.place import KeyPath, dotted
from trainer_process.configuration.problem import Problem, shown
from trainer_process.configuration.value_tree import ValueTree


def _is_there(value: object) -> bool:
    """Whether a value is anything but null."""
    return value is not None


@dataclass(frozen=True)
class Refusal:
    """One thing that can't be done.

    Attributes:
        expected: what may stand there.
        nearest: what to do in its place.
        applies: to which values.
    """

    expected: str
    nearest: str
    applies: Callable[[object], bool] = _is_there


def _is(*wrong: object) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str | bool) and value in wrong


def _is_foreign_model(value: object) -> bool:
    return isinstance(value, str) and value.lower().endswith((".onnx", ".nn", ".pt", ".tf", ".sentis"))


_PPO = "trainer_type: ppo is the nearest"
_NO_SIGNAL = "nothing there, since no such reward is computed yet"
_RECORDING = "learning-bridge convert makes a recording of .demo files"

OF_BEHAVIORS: Mapping[str, Refusal] = {
    "trainer_type": Refusal(
        "ppo, or this project's own airl, bc, dagger or gail",
        f"{_PPO}; it learns from each agent by itself, and from what it does now",
        _is("mappo", "poca", "sac"),
    ),
    "hyperparameters.shared_critic": Refusal("false", "policy and critic are networks of their own", _is(True)),
    "network_settings.goal_conditioning_type": Refusal(
        "none", "goals are observations like others here: leave the key out, or write none", _is("hyper")
    ),
    "network_settings.vis_encode_type": Refusal(
        "simple",
        "how images are read is said in the host's schema: leave the key out, and give the schema's image(…) its "
        "filters, as filters=(32, 64, 64) in place of nature_cnn; fully_connected is continuous(…)",
        _is("fully_connected", "match3", "nature_cnn", "resnet"),
    ),
    "reward_signals.curiosity": Refusal(_NO_SIGNAL, "have the game reward what is new, beside its own reward"),
    "reward_signals.rnd": Refusal(_NO_SIGNAL, "have the game reward what is new, beside its own reward"),
    "reward_signals.gail": Refusal(
        "nothing there, since no reward is mixed with the game's yet",
        f"{_RECORDING}, and learning-bridge imitate RECORDING --method gail learns from it alone; to go on from there "
        "with the game's reward, name the result in init_path",
    ),
    "behavioral_cloning": Refusal(
        "nothing there, since no loss on demonstrations is mixed with PPO's yet",
        f"{_RECORDING}, and learning-bridge imitate RECORDING clones it; name the result in init_path, and let "
        "settings.critic_warmup_updates teach the critic first",
    ),
    "self_play": Refusal(
        "nothing there, since opponents aren't taken from earlier policies yet",
        "the nearest is one behavior for both teams, which then learn against their newest selves",
    ),
    "init_path": Refusal(
        "a policy file (.lbp), a checkpoint, or the folder of a run or a behavior",
        "weights of ML-Agents can't be read; those that this project wrote can",
        _is_foreign_model,
    ),
}
"""By the path within a behavior, or within default_settings."""


def refused(tree: ValueTree) -> Iterator[Problem]:
    """What in a file can't be done."""
    for behavior in behavior_paths(tree):
        for inner, refusal in OF_BEHAVIORS.items():
            path = (*behavior, *inner.split("."))
            value = tree.get(path)
            if tree.has(path) and refusal.applies(value):
                yield Problem(tree.place(path), path, refusal.expected, shown(value), refusal.nearest)
        yield from _without_reward(tree, (*behavior, "reward_signals"))


def _without_reward(tree: ValueTree, path: KeyPath) -> Iterator[Problem]:
    """Reward signals of which none is the game's reward, and none is refused already."""
    signals = tree.get(path)
    if isinstance(signals, dict) and not any(value is not None for value in signals.values()):
        yield Problem(tree.place(path), path, "extrinsic, the game's own reward", shown(signals), "leave the key out")


def behavior_paths(tree: ValueTree) -> list[KeyPath]:
    """Where the settings of behaviors stand: default_settings, and each behavior that is named."""
    defaults: list[KeyPath] = [("default_settings",)] if tree.get(("default_settings",)) is not None else []
    return defaults + [("behaviors", name) for name in tree.mapping(("behaviors",))]


OF_NO_EFFECT: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "checkpoint_settings.train_model": (_is(True), "it is of no effect, in ML-Agents too: training is what happens"),
    "env_settings.base_port": (_is_there, "it is not needed: hosts are told where to connect"),
}
"""By the path: which values are of no effect, and why that does no harm."""


def of_no_effect(tree: ValueTree) -> Iterator[str]:
    """What in a file is of no effect, a sentence each."""
    for inner, (applies, reason) in OF_NO_EFFECT.items():
        path: KeyPath = tuple(inner.split("."))
        if tree.has(path) and applies(tree.get(path)):
            yield f"{tree.place(path)}: $.{inner}: {reason}"
    told = set()
    for behavior in behavior_paths(tree):
        path = (*behavior, "reward_signals", "extrinsic", "network_settings")
        place = tree.place(path)
        if tree.get(path) is not None and place not in told:
            told.add(place)
            yield f"{place}: $.{dotted(path)}: it is of no effect, in ML-Agents too: the game's reward has no network"
