"""Samples survive being packed, and averages are what they should be."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from zaffre.fabric.measurements.packing import find, pack, unpack
from zaffre.fabric.measurements.series import ABSENT, SERIES, Sample, averaged, rounded

values = st.tuples(*[st.integers(ABSENT, 2**40)] * len(SERIES))
samples = st.lists(st.builds(Sample, st.integers(0, 2**33), values), min_size=1, max_size=5)
ids = st.uuids().map(str)


@given(st.dictionaries(ids, samples, max_size=4), ids)
def test_what_was_packed_is_unpacked(drawer: dict[str, list[Sample]], other: str) -> None:
    content = pack(drawer, 1)
    assert unpack(content) == drawer
    assert all(find(content, key) == drawer[key] for key in drawer)
    assert find(content, other) == drawer.get(other, [])


@given(st.integers(0, 2**62))
def test_rounding_keeps_three_digits(amount: int) -> None:
    assert abs(rounded(amount) - amount) * 200 <= amount


def test_an_hour_of_a_quiet_machine_is_packed_small() -> None:
    quiet = [Sample(1_700_000_000 + 30 * n, (n % 3, 200, 300, 0, 0, 0, 0, 0, 0)) for n in range(120)]
    assert len(pack({str(uuid.uuid4()): quiet}, 6)) < 250


def test_averages_leave_out_what_is_absent() -> None:
    nothing = (0,) * (len(SERIES) - 2)
    measured = [Sample(60, (10, ABSENT, *nothing)), Sample(90, (20, 7, *nothing)), Sample(120, (5, ABSENT, *nothing))]
    assert averaged(measured, 60) == [Sample(60, (15, 7, *nothing)), Sample(120, (5, ABSENT, *nothing))]
