"""Unity ML-Agents' demonstrations (`.demo`) as recordings.

`python -m host_sdk.adapters.ml_agents expert.demo expert.lbr`; a folder of such files becomes one recording.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("google") is None or find_spec("google.protobuf") is None:
    raise ModuleNotFoundError(
        "this adapter needs protobuf: pip install 'learning-bridge[exchange]'", name="google.protobuf"
    )
