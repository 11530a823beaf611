"""What every bulk carrier must do; a test class inherits this and says how to make one."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pytest

from protocol.bulk_carrier import DTYPES, BulkCarrier
from protocol.errors import RemoteProtocolError


class BulkCarrierContract:
    """Inherit, and give `carrier`."""

    @pytest.fixture
    @abstractmethod
    def carrier(self) -> BulkCarrier:
        """A carrier that is both ends."""

    @pytest.mark.parametrize("dtype", sorted(DTYPES))
    @pytest.mark.parametrize("shape", [(0,), (1,), (3, 0, 2), (2, 3, 4), (100, 300)])
    def test_arrays_come_back_with_dtype_and_shape(
        self, carrier: BulkCarrier, dtype: str, shape: tuple[int, ...]
    ) -> None:
        sent = (np.arange(np.prod(shape, dtype=int)) % 251).astype(dtype).reshape(shape)
        received = carrier.get(*carrier.put([("x", sent)]))["x"]
        assert received.dtype == sent.dtype
        np.testing.assert_array_equal(received, sent)

    def test_every_bit_comes_back(self, carrier: BulkCarrier) -> None:
        sent = np.array([0x7FC00001, 0xFFC00000, 0x80000000, 0x7F800000], np.uint32).view(np.float32)
        assert carrier.get(*carrier.put([("x", sent)]))["x"].tobytes() == sent.tobytes()

    def test_bytes_of_odd_sizes_come_back_between_floats(self, carrier: BulkCarrier) -> None:
        images = (np.arange(7 * 5 * 11) % 256).astype(np.uint8).reshape(7, 5, 11)
        numbers = np.arange(13, dtype=np.float32)
        sent = [("a", numbers), ("images", images), ("b", -numbers), ("final_images", images[:3, 0]), ("c", numbers)]
        received = carrier.get(*carrier.put(sent))
        for name, array in sent:
            assert received[name].dtype == array.dtype
            assert received[name].tobytes() == array.tobytes()

    def test_received_arrays_can_not_be_written(self, carrier: BulkCarrier) -> None:
        received = carrier.get(*carrier.put([("x", np.zeros(3, np.float32))]))["x"]
        with pytest.raises(ValueError, match="read-only"):
            received[0] = 1

    def test_several_arrays_keep_their_names(self, carrier: BulkCarrier) -> None:
        sent = [(f"a{index}", np.full(index, index, np.int64)) for index in range(5)]
        received = carrier.get(*carrier.put(sent))
        assert list(received) == [name for name, _ in sent]
        for name, array in sent:
            np.testing.assert_array_equal(received[name], array)

    def test_no_arrays_are_no_arrays(self, carrier: BulkCarrier) -> None:
        assert carrier.get(*carrier.put([])) == {}

    def test_a_place_that_the_carrier_does_not_know_is_refused(self, carrier: BulkCarrier) -> None:
        with pytest.raises(RemoteProtocolError, match="array x"):
            carrier.get([("x", "uint8", (1,), {"nowhere": 1})], [b"\0"])

    def test_bytes_of_another_size_are_refused(self, carrier: BulkCarrier) -> None:
        manifest, frames = carrier.put([("x", np.zeros(3, np.float32))])
        grown = [(name, dtype, (1_000_000_000,), place) for name, dtype, _, place in manifest]
        with pytest.raises(RemoteProtocolError):
            carrier.get(grown, frames)
