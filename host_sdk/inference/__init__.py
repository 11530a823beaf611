"""Policies and critics in numpy: network specs, action distributions and the BLAS thread they run on."""

from __future__ import annotations

from host_sdk.inference.blas_threads import limit_blas_threads
from host_sdk.inference.distribution import ActionDistribution
from host_sdk.inference.network import NumpyNetwork

__all__ = ["ActionDistribution", "NumpyNetwork", "limit_blas_threads"]
