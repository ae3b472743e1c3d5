"""Steps are announced and timed, also when they fail."""

import pytest

from zaffre.devfabric.progress import Progress, StepReport, StepState
from zaffre.foundation.clock import ManualClock


def test_a_step_is_reported_when_it_starts_and_with_its_time_when_it_ends():
    reports: list[StepReport] = []
    clock = ManualClock()
    with Progress(reports.append, clock).step("Start host-1"):
        clock.advance(1.5)
    assert reports == [
        StepReport("Start host-1", StepState.STARTED),
        StepReport("Start host-1", StepState.FINISHED, elapsed_s=1.5),
    ]


def test_a_step_that_fails_says_so_and_lets_the_error_pass():
    reports: list[StepReport] = []
    with pytest.raises(ValueError, match="broken"), Progress(reports.append, ManualClock()).step("Start host-1"):
        raise ValueError("broken")
    assert [report.state for report in reports] == [StepState.STARTED, StepState.FAILED]
