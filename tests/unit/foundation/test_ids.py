from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from zaffre.foundation.clock import ManualClock
from zaffre.foundation.ids import SeededIds, SystemIds, is_uuid


def test_ids_are_uuids_of_version_7_in_the_order_they_were_made() -> None:
    for ids in (SystemIds(), SeededIds(ManualClock())):
        made = [ids.new() for _ in range(2000)]
        assert made == sorted(made)
        assert len(set(made)) == 2000
        assert all(is_uuid(text) and UUID(text).version == 7 for text in made)


def test_the_same_seed_and_time_give_the_same_ids_and_another_seed_others() -> None:
    def sequence(seed: int) -> list[str]:
        ids = SeededIds(ManualClock(), seed)
        return [ids.new() for _ in range(5)]

    assert sequence(1) == sequence(1)
    assert not set(sequence(1)) & set(sequence(2))


def test_an_id_tells_when_it_was_made() -> None:
    clock = ManualClock(datetime(2026, 7, 1, tzinfo=UTC))
    ids = SeededIds(clock)
    earlier = ids.new()
    clock.advance(0.001)
    later = ids.new()
    assert earlier < later
    assert UUID(earlier).int >> 80 == int(datetime(2026, 7, 1, tzinfo=UTC).timestamp() * 1000)


@given(st.none() | st.integers() | st.binary() | st.text(max_size=40) | st.uuids())
def test_only_canonical_texts_are_ids(value: object) -> None:
    canonical = isinstance(value, str) and len(value) == 36 and str(UUID(value)) == value if _parses(value) else False
    assert is_uuid(value) == canonical
    if isinstance(value, UUID):
        assert is_uuid(str(value))
        assert not is_uuid(str(value).upper()) or not any(c.isalpha() for c in str(value))
        assert not is_uuid(f"{value}\n")
        assert not is_uuid(f"{{{value}}}")


def _parses(value: object) -> bool:
    try:
        UUID(value)  # type: ignore[arg-type]
    except (ValueError, AttributeError, TypeError):
        return False
    return True
