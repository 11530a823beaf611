"""Which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def library_version() -> str:
    """The installed release of learning-bridge."""
    try:
        return version("learning-bridge")
    except PackageNotFoundError:
        return "unknown"
