"""BLAS is brought down to one thread even where numpy was imported first."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from host_sdk.inference import limit_blas_threads

PROGRAM = """
import numpy as np
np.ones((64, 64)) @ np.ones((64, 64))
from host_sdk.inference.blas_threads import limit_blas_threads
import sys
assert "threadpoolctl" not in sys.modules
limit_blas_threads(1)
from threadpoolctl import threadpool_info
counts = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
limit_blas_threads(1)
print(counts)
"""


def test_every_loaded_blas_uses_one_thread_afterwards() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert set(json.loads(result.stdout)) <= {1}


def test_fewer_than_one_thread_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        limit_blas_threads(0)
