"""`python -m host_sdk.adapters.ml_agents SOURCE.demo TARGET.lbr`: ML-Agents' demonstrations as a recording."""

from __future__ import annotations

import sys

from host_sdk.adapters.exchange.conversion import run_conversion
from host_sdk.adapters.ml_agents.imported import import_demonstration


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 done, 1 failed, 2 wrong options, 130 interrupted."""
    description = "Convert a .demo file of Unity ML-Agents, or a folder of them, to a recording."
    return run_conversion("host_sdk.adapters.ml_agents", description, import_demonstration, arguments)


if __name__ == "__main__":
    sys.exit(main())
