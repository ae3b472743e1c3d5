"""A replica of one OVN database, kept up by the client library that comes with Open vSwitch.

The library (`ovs.db.idl`) connects, reconnects, follows a cluster's leader, replicates and sends transactions. It
knows no threads and no event loop: whoever owns a replica calls `run` whenever `wait` says that there is something to
do, always from the same thread.
"""

import select
import time
from collections.abc import Callable
from typing import Any

from ovs.db.idl import ROW_CREATE, ROW_DELETE, Idl, Row, SchemaHelper

from zaffre.network.drivers.ovn_index import CREATED, RowChange, Tables

RowListener = Callable[[str, Row, RowChange], None]
"""Hears of a change to a row of a table."""

_PROBE_INTERVAL_MS = 5_000
"""A server that is silent for this long is asked for a sign of life; after as long again the connection is dropped."""
_LEAST_BACKOFF_MS = 1_000
_GREATEST_BACKOFF_MS = 2_000


class ReplicaIdl(Idl):
    """One database's replica. `on_row` hears of every change after `on_loaded` was called with the first state.

    `condition` limits which rows are replicated, by table, in RFC 7047 notation.
    """

    def __init__(
        self,
        remotes: str,
        schema: dict[str, Any],
        *,
        on_loaded: Callable[[Tables], None],
        on_row: RowListener,
        condition: dict[str, list[list[str]]] | None = None,
    ) -> None:
        helper = SchemaHelper(schema_json=schema)
        helper.register_all()
        super().__init__(remotes, helper)
        # The library does not probe unix sockets and waits up to 8 s between attempts: too long for a server that
        # was only restarted, and for one that is stopped but whose socket stays open.
        self._session.reconnect.set_probe_interval(_PROBE_INTERVAL_MS)
        self._session.reconnect.set_backoff(_LEAST_BACKOFF_MS, _GREATEST_BACKOFF_MS)
        for table, clauses in (condition or {}).items():
            self.cond_change(table, clauses)
        self._on_loaded = on_loaded
        self._on_row = on_row
        self._loaded = False

    @property
    def ready(self) -> bool:
        """Whether the server answers and the replica is a true copy."""
        return self._loaded and self._session.is_connected()

    def run(self) -> bool:
        """Do what there is to do without waiting; tell whether the replica changed."""
        changed = super().run()
        if not self._loaded and self.state == self.IDL_S_MONITORING:
            self._loaded = True
            self._on_loaded(self.tables)
        return changed

    def restart_fsm(self) -> None:
        """Start over on a new connection; called by the library."""
        self._loaded = False
        super().restart_fsm()

    def notify(self, event: str, row: Row, updates: Row | None = None) -> None:
        """Pass a row's change on; called by the library. `updates` holds the old values of changed columns."""
        if not self._loaded:
            return  # `on_loaded` will see the row among the others
        table = row._table  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - a row tells its table no other way
        if event == ROW_CREATE:
            change = CREATED
        elif event == ROW_DELETE:
            change = RowChange(gone=True, old_ports=getattr(row, "ports", None))
        else:
            old_ports = getattr(updates, "ports", None)
            rest_changed = any(hasattr(updates, column) for column in table.columns if column != "ports")
            change = RowChange(old_ports=old_ports, only_ports=old_ports is not None and not rest_changed)
        self._on_row(table.name, row, change)

    def cooperative_yield(self) -> None:
        """Let other threads run while a large update is taken in; called by the library for each row."""
        time.sleep(0)


class Poller:
    """What the library's own poller does, with poll(2) instead of select(2).

    select(2) fails on file descriptors above 1023, and a control plane with a thousand hosts has those.
    """

    def __init__(self) -> None:
        self._events: dict[int, int] = {}
        self._timeout_ms: float | None = None

    def fd_wait(self, fd: Any, events: int) -> None:
        """Wake up when a file descriptor, or an object that has one, is ready for any of the poll(2) events."""
        number = fd if isinstance(fd, int) else fd.fileno()
        self._events[number] = self._events.get(number, 0) | events

    def timer_wait(self, milliseconds: float) -> None:
        """Wake up after this time at the latest."""
        least = max(0.0, milliseconds)
        self._timeout_ms = least if self._timeout_ms is None else min(self._timeout_ms, least)

    def timer_wait_until(self, milliseconds: float) -> None:
        """Wake up at this instant of the library's clock at the latest."""
        self.timer_wait(milliseconds - time.monotonic() * 1000)

    def immediate_wake(self) -> None:
        """Do not sleep at all."""
        self.timer_wait(0)

    def block(self) -> None:
        """Sleep until something that was asked for happens."""
        poll = select.poll()
        for fd, events in self._events.items():
            poll.register(fd, events)
        poll.poll(self._timeout_ms)
