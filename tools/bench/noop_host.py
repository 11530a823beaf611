"""`NoopGame` as a measured program: a host process of its own, with a trainer that only consumes.

`python -m tools.bench.noop_host --agents N` launches its trainer; with `--endpoint` it joins one that runs.
"""

from __future__ import annotations

import argparse

from host_sdk import Communicator
from tools.bench.measured_program import run_on_request
from tools.bench.noop_game import NoopGame, echo_process

STEPS_PER_HAND_OFF = 10_000


def main() -> None:
    """Plays whenever it is asked to; only recorded steps count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, required=True)
    parser.add_argument("--endpoint")
    arguments = parser.parse_args()
    if arguments.endpoint is None:
        communicator = Communicator.make_launched(echo_process(STEPS_PER_HAND_OFF))
    else:
        communicator = Communicator.make_attached(arguments.endpoint)
    game = NoopGame(arguments.agents, communicator)

    def unrecorded_steps() -> int:
        if game.trainer.has_training_failed:
            raise SystemExit(f"noop host: {game.trainer.training_failure}")
        return game.trainer.unrecorded_steps

    try:
        game.play_until_collecting()
        run_on_request(game.tick, arguments.agents, unrecorded_steps)
    finally:
        game.close()


if __name__ == "__main__":
    main()
