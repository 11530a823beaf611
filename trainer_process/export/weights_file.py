"""A policy's weights by the names of its parameters, as safetensors.

The metadata have `format`, and `policy`: the JSON header of a policy file (see `protocol.policy_file`), which holds the
schemas, the settings, the network's spec and its hash. So nothing else is needed to read the weights, or to make the
policy again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from protocol.errors import BridgeError
from protocol.policy_file import PolicyFile
from protocol.policy_file_header import decode_header, encode_header
from protocol.weights import WeightsLayout
from trainer_process.errors import ExportError

FORMAT = "learning-bridge weights 1"


def weights_file_content(policy: PolicyFile) -> bytes:
    """The policy as the bytes of a safetensors file; the critic stays away."""
    policy = replace(policy, critic_settings=None, critic_snapshot=None)
    views = WeightsLayout.of(policy.policy_spec).views(policy.snapshot.values)
    metadata = {"format": FORMAT, "policy": encode_header(policy).decode()}
    return save({name: np.ascontiguousarray(array) for name, array in views.items()}, metadata)


def load_weights_file(path: Path) -> PolicyFile:
    """The policy that is in such a file.

    Raises:
        ExportError: it can't be read, or is of another format, or lacks a parameter.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ExportError(f"{path}: expected the format {FORMAT!r}, got {metadata.get('format')!r}")
            described, weights, _ = decode_header(metadata["policy"].encode())
            layout = WeightsLayout.of(described.policy_spec)
            values = np.zeros(layout.size, np.float32)
            for name, view in layout.views(values).items():
                array = file.get_tensor(name)
                if array.shape != view.shape or array.dtype != np.float32:
                    wanted = f"float32{list(view.shape)}"
                    raise ExportError(f"{path}: {name}: expected {wanted}, got {array.dtype}{list(array.shape)}")
                view[...] = array
    except (OSError, SafetensorError, BridgeError, KeyError, json.JSONDecodeError) as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(f"{path}: expected weights of a policy, got {error}") from error
    return replace(described, snapshot=weights.snapshot(values))
