"""Progress of long work: each step is announced when it starts and timed when it ends."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from zaffre.foundation.clock import Clock, SystemClock


class StepState(StrEnum):
    """What a step report says."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    NOTE = "note"
    """Something worth knowing that is not a step, for example why the fabric is being rebuilt."""


@dataclass(frozen=True)
class StepReport:
    """A step started or ended. Steps of different hosts overlap; `step` tells them apart."""

    step: str
    """A short sentence for people, for example `Start host-1`."""
    state: StepState
    elapsed_s: float | None = None
    """Seconds since the step started; set when it ended."""


Report = Callable[[StepReport], None]


def silent(report: StepReport) -> None:
    """Receive reports and show nothing."""


class Progress:
    """Reports steps to one receiver, one report at a time, from however many threads."""

    def __init__(self, report: Report, clock: Clock | None = None) -> None:
        self._report = report
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()

    def note(self, sentence: str) -> None:
        """Tell the receiver something that is not a step."""
        self._send(StepReport(sentence, StepState.NOTE))

    @contextmanager
    def step(self, sentence: str) -> Generator[None]:
        """Report the start of a step, and its end with the time it took."""
        started_s = self._clock.monotonic_s()
        self._send(StepReport(sentence, StepState.STARTED))
        try:
            yield
        except BaseException:
            self._send(StepReport(sentence, StepState.FAILED, self._clock.monotonic_s() - started_s))
            raise
        self._send(StepReport(sentence, StepState.FINISHED, self._clock.monotonic_s() - started_s))

    def _send(self, report: StepReport) -> None:
        with self._lock:
            self._report(report)
