"""The inputs and outputs of a model under ML-Agents' names and in its forms.

    obs_0 …             float[batch, n]: all numbers, then an image each, float[batch, channels, height, width] in 0..1
    action_masks        float[batch, ΣE], 1 where an option may be taken; where there are choices
    recurrent_in        float[batch, 1, H]; with a memory
    version_number      3
    memory_size         H
    continuous_actions, deterministic_continuous_actions        float[batch, C], in the game's own units
    discrete_actions, deterministic_discrete_actions            int64[batch, K], the option of each choice
    continuous_action_output_shape, discrete_action_output_shape    C, and the options of each choice
    recurrent_out       float[batch, 1, H]

Without sampling, both of a pair are the most likely action. With it, ONNX's own random numbers decide the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from protocol.action_layout import ActionLayout
from protocol.observation_layout import ImageLeaf, ObservationLayout
from protocol.policy_file import PolicyFile
from protocol.schema import (
    ExclusiveUnionObservation,
    InclusiveUnionObservation,
    SetObservation,
)
from protocol.schema.element import Element, core_of
from trainer_process.errors import ExportError
from trainer_process.export.action_graph import (
    ActionFreedom,
    emit_action_vector,
    emit_chosen_options,
    emit_delivered,
)
from trainer_process.export.graph_draft import BATCH, GraphDraft
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.network_graph import emit_network

Arrays = Mapping[str, npt.NDArray[np.generic]]

VERSION = 3
"""ML-Agents 2.0's form, the newest."""

SMALLEST = 1e-6
"""Keeps drawn numbers off 0 and 1, where logarithms are infinite."""


