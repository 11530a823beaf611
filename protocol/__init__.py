"""What a host and a trainer must agree on: schemas, networks, weights, experience, messages and their bytes.

SPEC.md is the normative text. Each module is imported by its own name, so that nothing is loaded that isn't used:

    messages, message_table, field_rule, array_plan                messages, and what their fields may hold
    codec, bulk_carrier                                            their frames
    channel, channel_event, channel_setting, curve_keys, waker     ZeroMQ, and what comes out of it
    endpoint, rendezvous, socket_file                              where a trainer listens
    experience, experience_wire, completion, collection_contract   what hosts hand off
    schema, schema_hash, observation_layout, action_layout         what agents see and do
    network_spec, network_builder, weights, policy_file            what decides
    errors, limits, version                                        what holds everywhere
"""

from __future__ import annotations

from protocol.version import PROTOCOL_VERSION

__all__ = ["LEARNING_BRIDGE_PROTOCOL", "PROTOCOL_VERSION"]

LEARNING_BRIDGE_PROTOCOL = True
"""Tells this package from a stray module named `protocol` on a user's path."""
