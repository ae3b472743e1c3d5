"""What becomes of counters."""

from dataclasses import replace

from zaffre.fabric.drivers.measurements import GuestCounters, HostCounters
from zaffre.fabric.measurements.rates import Look, guests_values, host_values
from zaffre.fabric.measurements.series import ABSENT

GUEST = GuestCounters("guest", 2, 0, None, None, 0, 0, 0, 0, 0, 0)


def host(*guests: GuestCounters, processor_ns: int = 0) -> HostCounters:
    return HostCounters(4, processor_ns, 3000, 1000, guests)


def test_counters_become_rates_and_percent_of_the_processors_there_are() -> None:
    after = replace(
        GUEST,
        processor_ns=10_000_000_000,
        memory_used_mib=100,
        memory_available_mib=28,
        disk_read_bytes=1000,
        disk_writes=5,
        network_transmit_bytes=123_456_789,
    )
    rates = guests_values(Look(100.0, host(GUEST)), Look(110.0, host(after)))
    assert rates == {"guest": (500, 100, 28, 100, 0, 0, 5, 0, 12_300_000)}


def test_a_guest_without_balloon_driver_has_no_memory() -> None:
    rates = guests_values(Look(0.0, host(GUEST)), Look(1.0, host(GUEST)))
    assert rates["guest"][1:3] == (ABSENT, ABSENT)


def test_a_guest_that_is_new_or_was_started_anew_has_no_rates_yet() -> None:
    used = replace(GUEST, disk_read_bytes=5)
    assert guests_values(Look(0.0, host()), Look(1.0, host(GUEST))) == {}
    assert guests_values(Look(0.0, host(used)), Look(1.0, host(GUEST))) == {}


def test_a_host_does_what_its_guests_do() -> None:
    before, after = Look(0.0, host()), Look(10.0, host(processor_ns=20_000_000_000))
    guests = [(0, 0, 0, 10, 0, 0, 0, 0, 1), (0, ABSENT, 0, 30, 0, 0, 0, 0, 2)]
    assert host_values(before, after, guests) == (500, 3000, 1000, 40, 0, 0, 0, 0, 3)
    assert host_values(after, before, guests) is None
