from __future__ import annotations

import ast
from pathlib import Path

from protocol import limits
from protocol.codec import encode
from protocol.message_table import TABLES
from tools.golden import EXAMPLES

MAXIMA = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}


def test_every_limit_tells_its_reason() -> None:
    body = ast.parse(Path(limits.__file__).read_text(encoding="utf-8")).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in MAXIMA:
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            assert is_text, f"{ast.unparse(statement.targets[0])} needs a sentence below it"


def test_the_promised_sizes_are_allowed() -> None:
    assert MAXIMA["MAX_AGENTS"] >= 4096
    assert MAXIMA["MAX_HOSTS"] >= 64
    assert MAXIMA["MAX_OBSERVATION_SIZE"] >= 16_384
    assert MAXIMA["MAX_PARAMETERS"] >= 50_000_000
    assert MAXIMA["MAX_BATCH_STEPS"] >= 1_000_000
    assert MAXIMA["MAX_BATCH_BYTES"] >= 2**30


def test_a_frame_may_hold_the_greatest_array() -> None:
    assert MAXIMA["MAX_PARAMETERS"] * 4 <= MAXIMA["MAX_FRAME_BYTES"] <= MAXIMA["MAX_BATCH_BYTES"]


def test_every_message_fits_into_the_frames() -> None:
    assert max(2 + len(table.arrays) for table in TABLES.values()) <= MAXIMA["MAX_FRAMES"]


def test_a_hello_of_the_greatest_size_fits_before_welcome() -> None:
    hello = type(EXAMPLES["hello"])(
        protocol_version="9" * limits.MAX_NAME_BYTES,
        library="x" * limits.MAX_NAME_BYTES,
        library_version="x" * limits.MAX_NAME_BYTES,
        capabilities=("x" * limits.MAX_NAME_BYTES,) * limits.MAX_CAPABILITIES,
        token="x" * limits.MAX_TOKEN_BYTES,
        previous_session=limits.MAX_INT64,
        host_name="x" * limits.MAX_NAME_BYTES,
        process_id=limits.MAX_INT64,
    )
    assert len(encode(hello, 0, limits.MAX_INT64)[0]) <= limits.MAX_PRE_HELLO_BYTES
