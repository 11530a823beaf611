"""Minari data sets as recordings, and recordings as Minari data sets.

`python -m host_sdk.adapters.minari expert.lbr minari:CartPole/expert-v0`, and the other way round. Minari itself is not
needed: its files are HDF5 and JSON, as its documentation describes them.
"""

from __future__ import annotations

from importlib.util import find_spec

for _library in ("h5py", "gymnasium"):
    if find_spec(_library) is None:
        raise ModuleNotFoundError(
            f"this adapter needs {_library}: pip install 'learning-bridge[exchange]'", name=_library
        )
