"""Trainers for the hand-off bench, which note when they hold a batch.

`python -m tools.bench.handoff_trainer echo …` learns nothing, and tells its host the times with each set of weights.
`python -m tools.bench.handoff_trainer FILE …` is the real trainer; it writes a line for each batch.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TextIO

from protocol.initial_weights import initial_weights
from protocol.messages import Configure, Demonstrations, Experience
from protocol.network_builder import build_policy_spec
from protocol.policy_settings import PolicySettings
from protocol.schema import action_from_wire, observation_from_wire
from tools.echo_trainer import EchoSettings, EchoTrainer, run_launched
from trainer_process.behavior import Behavior
from trainer_process.session import Session

HELD = "held_s"
PUBLISHED = "published_s"


class StampingTrainer(EchoTrainer):
    """Says with its weights when it held the batch, and when it began to publish, by the machine's clock."""

    held_s = 0.0

    def configure(self, configure: Configure) -> None:
        """As the echo trainer; a host that starts fresh gets the weights that it has."""
        super().configure(configure)
        settings = PolicySettings.from_wire(configure.policy_settings)
        observation = observation_from_wire(configure.observation_schema)
        spec = build_policy_spec(observation, action_from_wire(configure.action_schema), settings)
        self._weights = initial_weights(spec, settings.seed)

    def take(self, experience: Experience) -> None:
        self.held_s = time.perf_counter()
        super().take(experience)

    def measured(self) -> dict[str, float]:
        return {HELD: self.held_s, PUBLISHED: time.perf_counter()}


def stamp_batches(file: TextIO) -> None:
    """Lets every behavior of this process write down when it is given a batch, and whether it learns meanwhile."""
    accept = Behavior.accept

    def stamped(self: Behavior, session: Session, message: Experience | Demonstrations, seconds: float) -> None:
        now_s = time.perf_counter()
        print(message.batch_id, now_s, int(self.is_updating), file=file, flush=True)
        accept(self, session, message, seconds)

    Behavior.accept = stamped  # type: ignore[method-assign]


def main() -> None:
    """Reads what the bench and the launcher put on the command line."""
    kind = sys.argv.pop(1)
    if kind == "echo":
        steps = int(sys.argv.pop(1))
        run_launched(
            StampingTrainer, EchoSettings(steps), Path(sys.argv[sys.argv.index("--rendezvous") + 1]), publishes=True
        )
        return
    from trainer_process.cli import main as run_trainer

    with Path(kind).open("w", encoding="utf-8") as file:
        stamp_batches(file)
        run_trainer()


if __name__ == "__main__":
    main()
