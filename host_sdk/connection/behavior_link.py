"""One behavior's end of a communicator: what it asked for, what the trainer granted, what is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from protocol.messages import Complete, Configure, Credit, Demonstrations, Experience, PolicyUpdate, Ready

Batch: TypeAlias = Experience | Demonstrations
"""What is answered by credit."""


class BehaviorLink:
    """What one trainer object of the host says to, and hears from, the trainer process about its behavior.

    Attributes:
        behavior: its name.
        ready: the trainer's grant, once it came.
        complete: the trainer's last word on this behavior, once it came.
        restart_count: connections to a trainer that knew nothing of before.
        has_heard_update: whether weights came since the last of these.
    """

    def __init__(self, make_configure: Callable[[], Configure]) -> None:
        """
        Args:
            make_configure: makes the Configure message of this moment; called again after a connection that could
                not be resumed, so that training starts from the weights that the host then has.
        """
        self._make_configure = make_configure
        self.behavior = make_configure().behavior
        self.ready: Ready | None = None
        self.complete: Complete | None = None
        self.restart_count = 0
        self.has_heard_update = False
        self._update: PolicyUpdate | None = None
        self._released: list[int] = []
        self._in_flight: dict[int, Batch] = {}
        self._last_batch_id = 0
        self._unsent: list[int] = []

    def configure(self) -> Configure:
        """The Configure message to send now."""
        return self._make_configure()

    @property
    def in_flight_count(self) -> int:
        """Batches handed over whose credit has not come back."""
        return len(self._in_flight)

    @property
    def next_batch_id(self) -> int:
        """What no batch was called yet; ids rise as long as the link is there, whatever the batches hold."""
        return self._last_batch_id + 1

    def is_in_flight(self, batch_id: int) -> bool:
        """Whether the batch was handed over and its credit has not come back."""
        return batch_id in self._in_flight

    @property
    def has_update(self) -> bool:
        """Whether new weights wait to be taken."""
        return self._update is not None

    def take_update(self) -> PolicyUpdate | None:
        """The newest weights since the last call; what they overtook is dropped."""
        update, self._update = self._update, None
        return update

    def take_released(self) -> list[int]:
        """Ids of the batches whose buffers may be written again."""
        released, self._released = self._released, []
        return released

    def hand_over(self, batch: Batch) -> None:
        """Queues a batch; the communicator sends it at once where it can, else after it has connected again."""
        self._in_flight[batch.batch_id] = batch
        self._unsent.append(batch.batch_id)
        self._last_batch_id = max(self._last_batch_id, batch.batch_id)

    def next_unsent(self) -> Batch | None:
        """The oldest batch that has to be sent."""
        return self._in_flight[self._unsent[0]] if self._unsent else None

    def mark_sent(self) -> None:
        """The batch of `next_unsent` is on its way."""
        self._unsent.pop(0)

    def hear_update(self, update: PolicyUpdate) -> PolicyUpdate | None:
        """Takes in new weights; returns those that they overtake before anybody took them."""
        self.has_heard_update = True
        overtaken, self._update = self._update, update
        return overtaken

    def hear(self, message: Ready | Credit | Complete) -> None:
        """Takes in one message of the trainer about this behavior."""
        match message:
            case Ready():
                self.ready = message
                for batch_id in [known for known in self._in_flight if known <= message.last_consumed]:
                    self._release(batch_id)
            case Credit(batch_id=batch_id):
                self._release(batch_id)
            case Complete():
                self.complete = message

    def resume(self, last_consumed: int, last_accepted: int) -> None:
        """After a connection made again: forgets what was trained, waits for what was taken, resends the rest."""
        for batch_id in [known for known in self._in_flight if known <= last_consumed]:
            self._release(batch_id)
        self._unsent = [known for known in self._in_flight if known > last_accepted]

    def restart(self) -> None:
        """After a connection to a trainer that knows nothing of before: everything is to be said again.

        What it has learnt from after all, in a checkpoint of the trainer before it, its Ready will say. Demonstrations
        that are under way are dropped: whoever streams them begins at the first one. So are weights that nobody took:
        training goes on from those of `configure`, or goes back to before these.
        """
        self.restart_count += 1
        self.ready = None
        self.has_heard_update = False
        self._update = None
        self._in_flight = {
            known: batch for known, batch in self._in_flight.items() if not isinstance(batch, Demonstrations)
        }
        self._unsent = list(self._in_flight)

    def _release(self, batch_id: int) -> None:
        if self._in_flight.pop(batch_id, None) is not None:
            self._released.append(batch_id)
        if batch_id in self._unsent:
            self._unsent.remove(batch_id)
