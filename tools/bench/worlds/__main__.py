"""`python -m tools.bench.worlds`: trains, or evaluates, a policy on one of the small worlds."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, add_training_options, read_settings
from host_sdk.host_program.episode_evaluation import evaluate_episodes
from host_sdk.host_program.simulator_training import train_simulator
from host_sdk.host_program.training_loop import INTERRUPTED
from host_sdk.host_program.training_method import add_method_options, method_settings
from protocol.errors import BridgeError
from protocol.policy_file import load_policy
from tools.bench.worlds.catalogue import WORLDS
from tools.bench.worlds.host import WorldHost


def make_parser() -> argparse.ArgumentParser:
    """The options of the program."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench.worlds",
        description="Copies of a small world as the agents of one host. A trainer that launched this program is "
        "attached to; else one is launched.",
    )
    parser.add_argument("--world", required=True, choices=sorted(WORLDS))
    parser.add_argument("--flat", action="store_true", help="see and act without structure")
    parser.add_argument("--agents", type=int, default=16, help="copies of the world")
    parser.add_argument("--evaluate", type=Path, metavar="POLICY.lbp", help="play this policy file, without a trainer")
    parser.add_argument("--episodes", type=int, default=100, help="of an evaluation")
    add_training_options(parser)
    add_method_options(parser)
    return parser


def evaluate(options: argparse.Namespace) -> int:
    """Plays whole episodes of the policy file's mode and prints the figures as one line of JSON."""
    settings = load_policy(options.evaluate).policy_settings
    host = WorldHost(options.world, options.agents, seed=options.seed, is_flat=options.flat, policy_settings=settings)
    host.policy.load_policy(options.evaluate)
    started_s = time.monotonic()
    figures = evaluate_episodes(host, options.episodes).figures()
    print(json.dumps({"env_id": options.world, **figures, "seconds": round(time.monotonic() - started_s, 2)}))
    return 0


def train(options: argparse.Namespace, settings: HostSettings) -> int:
    """Trains until the trainer is done; 0 complete, 1 failed, 130 interrupted."""
    host = WorldHost(
        options.world, options.agents, seed=options.seed, is_flat=options.flat, policy_settings=settings.policy
    )
    return train_simulator(host, options.world, options, settings)


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code: 0 complete, 1 failed, 2 wrong options, 130 interrupted."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        if options.evaluate is not None:
            return evaluate(options)
        return train(options, read_settings(options, method_settings(options)))
    except InvalidSettingsError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BridgeError, ValueError) as error:
        print(f"{options.world}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