class MLAgentsForm:
    """Builds a graph under these names, and gives the arrays of a check to it."""

    extra_outputs = (("network/distribution", "distribution"),)
    """See `NativeForm`."""

    def __init__(self, policy: PolicyFile, options: ModelOptions) -> None:
        """
        Raises:
            ExportError: a schema has no such form; names the element.
        """
        _check_observation(policy.observation, "$")
        self._layout = ActionLayout.of(policy.action)
        _check_action(self._layout)
        self._policy, self._options = policy, options
        self._observation = ObservationLayout.of(policy.observation)

    def build(self, draft: GraphDraft) -> None:
        """Adds all inputs, nodes and outputs."""
        distribution = self._emit_policy(draft)
        layout = self._layout
        masks = ""
        if layout.exclusive_total:
            doc = "1 where an option may be taken, 0 where not"
            allowed = draft.input("action_masks", TensorProto.FLOAT, (BATCH, layout.exclusive_total), doc)
            masks = draft.add("Sub", draft.floats([1]), allowed)
        _constant(draft, "version_number", [VERSION])
        _constant(draft, "memory_size", [self._policy.policy_settings.memory_size])
        likely = emit_action_vector(draft, layout, distribution, ActionFreedom(masks=masks))
        sampled = likely
        if self._options.is_stochastic:
            sampled = emit_action_vector(draft, layout, distribution, self._random(draft, distribution, masks))
        self._emit_numbers(draft, likely, sampled)
        self._emit_choices(draft, likely, sampled)

    def restricted(self, case: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """A case without what the model has no inputs for."""
        modifiers = case["action_modifier"].copy()
        modifiers[:, : 2 * self._layout.continuous_size] = 0
        return {**{name: array for name, array in case.items() if name != "noise"}, "action_modifier": modifiers}

    def feeds(self, case: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """The model's inputs for a case of a check."""
        feeds: dict[str, npt.NDArray[np.generic]] = {}
        if self._observation.size:
            feeds["obs_0"] = case["observation"]
        for name, leaf in self._images():
            shape = (-1, leaf.element.height, leaf.element.width, leaf.element.channels)
            pixels = case["image"][:, leaf.offset : leaf.offset + leaf.element.image_size].reshape(shape)
            feeds[name] = pixels.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        if self._layout.exclusive_total:
            feeds["action_masks"] = 1 - case["action_modifier"][:, 2 * self._layout.continuous_size :].astype(
                np.float32
            )
        if self._policy.policy_settings.memory_size:
            feeds["recurrent_in"] = case["memory"][:, np.newaxis]
        return feeds

    def results(self, received: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """The model's outputs as a check names them."""
        results = {"distribution": received["distribution"]}
        if "recurrent_out" in received:
            results["memory_out"] = received["recurrent_out"][:, 0]
        parts: list[npt.NDArray[np.generic]] = []
        if self._layout.continuous_size:
            parts.append(received["deterministic_continuous_actions"])
        for index, size in enumerate(self._layout.exclusive_sizes):
            chosen = received["deterministic_discrete_actions"][:, index].astype(np.intp)
            parts.append(np.eye(size, dtype=np.float32)[chosen])
        return {**results, "action": np.concatenate(parts, axis=1)}

    def _images(self) -> Iterator[tuple[str, ImageLeaf]]:
        """Names and places of all images."""
        first = 1 if self._observation.size else 0
        for index, leaf in enumerate(self._observation.images, start=first):
            yield f"obs_{index}", leaf

    def _emit_policy(self, draft: GraphDraft) -> str:
        """Inputs, network and memory; gives the distribution."""
        spec, size = self._policy.policy_spec, self._policy.policy_settings.memory_size
        inputs: dict[str, str] = {}
        if self._observation.size:
            doc = "all numbers that the agent sees, in the order of the schema"
            inputs["observation"] = draft.input("obs_0", TensorProto.FLOAT, (BATCH, self._observation.size), doc)
        images = [self._emit_image(draft, name, leaf) for name, leaf in self._images()]
        if images:
            inputs["image"] = draft.side_by_side(*images)
        if size:
            doc = "what recurrent_out gave at the agent's last step; zeros at the beginning of an episode"
            memory = draft.input("recurrent_in", TensorProto.FLOAT, (BATCH, 1, size), doc)
            inputs["memory"] = draft.reshape(memory, -1, size)
        outputs = emit_network(draft, spec, self._policy.snapshot.values, inputs)
        if size:
            after = draft.reshape(outputs["memory_after"], -1, 1, size)
            draft.output("recurrent_out", after, TensorProto.FLOAT, (BATCH, 1, size), "the next recurrent_in")
        return outputs["distribution"]

    def _emit_image(self, draft: GraphDraft, name: str, leaf: ImageLeaf) -> str:
        """float[batch, bytes] of an image, which the network reads as 0..255, channels last."""
        element = leaf.element
        shape = (BATCH, element.channels, element.height, element.width)
        pixels = draft.input(name, TensorProto.FLOAT, shape, f"the image at {leaf.path}, in 0..1")
        scaled = draft.add("Mul", pixels, draft.floats([255]))
        return draft.reshape(draft.add("Transpose", scaled, perm=[0, 2, 3, 1]), -1, element.image_size)

    def _random(self, draft: GraphDraft, distribution: str, masks: str) -> ActionFreedom:
        layout, normal, uniform = self._layout, "", ""
        if layout.continuous_size:
            normal = draft.add("RandomNormalLike", draft.columns(distribution, 0, layout.continuous_size))
        if layout.exclusive_total:
            logits = draft.columns(distribution, 2 * layout.continuous_size, layout.distribution_size)
            uniform = draft.add("RandomUniformLike", logits, low=SMALLEST, high=1 - SMALLEST)
        return ActionFreedom(masks=masks, normal=normal, uniform=uniform)

    def _emit_numbers(self, draft: GraphDraft, likely: str, sampled: str) -> None:
        size = self._layout.continuous_size
        if not size:
            return
        _constant(draft, "continuous_action_output_shape", [size])
        for name, vector in (("continuous_actions", sampled), ("deterministic_continuous_actions", likely)):
            numbers = draft.columns(emit_delivered(draft, self._layout, vector), 0, size)
            draft.output(name, numbers, TensorProto.FLOAT, (BATCH, size), "in the game's own units")

    def _emit_choices(self, draft: GraphDraft, likely: str, sampled: str) -> None:
        sizes = self._layout.exclusive_sizes
        if not sizes:
            return
        _constant(draft, "discrete_action_output_shape", [sizes])
        for name, vector in (("discrete_actions", sampled), ("deterministic_discrete_actions", likely)):
            chosen = emit_chosen_options(draft, self._layout, vector)
            draft.output(name, chosen, TensorProto.INT64, (BATCH, len(sizes)), "the option of each choice")


def _constant(draft: GraphDraft, name: str, values: npt.ArrayLike) -> None:
    array = np.asarray(values, np.float32)
    draft.output(name, draft.floats(array), TensorProto.FLOAT, array.shape, "a constant")


def _check_observation(element: Element, path: str) -> None:
    core = core_of(element)
    if isinstance(core, SetObservation | ExclusiveUnionObservation | InclusiveUnionObservation):
        raise ExportError(
            f"{path}: expected numbers, choices and images for ML-Agents' names, got {core.type_name}, whose elements "
            "may be absent; export under this project's own names, which are the default"
        )
    for name, child in core.children:
        _check_observation(child, f"{path}{name}")


def _check_action(layout: ActionLayout) -> None:
    for leaf in layout.leaves:
        what = ""
        if leaf.kind == "inclusive":
            what = "several options at once"
        elif leaf.gate is not None:
            what = "an action that is acted only with an option above it"
        if what:
            raise ExportError(
                f"{leaf.path}: expected numbers and choices of one option for ML-Agents' names, got {what}; export "
                "under this project's own names, which are the default"
            )
