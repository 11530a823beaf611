"""`python -m host_sdk.adapters.gymnasium`: train, evaluate or record a policy on a Gymnasium environment.

Of a run's configuration it takes the networks, the number of training areas, as copies, and whether to act by the mode.
Nothing of `engine_settings` means anything here: nothing is drawn, and no clock is followed, so that every world is
stepped as fast as the machine can, whatever its `time_scale`.
"""

from __future__ import annotations

import argparse
import json
import sys

import gymnasium

from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, add_training_options, agent_count, read_settings
from host_sdk.host_program.episode_evaluation import add_playing_options, print_evaluation
from host_sdk.host_program.rollout_options import RolloutOptions, add_rollout_options, read_rollout_options
from host_sdk.host_program.rollouts import play_rollouts
from host_sdk.host_program.simulator_training import train_simulator
from host_sdk.host_program.training_loop import INTERRUPTED
from host_sdk.host_program.training_method import add_method_options, method_settings
from protocol.errors import BridgeError
from protocol.policy_file import load_policy

DEFAULT_AGENTS = 8


def make_parser() -> argparse.ArgumentParser:
    """The options of the program."""
    parser = argparse.ArgumentParser(
        prog="python -m host_sdk.adapters.gymnasium",
        description="Copies of a Gymnasium environment as the agents of one host. A trainer that launched this "
        "program is attached to; else one is launched.",
    )
    parser.add_argument("--env-id", required=True, help="as CartPole-v1, or module:Name-v0 to import the module first")
    parser.add_argument("--env-arguments", type=json.loads, default={}, metavar="JSON", help="for gymnasium.make")
    parser.add_argument(
        "--agents", type=int, help=f"copies of the environment (default: the run's num_areas, else {DEFAULT_AGENTS})"
    )
    add_playing_options(parser)
    add_training_options(parser)
    add_rollout_options(parser)
    add_method_options(parser)
    return parser


def evaluate(options: argparse.Namespace) -> int:
    """Play whole episodes of a policy file and print the figures as one line of JSON."""
    settings = load_policy(options.evaluate).policy_settings
    maker = environment_maker(options.env_id, options.env_arguments)
    with GymnasiumHost(maker, options.agents, seed=options.seed, policy_settings=settings) as host:
        return print_evaluation(host, options.env_id, options)


def play(options: argparse.Namespace, rollouts: RolloutOptions) -> int:
    """Play whole episodes, record them where a file is given, and print lines of JSON."""
    maker = environment_maker(options.env_id, options.env_arguments)
    with GymnasiumHost(maker, options.agents, seed=options.seed, policy_settings=rollouts.policy_settings()) as host:
        return play_rollouts(host, f"gymnasium:{options.env_id}", rollouts)


def train(options: argparse.Namespace, settings: HostSettings) -> int:
    """Train until the trainer is done; the exit code of `main`."""
    maker = environment_maker(options.env_id, options.env_arguments)
    with GymnasiumHost(maker, options.agents, seed=options.seed, policy_settings=settings.policy) as host:
        return train_simulator(host, options.env_id, options, settings)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 complete, 1 failed, 2 wrong or declined settings, 130 interrupted."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        options.agents = agent_count(options, DEFAULT_AGENTS)
        if options.evaluate is not None:
            return evaluate(options)
        if (rollouts := read_rollout_options(options)) is not None:
            return play(options, rollouts)
        return train(options, read_settings(options, method_settings(options)))
    except InvalidSettingsError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BridgeError, gymnasium.error.Error, ModuleNotFoundError, ValueError) as error:
        print(f"{options.env_id}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
