"""`python -m host_sdk.adapters.minari SOURCE TARGET`: between a recording and a Minari data set."""

from __future__ import annotations

import sys

from host_sdk.adapters.exchange.conversion import ConversionOptions, ConversionResult, Report, run_conversion
from host_sdk.adapters.minari.exported import export_dataset
from host_sdk.adapters.minari.imported import import_dataset, is_dataset


def convert(options: ConversionOptions, report: Report) -> ConversionResult:
    """To a recording where the source is a data set, else from one."""
    return (import_dataset if is_dataset(options.source) else export_dataset)(options, report)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code: 0 done, 1 failed, 2 wrong options, 130 interrupted."""
    description = "Convert between a recording and a Minari data set: minari:ID, or its folder."
    return run_conversion("host_sdk.adapters.minari", description, convert, arguments)


if __name__ == "__main__":
    sys.exit(main())
