"""Trajectories in `.npz` files, with the field's names (obs, acts, rews, dones, infos), as recordings and back.

`python -m host_sdk.adapters.trajectories rollouts.npz expert.lbr`, and the other way round. Two layouts are read:

* **trajectories**, as `imitation` wrote them: `obs` [S + E, …] with the observation after each episode's last action,
  `acts` [S, …], `rews` [S], `indices` [E - 1] where the second and further episodes begin, `terminal` [E];
* **flat**: `obs` [S, …], `acts` [S, …], `rews` [S] and `dones` [S], with `next_obs` [S, …] and `truncations` [S] where
  there are any; D4RL's words for them are known too.

The first is written. A Dict or a Tuple of a space is several arrays, as `obs/position` and `obs/0`. Nothing is
unpickled.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("gymnasium") is None:
    raise ModuleNotFoundError("this adapter needs Gymnasium: pip install 'learning-bridge[exchange]'", name="gymnasium")
