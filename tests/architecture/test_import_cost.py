"""A game that imports the SDK loads nothing that only a trainer needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys, time
import msgpack, numpy, zmq
started = time.perf_counter()
import {package}
print(json.dumps({{"added_ms": 1000 * (time.perf_counter() - started), "modules": sorted(sys.modules)}}))
"""
TRAINER_ONLY = {"click", "gymnasium", "pydantic", "rich", "safetensors", "tensorboardX", "torch", "trainer_process"}


@pytest.mark.parametrize("package", ["protocol", "host_sdk"])
def test_importing_what_lives_in_the_game_loads_nothing_of_the_trainers(package: str) -> None:
    program = PROGRAM.format(package=package)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    print(f"import {package}: {report['added_ms']:.1f} ms over numpy, zmq and msgpack")
    assert TRAINER_ONLY.isdisjoint(report["modules"])
