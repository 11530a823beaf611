"""`python -m host_sdk.adapters.trajectories SOURCE TARGET`: between a recording and an `.npz` file."""

from __future__ import annotations

import sys

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, Report, run_conversion
from host_sdk.adapters.trajectories.exported import export_trajectories
from host_sdk.adapters.trajectories.imported import import_trajectories


def convert(options: ConversionOptions, report: Report) -> ConversionResult:
    """From a recording where the target is an `.npz` file, else to one."""
    return (export_trajectories if options.target.endswith(".npz") else import_trajectories)(options, report)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 done, 1 failed, 2 wrong options, 130 interrupted."""
    description = "Convert between a recording and an .npz file with the field's names: obs, acts, rews, dones."
    return run_conversion("host_sdk.adapters.trajectories", description, convert, arguments)


if __name__ == "__main__":
    sys.exit(main())
