"""The inputs and outputs of a model under this project's own names; vectors are those of the host SDK."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from protocol.action_layout import ActionLayout
from protocol.policy_file import PolicyFile
from trainer_process.export.action_graph import ActionFreedom, emit_action_vector, emit_delivered
from trainer_process.export.graph_draft import BATCH, GraphDraft
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.network_graph import emit_network

Arrays = Mapping[str, npt.NDArray[np.generic]]

OBSERVATION = "what the agent sees, as the host SDK lays it out (metadata observation_layout); it is normalised within"
IMAGES = "bytes of all images one after the other, rows from the top, channels last (metadata image_layout)"
MEMORY = "what memory_out gave at the agent's last step; zeros at the beginning of an episode"
MODIFIER = (
    "what the game decides: [given numbers C | 1 where given C | 1 where an option or bit is masked]; given numbers "
    "are as the policy would have sampled them; zeros leave all to the policy"
)
NOISE = "to sample with: [standard normal numbers C | uniform numbers above 0 and below 1 for all options and bits]"
DISTRIBUTION = "[means C | log standard deviations C | logits of options | logits of bits], before any modifier"
VECTOR = "as the host SDK's ActionDecoder reads it: [numbers before scaling and squashing C | one-hots | bits]"
DELIVERED = "in the game's own units: numbers scaled, clipped and squashed (metadata action_layout)"


class NativeForm:
    """Builds a graph under these names, and gives the arrays of a check to it."""

    extra_outputs: tuple[tuple[str, str], ...] = ()
    """(value within the graph, name in a check) of what the outputs lack for a check."""

    def __init__(self, policy: PolicyFile, options: ModelOptions) -> None:
        self._policy = policy
        self._options = options
        self._layout = ActionLayout.of(policy.action)

    def build(self, draft: GraphDraft) -> None:
        """Adds all inputs, nodes and outputs."""
        outputs = self._emit_policy(draft)
        distribution = outputs["distribution"]
        freedom = self._modifiers(draft)
        noise = self._noise(draft) if self._options.is_stochastic else ("", "")
        layout, kind = self._layout, TensorProto.FLOAT
        draft.output("distribution", distribution, kind, (BATCH, layout.distribution_size), DISTRIBUTION)
        self._emit_actions(draft, distribution, freedom, "", "the most likely action")
        if self._options.is_stochastic:
            sampled = ActionFreedom(freedom.given, freedom.is_given, freedom.masks, *noise)
            self._emit_actions(draft, distribution, sampled, "sampled_", "an action sampled by the noise")
        if "memory_after" in outputs:
            shape = (BATCH, self._policy.policy_settings.memory_size)
            doc = "what to give as memory at the agent's next step"
            draft.output("memory_out", outputs["memory_after"], kind, shape, doc)

    def restricted(self, case: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """A case without what the model has no inputs for."""
        kept = {name: array for name, array in case.items() if name != "noise" or self._options.is_stochastic}
        if not self._options.has_modifiers:
            kept["action_modifier"] = np.zeros_like(kept["action_modifier"])
        return kept

    def feeds(self, case: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """The model's inputs for a case of a check."""
        names = {"images": "image"}
        return {name: case[names.get(name, name)] for name in self._input_names()}

    def results(self, received: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """The model's outputs as a check names them."""
        return dict(received)

    def _emit_policy(self, draft: GraphDraft) -> dict[str, str]:
        """Inputs and network; gives the network's outputs."""
        spec = self._policy.policy_spec
        inputs: dict[str, str] = {}
        for name, size in spec.inputs:
            if name == "image":
                pixels = draft.input("images", TensorProto.UINT8, (BATCH, size), IMAGES)
                inputs[name] = draft.add("Cast", pixels, to=TensorProto.FLOAT)
            else:
                doc = OBSERVATION if name == "observation" else MEMORY
                inputs[name] = draft.input(name, TensorProto.FLOAT, (BATCH, size), doc)
        return emit_network(draft, spec, self._policy.snapshot.values, inputs)

    def _modifiers(self, draft: GraphDraft) -> ActionFreedom:
        if not self._options.has_modifiers:
            return ActionFreedom()
        size, total = self._layout.continuous_size, self._layout.modifier_size
        modifier = draft.input("action_modifier", TensorProto.FLOAT, (BATCH, total), MODIFIER)
        return ActionFreedom(
            given=draft.columns(modifier, 0, size) if size else "",
            is_given=draft.columns(modifier, size, 2 * size) if size else "",
            masks=draft.columns(modifier, 2 * size, total) if total > 2 * size else "",
        )

    def _noise(self, draft: GraphDraft) -> tuple[str, str]:
        """Values of normal and of uniform numbers."""
        size, total = self._layout.continuous_size, self._layout.vector_size
        noise = draft.input("noise", TensorProto.FLOAT, (BATCH, total), NOISE)
        return (
            draft.columns(noise, 0, size) if size else "",
            draft.columns(noise, size, total) if total > size else "",
        )

    def _emit_actions(
        self, draft: GraphDraft, distribution: str, freedom: ActionFreedom, prefix: str, how: str
    ) -> None:
        vector = emit_action_vector(draft, self._layout, distribution, freedom)
        delivered = emit_delivered(draft, self._layout, vector)
        for name, value, doc in (("action", delivered, DELIVERED), ("action_vector", vector, VECTOR)):
            shape = (BATCH, self._layout.vector_size)
            draft.output(f"{prefix}{name}", value, TensorProto.FLOAT, shape, f"{how}, {doc}")

    def _input_names(self) -> list[str]:
        names = {"image": "images"}
        found = [names.get(name, name) for name, _ in self._policy.policy_spec.inputs]
        found += ["action_modifier"] if self._options.has_modifiers else []
        return found + (["noise"] if self._options.is_stochastic else [])
