"""The series that are measured of a guest or a host, and samples of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ABSENT = -1
"""Stands for a value that is not known, in a sample: no value is below zero."""

_EXACT = 1000


@dataclass(frozen=True)
class Series:
    """One thing that is measured."""

    name: str
    scale: int
    """Samples hold whole numbers: the value times this."""
    title: str
    """For people and for Prometheus."""


SERIES = (
    Series("cpu_percent", 10, "Processor time used, in percent of the processors it has."),
    Series("memory_used_mib", 1, "Memory that its kernel and programs hold."),
    Series("memory_available_mib", 1, "Memory that programs could still get without swapping."),
    Series("disk_read_bytes_s", 1, "Bytes read from disks per second."),
    Series("disk_write_bytes_s", 1, "Bytes written to disks per second."),
    Series("disk_read_ops_s", 10, "Reads from disks per second."),
    Series("disk_write_ops_s", 10, "Writes to disks per second."),
    Series("network_receive_bytes_s", 1, "Bytes received from networks per second."),
    Series("network_transmit_bytes_s", 1, "Bytes sent to networks per second."),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured of one thing at one time."""

    at_s: int
    """Unix time."""
    values: tuple[int, ...]
    """One for each of `SERIES`, scaled, or `ABSENT`."""


def rounded(amount: float) -> int:
    """Return an amount to three significant digits: more would be noise, and noise cannot be packed."""
    whole = round(amount)
    if whole < _EXACT:
        return max(whole, 0)
    step = 10 ** (len(str(whole)) - 3)
    return round(whole / step) * step


def averaged(samples: Iterable[Sample], step_s: int) -> list[Sample]:
    """Return the average of samples over spans of `step_s` that begin at its multiples; spans without any are left out.

    What is absent from some samples is averaged over the others.
    """
    spans: dict[int, list[Sample]] = {}
    for sample in samples:
        spans.setdefault(sample.at_s - sample.at_s % step_s, []).append(sample)
    return [Sample(began_s, _average(spans[began_s])) for began_s in sorted(spans)]


def _average(samples: Sequence[Sample]) -> tuple[int, ...]:
    if len(samples) == 1:
        return samples[0].values
    columns = zip(*(sample.values for sample in samples), strict=True)
    known = [[value for value in column if value != ABSENT] for column in columns]
    return tuple(rounded(sum(values) / len(values)) if values else ABSENT for values in known)
