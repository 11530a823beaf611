"""Copies of a Gymnasium environment as the agents of one host.

`python -m host_sdk.adapters.gymnasium --env-id CartPole-v1`. Inside this package `import gymnasium` is the library.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("gymnasium") is None:
    raise ModuleNotFoundError(
        "this adapter needs Gymnasium: pip install 'learning-bridge[gymnasium]'", name="gymnasium"
    )
