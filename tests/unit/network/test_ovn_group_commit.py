"""The bounds of group commit. How it shares transactions shows only on OVN."""

from types import SimpleNamespace
from typing import Any

import pytest

from zaffre.foundation.clock import ManualClock
from zaffre.network.drivers.plane import PlaneUnreachable

pytest.importorskip("ovs", reason="Open vSwitch's Python library is not installed")

from zaffre.network.drivers.ovn_group_commit import (
    MAX_WAITING,
    Change,
    GroupCommit,
)


class Database(SimpleNamespace):
    """A database that cannot be reached, or one that any transaction would be news to."""

    ready = False
    change_seqno = 1


def commit_on(database: Any, clock: ManualClock) -> GroupCommit:
    return GroupCommit("plane", database, lambda: None, clock)  # type: ignore[arg-type, return-value]


def change(deadline_s: float = 10.0) -> Change:
    def write(transaction: object) -> None:
        raise AssertionError("must not be written")

    return Change("ensure", frozenset({"id"}), write, deadline_s)


def test_no_more_changes_wait_than_may(clock: ManualClock):
    commit = commit_on(Database(), clock)
    for _ in range(MAX_WAITING):
        commit.submit(change())
    with pytest.raises(PlaneUnreachable, match="waiting"):
        commit.submit(change())


def test_a_change_whose_deadline_has_passed_is_not_made(clock: ManualClock):
    database = Database()
    commit, late = commit_on(database, clock), change(deadline_s=5)
    commit.submit(late)
    commit.run()
    clock.advance(5)
    database.ready = True
    commit.run()
    assert isinstance(late.done.exception(timeout=0), PlaneUnreachable)


def test_a_change_that_nobody_waits_for_any_more_is_not_made(clock: ManualClock):
    database = Database(ready=True)
    commit, abandoned = commit_on(database, clock), change()
    commit.submit(abandoned)
    assert abandoned.done.cancel()
    commit.run()
    assert abandoned.done.cancelled()


def test_closing_fails_what_is_unfinished(clock: ManualClock):
    commit, unfinished = commit_on(Database(), clock), change()
    commit.submit(unfinished)
    commit.close("it was closed")
    with pytest.raises(PlaneUnreachable, match="it was closed"):
        unfinished.done.result(timeout=0)
