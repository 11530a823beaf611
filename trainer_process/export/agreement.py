"""Whether an ONNX model gives what the host's numpy inference gives, run by ONNX Runtime.

Two steps, so that choices between options of equal logits can't hide or feign a difference: the model's distribution
and memory against those of the host's network; and the model's actions against those that the host makes of the model's
own distribution. Memories go on through several steps; each step is compared at the memory that the model got.

A number agrees where |model − host| ≤ 1e-5 · max(1, s). For distributions and memories s is the largest magnitude in
that output of that case; for actions it is, number by number, the largest magnitude in the case and of its bounds,
since low + (high − low)(tanh u + 1) / 2 can't be more exact than its terms. One-hots and bits are equal.

A network of large weights may amplify rounding beyond that, in the host as well. Then, and only then, the network is
evaluated in float64: distributions or memories agree too where none of their numbers is further from the host's than
4 times the largest distance between the host's and the exact ones, over all cases and in units of max(1, s).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from protocol.action_layout import ActionLayout
from protocol.policy_file import PolicyFile, save_policy
from trainer_process.errors import ExportError
from trainer_process.export.check_case import Case, CheckCases
from trainer_process.export.exact_inference import exact_outputs
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.onnx_model import make_form

TOLERANCE = 1e-5
ROUNDING_FACTOR = 4.0
"""How many times the host's own rounding error a difference may be, where that exceeds the tolerance."""
MEMORY_STEPS = 5
INFERENCE_TIMEOUT_S = 300.0

Arrays: TypeAlias = Mapping[str, npt.NDArray[Any]]
HostInference: TypeAlias = Callable[[PolicyFile, dict[str, Case]], Mapping[str, Arrays]]
"""From a policy and cases to the outputs that `host_sdk.host_program.policy_inference` says."""


@dataclass(frozen=True)
class Agreement:
    """What a comparison found.

    Attributes:
        largest: difference in units of max(1, s), as the module says.
        where: the output and the case of it.
        compared: numbers that were compared.
        is_close: whether every number agrees.
    """

    largest: float
    where: str
    compared: int
    is_close: bool

    def describe(self) -> str:
        """For people."""
        allowed = f"at most {TOLERANCE:.0e} is allowed"
        if self.is_close and self.largest > TOLERANCE:
            allowed = f"above {TOLERANCE:.0e}, but within what float32 loses in this network by itself"
        return (
            f"{self.compared:,} numbers compared with the host's numpy inference, largest difference "
            f"{self.largest:.1e} ({self.where}); {allowed}"
        )


