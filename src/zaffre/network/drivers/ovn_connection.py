"""The thread that talks to one stamp's OVN databases.

The client library works by polling, so it gets a thread of its own per plane: the event loop hands it changes and
gets futures back, and reads what the thread publishes without asking it.
"""

import contextlib
import logging
import select
import socket
import threading
from concurrent.futures import Future

from zaffre.foundation.clock import Clock
from zaffre.network.drivers.ovn_address import OvnAddress
from zaffre.network.drivers.ovn_group_commit import Change, GroupCommit
from zaffre.network.drivers.ovn_idl import Poller, ReplicaIdl
from zaffre.network.drivers.ovn_replica import PlaneReplica
from zaffre.network.drivers.ovn_schema import PORT_BINDING, northbound_schema, southbound_schema
from zaffre.network.drivers.plane import PlaneUnreachable
from zaffre.network.drivers.port_listeners import PortListeners

log = logging.getLogger(__name__)

_GUEST_PORTS_ONLY = {PORT_BINDING: [["type", "==", ""]]}
_PAUSE_AFTER_FAULT_S = 1.0
_CLOSING_TIME_S = 5.0


class OvnConnection:
    """A connection that stands, or is being made again, until `close`. Everything public is safe from any thread."""

    def __init__(self, plane: str, address: OvnAddress, listeners: PortListeners, clock: Clock) -> None:
        self._plane = plane
        self._address = address
        self._clock = clock
        self.replica = PlaneReplica(listeners, with_bindings=address.southbound is not None)
        self._bell = _Bell()
        self._lock = threading.Lock()
        self._ready = False
        self._closed = False
        self._waiting_for_ready: list[Future[None]] = []
        self._idls: list[ReplicaIdl] = []
        self._commit = self._open()
        self._thread = threading.Thread(target=self._run, name=f"ovn-{plane}", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether all of the plane's databases answer and the replica is a true copy of them."""
        return self._ready

    @property
    def committed_count(self) -> int:
        """How many transactions the northbound database has accepted."""
        return self._commit.committed_count

    def submit(self, change: Change) -> None:
        """Have a change made.

        Raises:
            PlaneUnreachable: the connection is closed, or too many changes are waiting.
        """
        with self._lock:
            self._refuse_when_closed()
            self._commit.submit(change)
            self._bell.ring()

    def when_ready(self) -> Future[None]:
        """Return a future that is done as soon as the connection is ready.

        Raises:
            PlaneUnreachable: the connection is closed.
        """
        future: Future[None] = Future()
        with self._lock:
            self._refuse_when_closed()
            self._waiting_for_ready.append(future)
            self._bell.ring()
        return future

    def close(self) -> None:
        """End the connection; blocks for a moment. Unfinished changes fail."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._bell.ring()
        self._thread.join(_CLOSING_TIME_S)

    def _refuse_when_closed(self) -> None:
        """Raise `PlaneUnreachable` when there is no connection any more."""
        if self._closed:
            raise PlaneUnreachable(self._plane, "the connection was closed on this side")

    def _open(self) -> GroupCommit:
        """Start to connect; return what commits over the new connection."""
        replica, address = self.replica, self._address
        northbound = ReplicaIdl(
            address.northbound,
            northbound_schema(),
            on_loaded=replica.reload_northbound,
            on_row=replica.note_northbound,
        )
        self._idls = [northbound]
        if address.southbound is not None:
            southbound = ReplicaIdl(
                address.southbound,
                southbound_schema(),
                on_loaded=replica.reload_southbound,
                on_row=replica.note_southbound,
                condition=_GUEST_PORTS_ONLY,
            )
            self._idls.append(southbound)
        return GroupCommit(self._plane, northbound, lambda: replica.index, self._clock)

    def _run(self) -> None:
        """Work until closed. The thread's whole life."""
        while not self._closed:
            try:
                self._turn()
            except Exception:
                # Nobody knows what state a fault leaves the library in, so everything starts over.
                log.exception("The connection to the network plane %s failed and is made anew", self._plane)
                self._start_over()
        self._end()

    def _turn(self) -> None:
        """Do what there is to do, then sleep until there is more."""
        self._bell.silence()
        for idl in self._idls:
            idl.run()
        self.replica.publish()
        self._announce()
        self._commit.run()
        poller = Poller()
        for idl in self._idls:
            idl.wait(poller)
        self._commit.wait(poller)
        self._bell.wait(poller)
        poller.block()

    def _announce(self) -> None:
        """Say whether the connection is ready."""
        ready = all(idl.ready for idl in self._idls)
        if ready and not self._ready:
            log.info("The network plane %s answers", self._plane)
        elif self._ready and not ready:
            log.warning("The network plane %s does not answer any more; connecting again", self._plane)
        self._ready = ready
        if ready:
            self._end_waits(None)

    def _end_waits(self, failure: PlaneUnreachable | None) -> None:
        """Finish the futures of those who wait for the connection."""
        with self._lock:
            waiting, self._waiting_for_ready = self._waiting_for_ready, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(failure) if failure else future.set_result(None)

    def _start_over(self) -> None:
        """Replace the connection by a new one after a fault."""
        self._ready = False
        with self._lock:
            self._disconnect("the connection failed; see Zaffre's log")
            self._commit = self._open()
        poller = Poller()
        self._bell.wait(poller)
        poller.timer_wait(_PAUSE_AFTER_FAULT_S * 1000)
        poller.block()

    def _end(self) -> None:
        """Take everything down; nobody can submit any more."""
        self._ready = False
        self._disconnect("the connection was closed on this side")
        self._end_waits(PlaneUnreachable(self._plane, "the connection was closed on this side"))
        with self._lock:  # `close` may be about to ring
            self._bell.close()

    def _disconnect(self, cause: str) -> None:
        """Let go of the databases and fail the changes that are unfinished."""
        self._commit.close(cause)
        for idl in self._idls:
            with contextlib.suppress(OSError):
                idl.close()


class _Bell:
    """Wakes the thread from other threads."""

    def __init__(self) -> None:
        self._ringing, self._listening = socket.socketpair()
        self._ringing.settimeout(0)
        self._listening.settimeout(0)

    def ring(self) -> None:
        """Wake the thread; a full buffer means that it has been told often enough."""
        with contextlib.suppress(BlockingIOError):
            self._ringing.send(b"!")

    def silence(self) -> None:
        """Forget that it rang. Call this before looking for work, or a ring may be missed."""
        with contextlib.suppress(BlockingIOError):
            while self._listening.recv(4096):
                pass

    def wait(self, poller: Poller) -> None:
        """Have `poller` wake up when it rings."""
        poller.fd_wait(self._listening, select.POLLIN)

    def close(self) -> None:
        """Free the sockets."""
        self._ringing.close()
        self._listening.close()
