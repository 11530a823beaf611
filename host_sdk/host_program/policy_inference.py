"""`python -m host_sdk.host_program.policy_inference POLICY.lbp IN.npz OUT.npz`: what the host's inference gives.

It is what an exported policy is compared with. Arrays are named `CASE/NAME`, where a case is any word. A case has the
inputs of the network, `observation`, `image` and `memory`, as far as the policy has them, and gives `distribution`, and
`memory_out` with a memory. Where a case has a `distribution` besides, it gives what the host makes of that one:
`action_vector` and `action`, the most likely action as sampled and as delivered, and with `noise` also
`sampled_action_vector` and `sampled_action`. `action_modifier` may restrict them. Noise is standard normal for numbers
and uniform for options and bits.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from host_sdk.inference import ActionDistribution, NumpyNetwork
from protocol.action_layout import ActionLayout
from protocol.errors import BridgeError
from protocol.policy_file import PolicyFile, load_policy
from protocol.vector_array import FloatArray

Arrays = dict[str, npt.NDArray[Any]]


def infer(policy: PolicyFile, cases: dict[str, Arrays]) -> dict[str, Arrays]:
    """The outputs of all cases, as the module says.

    Raises:
        ValueError: an input is missing or has another shape than the policy's.
    """
    max_batch = max((len(array) for case in cases.values() for array in case.values()), default=1)
    spec = policy.policy_spec
    network = NumpyNetwork(spec, max_batch)
    network.load(policy.snapshot.values)
    sampler = ActionDistribution(ActionLayout.of(policy.action), max_batch)
    results: dict[str, Arrays] = {}
    for name, case in cases.items():
        missing = [wanted for wanted, _ in spec.inputs if wanted not in case]
        if missing:
            raise ValueError(
                f"case {name!r}: expected the inputs {[wanted for wanted, _ in spec.inputs]}, {missing} missing"
            )
        outputs = network.run(*(case[wanted] for wanted, _ in spec.inputs))
        names = ("distribution", "memory_out")[: len(outputs)]
        results[name] = {name: output.copy() for name, output in zip(names, outputs, strict=True)}
        if "distribution" in case:
            results[name] |= _actions(sampler, case, "", 0.0)
            if "noise" in case:
                results[name] |= _actions(sampler, case, "sampled_", 1.0)
    return results


def _actions(sampler: ActionDistribution, case: Arrays, prefix: str, noise_scale: float) -> Arrays:
    distribution = case["distribution"]
    vectors = np.zeros((len(distribution), sampler.layout.vector_size), np.float32)
    log_probs = np.zeros(len(distribution), np.float32)
    noise = case.get("noise", np.zeros_like(vectors))
    generator = GivenNoise(sampler.layout, noise)
    with np.errstate(invalid="ignore"):  # a distribution from elsewhere may hold anything
        sampler.sample(distribution, generator, noise_scale, vectors, log_probs, case.get("action_modifier"))
    return {f"{prefix}action_vector": vectors, f"{prefix}action": sampler.to_delivered(vectors)}


class GivenNoise(np.random.Generator):
    """Gives numbers that were drawn already, so that others can sample with the same."""

    def __init__(self, layout: ActionLayout, noise: FloatArray) -> None:
        """
        Args:
            layout: of the actions that are sampled.
            noise: float32[count, A]: standard normal for numbers, uniform for options and bits.
        """
        super().__init__(np.random.PCG64())
        self._layout, self._noise = layout, noise

    def standard_normal(self, *arguments: Any, out: Any = None, **options: Any) -> Any:
        """Of the numbers."""
        out[...] = self._noise[:, : self._layout.continuous_size]
        return out

    def standard_exponential(self, *arguments: Any, out: Any = None, **options: Any) -> Any:
        """Of the options, each choice padded to the most that one has: −log u."""
        sizes = self._layout.exclusive_sizes
        table = np.ones((len(self._noise), len(sizes), max(sizes)), np.float32)
        start = self._layout.continuous_size
        for index, size in enumerate(sizes):
            table[:, index, :size] = -np.log(self._noise[:, start : start + size])
            start += size
        out[...] = table.reshape(out.shape)
        return out

    def random(self, *arguments: Any, out: Any = None, **options: Any) -> Any:
        """Of the bits."""
        out[...] = self._noise[:, self._layout.vector_size - self._layout.inclusive_size :]
        return out


def main(arguments: list[str] | None = None) -> int:
    """Reads, infers and writes; 0, or 1 where a file can't be used."""
    policy_file, source, target = sys.argv[1:] if arguments is None else arguments
    try:
        with np.load(source, allow_pickle=False) as stored:
            cases: dict[str, Arrays] = {}
            for key in stored.files:
                case, _, name = key.rpartition("/")
                cases.setdefault(case, {})[name] = stored[key]
        results = infer(load_policy(policy_file), cases)
        arrays = {f"{case}/{name}": array for case, outputs in results.items() for name, array in outputs.items()}
        np.savez(target, allow_pickle=False, **arrays)
    except (BridgeError, OSError, ValueError) as error:
        print(f"policy_inference: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
