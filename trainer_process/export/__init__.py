"""Trained policies for other programs: as ONNX, as this project's own policy file, and as bare weights.

`onnx_model` names and describes the inputs and outputs of a model; `agreement` says how it is checked. Importing this
package imports neither: what is there for ONNX needs `learning-bridge[export]`.
"""

from __future__ import annotations

from trainer_process.export.artifact import EXPORT_FORMS, ExportForm, write_whole
from trainer_process.export.policy_source import PolicySource
from trainer_process.export.weights_file import load_weights_file, weights_file_content

__all__ = [
    "EXPORT_FORMS",
    "ExportForm",
    "PolicySource",
    "load_weights_file",
    "weights_file_content",
    "write_whole",
]
