"""Configurations as tests write them down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from trainer_process.configuration import ConfigurationError, RunConfiguration
from trainer_process.configuration.document import parse_document
from trainer_process.configuration.loading import resolved_configuration

FILES = Path(__file__).parent / "files"
NAME = "config.yaml"


def configuration(text: str, typed: Mapping[str, object] | None = None) -> RunConfiguration:
    """What a file of that text comes to."""
    tree = parse_document(dedent(text).encode(), NAME)
    return resolved_configuration(tree, typed or {}, Path(NAME))


def problems(text: str, typed: Mapping[str, object] | None = None) -> list[str]:
    """All that is wrong with it."""
    with pytest.raises(ConfigurationError) as caught:
        configuration(text, typed)
    return list(caught.value.problems)


def problem(text: str, typed: Mapping[str, object] | None = None) -> str:
    """The one thing that is wrong with it."""
    (only,) = problems(text, typed)
    return only
