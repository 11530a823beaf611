"""The real trainer with a sampler in it: `python -m tools.bench.profiled_trainer SAMPLES.json`, then its arguments."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.bench.sampler import Sampler

if __name__ == "__main__":
    Sampler(Path(sys.argv.pop(1))).start()
    from trainer_process.cli import main

    main()
