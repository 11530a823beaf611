"""How an episode, or the recorded part of one, ended."""

from __future__ import annotations

from enum import IntEnum


class Completion(IntEnum):
    """The completion of an agent's episode; numbers are Unreal's and travel on the wire as uint8.

    RUNNING: the episode goes on. A segment that closes so was cut; its value is bootstrapped.
    TRUNCATION: the episode was ended for a reason outside the task (a time limit); its value is bootstrapped.
    TERMINATION: the episode is over; no reward follows, and nothing is bootstrapped.
    """

    RUNNING = 0
    TRUNCATION = 1
    TERMINATION = 2
