"""How things are written for people."""

from datetime import UTC, datetime, timedelta

import pytest

from zaffre.cli import words
from zaffre.cli.terminal import harmless

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (7199, "119m"),
        (7200, "2h"),
        (172_800, "2d"),
        (1_209_600, "2w"),
    ],
)
def test_an_age_is_a_small_number(seconds: int, text: str) -> None:
    assert words.age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (2**30, "1 GiB"),
        (5 * 2**40, "5 TiB"),
        (2**52, "4096 TiB"),
    ],
)
def test_bytes_are_written_in_the_unit_that_fits(count: int, text: str) -> None:
    assert words.bytes_text(count) == text


@pytest.mark.parametrize(("mib", "text"), [(512, "512 MiB"), (1024, "1 GiB"), (1536, "1536 MiB"), (16_384, "16 GiB")])
def test_memory_is_written_without_fractions(mib: int, text: str) -> None:
    assert words.mib_text(mib) == text


@pytest.mark.parametrize(
    ("reference", "ending"),
    [("…0c1b2a3f", "0c1b2a3f"), ("0c1b2a3f", "0c1b2a3f"), ("web", None), ("0c1b2a3", None), ("0C1B2A3F", None)],
)
def test_the_end_of_an_id_is_recognised(reference: str, ending: str | None) -> None:
    assert words.end_of_id(reference) == ending


def test_names_of_the_api_are_put_in_words() -> None:
    assert words.state_text("shutting_down") == "shutting down"
    assert words.state_text("vm_network.create") == "VM network create"
    assert words.deed_text("virtual_machine.create") == "create virtual machine"
    assert words.title_text("vcpus") == "vCPUs"
    assert words.title_text("vm_networks") == "VM networks"
    assert words.title_text("virtual_machines") == "Virtual machines"
    assert words.limit_text("memory_mib", 512) == ("Memory", "up to 512 MiB")
    assert words.limit_text("virtual_machines", None) == ("Virtual machines", "unlimited")


def test_text_from_outside_cannot_steer_a_terminal() -> None:
    assert harmless("a\x1b[31mb\x1b]0;title\x1b\\c\x9b2Jd\x07\ne\tf\r\ng\rh") == "abc2Jd\ne\tf\ngh"
    assert harmless("grün, ✓") == "grün, ✓"
