"""What a training looks after while it serves: that hosts come, that crashed ones come back, and when none is left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from protocol.rendezvous import is_process_alive
from trainer_process.behavior import BehaviorState
from trainer_process.host_processes import HostProcesses
from trainer_process.server import Server

logger = logging.getLogger(__name__)

_OVER = (BehaviorState.COMPLETE, BehaviorState.FAILED)


class HostWatch:
    """Looks after the hosts of one training, on every pass of the server's loop; ends the loop where that is hopeless.

    Attributes:
        hosts: those that this process started; None where hosts start by themselves, or before.
        has_failed: whether the training was ended before its time.
    """

    def __init__(self, wait_s: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            wait_s: how long the first host may take to connect; None for as long as it likes.
            clock: seconds that only rise.
        """
        self.hosts: HostProcesses | None = None
        self.has_failed = False
        self._wait_s = wait_s
        self._clock = clock
        self._began_s = clock()
        self._has_seen_one = False

    def look(self, server: Server) -> None:
        """Called on every pass of the server's loop."""
        if server.is_stopping:
            return
        self._has_seen_one = self._has_seen_one or bool(server.sessions)
        if self.hosts is not None:
            self._look_at_processes(server, self.hosts)
        waited_s = self._clock() - self._began_s
        if not self._has_seen_one and self._wait_s is not None and waited_s > self._wait_s:
            self._give_up(
                server,
                f"no host has connected within {self._wait_s:g} s. A game connects where it calls begin_training or "
                "run_training of a trainer; if it only takes longer to get there, raise --timeout-wait",
            )

    def _look_at_processes(self, server: Server, hosts: HostProcesses) -> None:
        if hosts.report_exits():
            server.free_hosts(lambda session: not is_process_alive(session.process_id))
        if not _is_over(server) and (loss := hosts.restart_crashed(self._clock())):
            self._give_up(server, loss)
        elif hosts.live_count == 0 and not server.is_complete:
            self._give_up(server, "every host has ended")

    def _give_up(self, server: Server, reason: str) -> None:
        self.has_failed = True
        logger.error("%s", reason)
        server.request_stop(reason.splitlines()[0])


def _is_over(server: Server) -> bool:
    """Whether nothing is left to learn: a host that ends now has nothing to come back for."""
    behaviors = server.behaviors.values()
    return bool(behaviors) and all(behavior.state in _OVER for behavior in behaviors)