def can_check() -> bool:
    """Whether ONNX Runtime is installed."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


def check_agreement(
    model: ModelProto, policy: PolicyFile, options: ModelOptions, infer: HostInference | None = None
) -> Agreement:
    """Runs model and host on random inputs and those at the edges.

    Args:
        model: of the policy.
        policy: what it must agree with.
        options: that the model was made with.
        infer: the host's inference; None spawns it.

    Raises:
        ExportError: the host's inference couldn't be run.
    """
    form = make_form(policy, options)
    run = _runner(model, form.extra_outputs)
    cases: dict[str, Case] = {}
    received: dict[str, Arrays] = {}

    def play(name: str, whole: Case) -> Arrays:
        case = form.restricted(whole)
        results = form.results(run(form.feeds(case)))
        cases[name], received[name] = {**case, "distribution": results["distribution"]}, results
        return results

    made = CheckCases(policy)
    for name, case in made.all():
        play(name, case)
    if policy.policy_settings.memory_size:
        memory = made.no_memory(7)
        for step in range(MEMORY_STEPS):
            memory = play(f"step {step + 1} of an episode", {**made.random(7), "memory": memory})["memory_out"]
    expected = (infer or spawned_inference)(policy, cases)
    return _Comparison(policy, cases).of(received, expected)


def _runner(model: ModelProto, extra_outputs: tuple[tuple[str, str], ...]) -> Callable[[Arrays], Arrays]:
    """Runs a model by ONNX Runtime; values within it become outputs beside its own."""
    import onnxruntime

    shown = ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(
        helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value, _ in extra_outputs
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )
    renamed = dict(extra_outputs)
    names = [renamed.get(output.name, output.name) for output in session.get_outputs()]

    def run(feeds: Arrays) -> Arrays:
        return dict(zip(names, session.run(None, dict(feeds)), strict=True))

    return run


def spawned_inference(policy: PolicyFile, cases: dict[str, Case]) -> dict[str, Arrays]:
    """What `host_sdk` makes of the cases, in a process of its own, since nothing here may import it.

    Raises:
        ExportError: the process failed.
    """
    with tempfile.TemporaryDirectory(prefix="learning-bridge-export-") as folder:
        source, target, policy_file = (Path(folder) / name for name in ("in.npz", "out.npz", "policy.lbp"))
        save_policy(policy_file, policy)
        arrays = {f"{case}/{name}": array for case, given in cases.items() for name, array in given.items()}
        np.savez(source, allow_pickle=False, **arrays)
        command = [sys.executable, "-m", "host_sdk.host_program.policy_inference"]
        command += [str(policy_file), str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=INFERENCE_TIMEOUT_S, check=False)
        if done.returncode:
            raise ExportError(f"the host's inference, to compare with: expected exit code 0, got {done.stderr.strip()}")
        results: dict[str, Arrays] = {}
        with np.load(target, allow_pickle=False) as stored:
            for key in stored.files:
                case, _, name = key.rpartition("/")
                results[case] = {**results.get(case, {}), name: stored[key]}
        return results


class _Comparison:
    """Compares what a model gave for some cases with what the host gave."""

    def __init__(self, policy: PolicyFile, cases: Mapping[str, Case]) -> None:
        self._policy, self._cases = policy, cases
        self._layout = ActionLayout.of(policy.action)
        self._exact: dict[str, dict[str, npt.NDArray[np.float64]]] = {}

    def of(self, received: Mapping[str, Arrays], expected: Mapping[str, Arrays]) -> Agreement:
        """The largest difference of all, and whether all are small."""
        largest, where, compared, is_close = 0.0, "none", 0, True
        for case, outputs in received.items():
            for name, ours in outputs.items():
                theirs = expected[case][name]
                if ours.shape != theirs.shape:
                    raise ExportError(f"{name} of {case}: expected the shape {theirs.shape}, got {ours.shape}")
                compared += ours.size
                distance = _distance(ours, theirs, _scale(name, theirs, self._layout))
                is_close = is_close and (distance <= TOLERANCE or distance <= self._rounding(name, expected))
                if distance > largest or where == "none":
                    largest, where = distance, f"{name} of {case}"
        return Agreement(largest, where, compared, is_close)

    def _rounding(self, name: str, expected: Mapping[str, Arrays]) -> float:
        """How far the model may be where that is beyond the tolerance, by the host's own distance from the exact."""
        if not self._exact:
            self._exact = {case: exact_outputs(self._policy, inputs) for case, inputs in self._cases.items()}
        distances = [
            _distance(expected[case][name], exact[name], _scale(name, expected[case][name], self._layout))
            for case, exact in self._exact.items()
            if name in exact
        ]
        largest = max(distances, default=0.0)
        return ROUNDING_FACTOR * largest if np.isfinite(largest) else 0.0


def _distance(a: npt.NDArray[Any], b: npt.NDArray[Any], scale: npt.NDArray[np.float64]) -> float:
    """The largest |a − b| / scale; infinite where one is not a number."""
    difference = np.abs(a.astype(np.float64) - b) / scale
    return float(np.nan_to_num(difference, nan=np.inf).max(initial=0.0))


def _scale(name: str, values: npt.NDArray[Any], layout: ActionLayout) -> npt.NDArray[np.float64]:
    """float64[1, n] of at least 1, see the module."""
    magnitudes: npt.NDArray[np.float64] = np.abs(values.astype(np.float64))
    if not name.endswith(("action", "action_vector")):
        return np.full((1, 1), max(1.0, magnitudes.max(initial=0.0)))
    scale: npt.NDArray[np.float64] = np.maximum(1.0, magnitudes.max(axis=0, initial=0.0))
    if not name.endswith("action_vector"):
        size = layout.continuous_size
        for bounds in (layout.low, layout.high):
            scale[:size] = np.maximum(scale[:size], np.where(np.isfinite(bounds), np.abs(bounds), 1.0))
    return scale[np.newaxis]
