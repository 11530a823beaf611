"""The weights that a network starts from, the same for the same spec and seed, without torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from protocol.network_spec import NetworkSpec, ParameterSpec
from protocol.weights import FloatArray, WeightsLayout


def initial_weights(spec: NetworkSpec, seed: int) -> FloatArray:
    """float32[P] in the order of `WeightsLayout`.

    Each parameter has a stream of random numbers of its own, keyed by the seed and its name, so that adding a
    layer leaves the others as they were.

    Args:
        seed: at least 0.
    """
    values = np.empty(spec.parameter_count, dtype=np.float32)
    views = WeightsLayout.of(spec).views(values)
    for parameter in spec.parameters:
        if parameter.initializer == "constant":
            views[parameter.name].fill(parameter.gain)
        elif parameter.initializer == "values":
            views[parameter.name][...] = np.reshape(parameter.values, parameter.shape)
        else:
            views[parameter.name][...] = _orthogonal(parameter, seed)
    return values


def _orthogonal(parameter: ParameterSpec, seed: int) -> npt.NDArray[np.float64]:
    """gain · Q with orthonormal rows or columns, whichever are fewer (Saxe et al. 2013, arXiv:1312.6120).

    Q is a matrix of the parameter's first dimension by all its others, as torch.nn.init.orthogonal_ has it.
    """
    import hashlib  # as in `canonical_encoding`

    name_key = int.from_bytes(hashlib.blake2b(parameter.name.encode("utf-8"), digest_size=8).digest(), "little")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name_key])))
    row_count = parameter.shape[0]
    column_count = parameter.size // row_count
    normal = generator.standard_normal((max(row_count, column_count), min(row_count, column_count)))
    orthogonal, triangular = np.linalg.qr(normal)
    # The signs make Q uniform over all orthogonal matrices (Mezzadri 2007, arXiv:math-ph/0609050), and unique.
    orthogonal *= np.where(np.diagonal(triangular) < 0.0, -1.0, 1.0)
    matrix: npt.NDArray[np.float64] = orthogonal.T if row_count < column_count else orthogonal
    return parameter.gain * matrix.reshape(parameter.shape)
