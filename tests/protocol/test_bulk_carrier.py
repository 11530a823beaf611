from __future__ import annotations

import numpy as np
import pytest

from protocol.bulk_carrier import PACKED_ARRAY_BYTES, BulkCarrier, InlineCarrier
from protocol.errors import RemoteProtocolError
from tests.contracts.bulk_carrier_contract import BulkCarrierContract


class TestInlineCarrier(BulkCarrierContract):
    @pytest.fixture
    def carrier(self) -> BulkCarrier:
        return InlineCarrier()

    def test_small_arrays_lie_little_endian_in_one_frame_each_at_a_multiple_of_8(self, carrier: BulkCarrier) -> None:
        large = np.zeros(PACKED_ARRAY_BYTES, np.uint8)
        arrays = [
            ("x", np.array([1, -2, 3], np.int32)),
            ("l", large),
            ("e", large[:0]),
            ("y", np.array([1.0], np.float64)),
        ]
        manifest, frames = carrier.put(arrays)
        assert manifest == [
            ("x", "int32", (3,), 0),
            ("l", "uint8", (PACKED_ARRAY_BYTES,), None),
            ("e", "uint8", (0,), 16),
            ("y", "float64", (1,), 16),
        ]
        assert bytes(frames[0]).hex() == "01000000feffffff0300000000000000" + "000000000000f03f"
        assert [len(frame) for frame in frames] == [24, PACKED_ARRAY_BYTES]

    def test_small_arrays_may_change_at_once_and_large_ones_are_shared(self, carrier: BulkCarrier) -> None:
        small = np.zeros(PACKED_ARRAY_BYTES - 1, np.uint8)
        large = np.zeros(PACKED_ARRAY_BYTES, np.uint8)
        _, frames = carrier.put([("large", large), ("small", small)])
        small[:], large[:] = 1, 1
        assert frames[0][0] == 0
        assert frames[1][0] == 1

    def test_a_missing_frame_is_refused(self, carrier: BulkCarrier) -> None:
        manifest, frames = carrier.put([("x", np.zeros(3, np.float32))])
        with pytest.raises(RemoteProtocolError, match=r"array frames: expected 1 .* got 0"):
            carrier.get(manifest, frames[:-1])
