"""Which schemas the values of a data set are of: those that are asked for, else those that it came with."""

from __future__ import annotations

from host_sdk.adapters.exchange.conversion import ConversionOptions
from host_sdk.adapters.gymnasium.recorded_space import RecordedSpaces, world_spaces
from host_sdk.errors import InvalidSettingsError
from protocol.policy_file import MAGIC as POLICY_MAGIC
from protocol.policy_file import load_policy
from protocol.recording import RecordingReader


def asked_spaces(options: ConversionOptions) -> RecordedSpaces | None:
    """The spaces and schemas of `--like` or `--env`; None where neither was given.

    Raises:
        InvalidSettingsError: both were given.
        BridgeError: the file of `--like` can't be read.
        SchemaError: the world has a space that can't be recorded.
    """
    if options.like is not None and options.world:
        raise InvalidSettingsError("--env: expected it, or --like, got both")
    if options.like is not None:
        with options.like.open("rb") as stream:
            is_policy = stream.read(len(POLICY_MAGIC)) == POLICY_MAGIC
        if is_policy:
            policy = load_policy(options.like)
            return RecordedSpaces.of_schemas(policy.observation, policy.action)
        with RecordingReader(options.like) as reader:
            header = reader.header
        return RecordedSpaces.of_schemas(header.observation, header.action, header.metadata.get("world", ""))
    if options.world:
        return RecordedSpaces.of_spaces(*world_spaces(options.world))
    return None
