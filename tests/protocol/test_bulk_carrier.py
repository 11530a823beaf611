from __future__ import annotations

import numpy as np
import pytest

from protocol.bulk_carrier import SMALL_ARRAY_BYTES, BulkCarrier, InlineCarrier
from protocol.errors import RemoteProtocolError
from tests.contracts.bulk_carrier_contract import BulkCarrierContract


class TestInlineCarrier(BulkCarrierContract):
    @pytest.fixture
    def carrier(self) -> BulkCarrier:
        return InlineCarrier()

    def test_each_array_is_one_little_endian_frame(self, carrier: BulkCarrier) -> None:
        manifest, frames = carrier.put([("x", np.array([1, -2], np.int32)), ("y", np.array([1.0], np.float64))])
        assert manifest == [("x", "int32", (2,), 8, None), ("y", "float64", (1,), 8, None)]
        assert [bytes(frame).hex() for frame in frames] == ["01000000feffffff", "000000000000f03f"]

    def test_small_arrays_may_change_at_once_and_large_ones_are_shared(self, carrier: BulkCarrier) -> None:
        small = np.zeros(SMALL_ARRAY_BYTES - 1, np.uint8)
        large = np.zeros(SMALL_ARRAY_BYTES, np.uint8)
        _, frames = carrier.put([("small", small), ("large", large)])
        small[:], large[:] = 1, 1
        assert frames[0][0] == 0
        assert frames[1][0] == 1

    def test_a_missing_frame_is_refused(self, carrier: BulkCarrier) -> None:
        manifest, frames = carrier.put([("x", np.zeros(3, np.float32))])
        with pytest.raises(RemoteProtocolError, match=r"array frames: expected 1, .* got 0"):
            carrier.get(manifest, frames[:-1])
