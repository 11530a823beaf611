"""From "batch full" on the host to "the trainer holds it", and from "published" to "in use on the host".

Times are the machine's monotonic clock, read in both processes (Linux). The trainer's clock stops when it has the
message, checked, with its arrays. The host's starts

- back to back: with the full batch at hand, one hand-off after the other, as bare transports are measured;
- in a game: within the tick in which the recorder is full, before open segments are cut and their last observations
  gathered; the code of the hand-off then comes cold from memory, since a hundred other ticks ran in between.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from host_sdk import CommunicatorSettings, PPOTrainer, PPOTrainingSettings, TrainerProcessSettings
from protocol.experience import ExperienceBatch
from protocol.experience_wire import experience_to_message
from tools.bench.handoff_trainer import HELD, PUBLISHED
from tools.bench.noop_game import NoopGame
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

AGENT_COUNT = 100
HAND_OFFS = 100
"""Hand-offs of a round."""
LEARNING_HAND_OFFS = 300
LARGE_HIDDEN_SIZES = (256, 288)
"""With 64 observed floats and 8 actions: about 98,000 parameters."""
WEIGHTS = "weights of 98,000 parameters, published to in use, polling host"
LEARNING = PPOTrainingSettings(steps_per_update=10_000, epochs=3, minibatch_size=256, total_steps=10**9)
"""Updates take longer than the game needs for a batch, so that nearly every one comes while the learner works."""


class StampedTrainer(PPOTrainer):
    """Notes when a batch is full.

    Attributes:
        full_s: when the last one was, by the machine's clock.
        batches: batch id -> when it was.
    """

    full_s = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.batches: dict[int, float] = {}

    def poll(self) -> None:
        """Takes in what came, outside of a tick."""
        self._poll()

    def take_batch(self) -> ExperienceBatch:
        """What is recorded now, as a batch of its own."""
        assert self._recorder is not None
        self._recorder.cut_all(self.interactor.peek_observations(self._recorder.open_agent_ids))
        batch = self._recorder.take()
        assert batch is not None
        return batch

    def hand_off(self, batch: ExperienceBatch) -> None:
        """Sends a batch as it is."""
        assert self._link is not None
        self.full_s = time.perf_counter()
        self._link.hand_over(experience_to_message(self._behavior, batch))
        self._poll()

    def _hand_off(self) -> None:
        if self._recorder is not None and self._recorder.is_full:
            self.full_s = time.perf_counter()
            sent = self.batches_sent
            super()._hand_off()
            if self.batches_sent > sent:
                self.batches[self.batches_sent] = self.full_s
        else:
            super()._hand_off()


@contextmanager
def game_beside(
    arguments: tuple[str, ...],
    shared_memory: bool,
    hidden_sizes: tuple[int, ...] = (128, 128),
    training: PPOTrainingSettings | None = None,
) -> Iterator[tuple[NoopGame, StampedTrainer]]:
    """A game with a trainer of `handoff_trainer`, collecting."""
    command = (sys.executable, "-m", "tools.bench.handoff_trainer", *arguments)
    game = NoopGame(
        AGENT_COUNT,
        TrainerProcessSettings(command=command),
        training_settings=training,
        communicator_settings=CommunicatorSettings(shared_memory=shared_memory),
        hidden_sizes=hidden_sizes,
        trainer_class=StampedTrainer,
    )
    try:
        game.play_until_collecting()
        assert isinstance(game.trainer, StampedTrainer)
        yield game, game.trainer
    finally:
        game.close()


def exchange_again(trainer: StampedTrainer, batch: ExperienceBatch) -> tuple[float, float]:
    """Hands a batch off and waits for what comes of it: seconds of the hand-off, and of the weights on their way."""
    iteration = trainer.iteration
    trainer.hand_off(batch)
    at_hand_s = await_update(trainer, iteration)
    return trainer.metrics[HELD] - trainer.full_s, at_hand_s - trainer.metrics[PUBLISHED]


def await_update(trainer: StampedTrainer, iteration: int) -> float:
    """Polls until weights newer than that are in use; when that was. Raises RuntimeError when training failed."""
    while trainer.iteration == iteration:
        if trainer.has_training_failed:
            raise RuntimeError(str(trainer.training_failure))
        trainer.poll()
    return time.perf_counter()


def exchange(game: NoopGame, trainer: StampedTrainer) -> tuple[float, float]:
    """Plays until one batch is handed off and answered: seconds of the hand-off, and of the weights on their way."""
    iteration, sent = trainer.iteration, trainer.batches_sent
    while trainer.batches_sent == sent:
        game.tick()
    at_hand_s = await_update(trainer, iteration)
    return trainer.metrics[HELD] - trainer.full_s, at_hand_s - trainer.metrics[PUBLISHED]


def back_to_back(
    steps: int, rounds: int, *, shared_memory: bool, hidden_sizes: tuple[int, ...] = (128, 128)
) -> tuple[Spread, Spread]:
    """One exchange after the other with an idle trainer.

    Returns:
        Milliseconds of a hand-off of so many steps, and of the weights from published to in use.
    """
    hand_offs: list[float] = []
    arrivals: list[float] = []
    with game_beside(("echo", str(2 * steps)), shared_memory, hidden_sizes) as (game, trainer):
        for _ in range(steps // AGENT_COUNT):
            game.tick()
        batch = trainer.take_batch()
        ids = itertools.count(batch.batch_id)
        for _ in range(rounds + 1):
            times = [exchange_again(trainer, replace(batch, batch_id=next(ids))) for _ in range(HAND_OFFS)]
            hand_offs.append(1000 * statistics.median(there for there, _ in times))
            arrivals.append(1000 * statistics.median(back for _, back in times))
    return Spread.of(hand_offs[1:]), Spread.of(arrivals[1:])


def in_a_game(
    steps: int, rounds: int, *, shared_memory: bool, hidden_sizes: tuple[int, ...] = (128, 128)
) -> tuple[Spread, Spread]:
    """The same with each hand-off from within a tick, and all the ticks of a batch in between."""
    with game_beside(("echo", str(steps)), shared_memory, hidden_sizes) as (game, trainer):
        medians = []
        for _ in range(rounds + 1):
            times = [exchange(game, trainer) for _ in range(HAND_OFFS)]
            medians.append([1000 * statistics.median(part) for part in zip(*times, strict=True)])
    return Spread.of([there for there, _ in medians[1:]]), Spread.of([back for _, back in medians[1:]])


def hand_off_while_learning(*, shared_memory: bool) -> list[float]:
    """Milliseconds of each hand-off that came while the learner worked."""
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        stamps = Path(folder) / "stamps"
        with game_beside((str(stamps),), shared_memory, training=LEARNING) as (game, trainer):
            deadline = time.monotonic() + 120.0
            while trainer.batches_sent < LEARNING_HAND_OFFS and time.monotonic() < deadline:
                game.tick()
                time.sleep(0.0005)
            full = dict(trainer.batches)
        lines = [line.split() for line in stamps.read_text(encoding="utf-8").splitlines()]
    return [
        1000 * (float(held_s) - full[int(batch)])
        for batch, held_s, is_learning in lines
        if is_learning == "1" and int(batch) in full
    ]


def run(options: BenchOptions) -> list[BenchRow]:
    """Idle at three sizes, from within a game, while learning, and the weights; shared memory beside the socket."""
    rounds = options.rounds
    rows = []
    for steps in (1_000, 10_000, 100_000):
        ours, _ = back_to_back(steps, rounds, shared_memory=True)
        peer, _ = back_to_back(steps, rounds, shared_memory=False)
        target = "median <= 0.15" if steps == 10_000 else ""
        rows.append(_row(f"{steps:,} steps, batch full to held, trainer idle, back to back", ours, peer, target))
    (ours, ours_back), (peer, peer_back) = [
        in_a_game(10_000, rounds, shared_memory=shared, hidden_sizes=LARGE_HIDDEN_SIZES) for shared in (True, False)
    ]
    rows.append(_row("10,000 steps, from within a game's tick, cutting included", ours, peer, ""))
    rows.append(_row(f"{WEIGHTS}, between a game's hand-offs", ours_back, peer_back, ""))
    (_, ours_back), (_, peer_back) = [
        back_to_back(1_000, rounds, shared_memory=shared, hidden_sizes=LARGE_HIDDEN_SIZES) for shared in (True, False)
    ]
    rows.append(_row(f"{WEIGHTS}, back to back", ours_back, peer_back, "median <= 0.3"))
    times = sorted(hand_off_while_learning(shared_memory=True))
    rows.append(
        BenchRow(
            bench="handoff",
            name="10,000 steps, trainer learning: 99th percentile",
            median=times[int(0.99 * len(times))],
            low=times[0],
            high=times[-1],
            unit="ms",
            target="median <= 5",
            note=f"of {len(times)} hand-offs, whose median is {statistics.median(times):.2f} ms",
        )
    )
    return rows


def _row(name: str, ours: Spread, peer: Spread | None, target: str) -> BenchRow:
    return BenchRow(
        bench="handoff",
        name=name,
        median=ours.median,
        low=ours.low,
        high=ours.high,
        unit="ms",
        peer_name="the same through the socket (ipc)" if peer is not None else "",
        peer_median=peer.median if peer is not None else None,
        ratio=ours.median / peer.median if peer is not None else None,
        target=target,
    )
