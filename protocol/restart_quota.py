"""How often a process that died may be started again: ML-Agents' two limits, on its life and on its pace."""

from __future__ import annotations

from collections import deque

NO_LIMIT = -1


class RestartQuota:
    """The restarts of one process: at most so many in its life, and so many within a period.

    Times are any seconds that only rise. A restart counts against the pace for less than `rate_limit_period_s`: one
    that is exactly so old has left the period, as in ML-Agents.

    Attributes:
        max_lifetime: restarts in all; -1 sets no limit.
        rate_limit_n: restarts within a period; -1 sets no limit.
        rate_limit_period_s: the period's seconds; -1 switches the limit of the pace off, as `rate_limit_n` does.
    """

    def __init__(self, max_lifetime: int = 10, rate_limit_n: int = 1, rate_limit_period_s: float = 60.0) -> None:
        """
        Raises:
            ValueError: a limit is below -1, or no number.
        """
        limits = {
            "max_lifetime_restarts": max_lifetime,
            "restarts_rate_limit_n": rate_limit_n,
            "restarts_rate_limit_period_s": rate_limit_period_s,
        }
        for name, value in limits.items():
            if not (value == NO_LIMIT or value >= 0):
                raise ValueError(f"{name}: expected 0 or more, or {NO_LIMIT} for no limit, got {value}")
        self.max_lifetime = max_lifetime
        self.rate_limit_n = rate_limit_n
        self.rate_limit_period_s = rate_limit_period_s
        self._used = 0
        self._recent_s: deque[float] = deque()

    @property
    def used(self) -> int:
        """Restarts that were taken."""
        return self._used

    def try_take(self, now_s: float) -> bool:
        """Takes a restart where both limits allow one more.

        Args:
            now_s: no earlier than the last one's.

        Returns:
            Whether the process may be started again.
        """
        if self.reason(now_s):
            return False
        self._used += 1
        self._recent_s.append(now_s)
        return True

    def reason(self, now_s: float) -> str:
        """Why no restart is left at this time; empty where one is."""
        if self.max_lifetime != NO_LIMIT and self._used >= self.max_lifetime:
            return f"max_lifetime_restarts {self.max_lifetime} is used up"
        if self.rate_limit_n == NO_LIMIT or self.rate_limit_period_s == NO_LIMIT:
            self._recent_s.clear()
            return ""
        while self._recent_s and self._recent_s[0] <= now_s - self.rate_limit_period_s:
            self._recent_s.popleft()
        if len(self._recent_s) >= self.rate_limit_n:
            period = f"restarts_rate_limit_period_s {self.rate_limit_period_s:g}"
            return f"restarts_rate_limit_n {self.rate_limit_n} within {period} is used up"
        return ""
