"""One established connection to a host, with Zaffre's storage pool ready: what the blocking calls work on."""

import contextlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

import libvirt

from zaffre.fabric.drivers.hypervisor import HostAddress, HostPoolUnusable, HypervisorRefused
from zaffre.fabric.drivers.libvirt_events import ensure_event_loop

POOL_NAME = "zaffre"

# A host that says nothing for 30 s is given up. Not sooner, because a libvirtd that is busy with as many calls as it
# serves at a time does not read the probes; the calls themselves have shorter deadlines.
_KEEP_ALIVE_INTERVAL_S = 5
_KEEP_ALIVE_COUNT = 5

_CLOSE_REASONS = {
    libvirt.VIR_CONNECT_CLOSE_REASON_ERROR: "the connection broke",
    libvirt.VIR_CONNECT_CLOSE_REASON_EOF: "the host closed the connection",
    libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE: "the host stopped answering",
}

_GUEST_EVENTS = (
    libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
    libvirt.VIR_DOMAIN_EVENT_ID_REBOOT,
    libvirt.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
)


class HostSession:
    """A live connection and its pool. Every method blocks; none may be called on the event loop.

    Both callbacks are called from libvirt's event thread: `on_closed` with the cause when the connection ends other
    than by `close`, `on_guest_event` with a guest's id when something happened to it.
    """

    def __init__(
        self, address: HostAddress, on_closed: Callable[[str], None], on_guest_event: Callable[[str], None]
    ) -> None:
        """Connect; blocks for as long as the transport takes.

        Raises:
            libvirt.libvirtError: the host could not be reached.
            HostPoolUnusable: the host has no usable pool, or one somewhere else than the address says.
        """
        ensure_event_loop()
        self.address = address
        self.connection = libvirt.open(address.uri)
        try:
            self.connection.setKeepAlive(_KEEP_ALIVE_INTERVAL_S, _KEEP_ALIVE_COUNT)
            self._prepared = _usable_pool(self.connection, address)
            self.pool = self._prepared.pool
            self._watch(on_closed, on_guest_event)
        except BaseException:
            self.connection.close()
            raise

    def alive(self) -> bool:
        """Tell whether the connection still stands, as far as this end knows."""
        try:
            return self.connection.isAlive() == 1
        except libvirt.libvirtError:  # it has been closed on this side
            return False

    def free_bytes(self) -> int:
        """Return the bytes free in the pool's file system; 0 when the host cannot say."""
        with contextlib.suppress(libvirt.libvirtError):  # only ever read to explain another error
            self.pool.refresh()
            return self.pool.info()[3]
        return 0

    def withdraw_pool(self) -> None:
        """Undo what connecting did to the pool; a directory that has files in it stays, and so does one that was."""
        prepared, self._prepared = self._prepared, PreparedPool(self.pool)
        with contextlib.suppress(libvirt.libvirtError):  # somebody else was quicker, or has begun to use it
            if prepared.started:
                prepared.pool.destroy()
            if prepared.built:
                prepared.pool.delete()
        if prepared.defined:
            with contextlib.suppress(libvirt.libvirtError):
                prepared.pool.undefine()

    def close(self) -> None:
        """End the connection. Objects that other threads hold stay valid until they let go of them."""
        # On a broken connection each of these may fail, and there is nothing left to undo on the host.
        for identifier in self._callbacks:
            with contextlib.suppress(libvirt.libvirtError):
                self.connection.domainEventDeregisterAny(identifier)
        with contextlib.suppress(libvirt.libvirtError):
            self.connection.unregisterCloseCallback()
        with contextlib.suppress(libvirt.libvirtError):
            self.connection.close()

    def _watch(self, on_closed: Callable[[str], None], on_guest_event: Callable[[str], None]) -> None:
        def closed(_connection: libvirt.virConnect, reason: int, _opaque: object) -> None:
            on_closed(_CLOSE_REASONS.get(reason, "the connection was closed"))

        def happened(_connection: libvirt.virConnect, domain: libvirt.virDomain, *_details: object) -> None:
            on_guest_event(domain.UUIDString())

        self.connection.registerCloseCallback(closed, None)
        self._callbacks = [
            self.connection.domainEventRegisterAny(None, event, happened, None) for event in _GUEST_EVENTS
        ]


@dataclass(frozen=True)
class PreparedPool:
    """A pool that can be used, and what had to be done for that."""

    pool: libvirt.virStoragePool
    defined: bool = False
    started: bool = False
    built: bool = False
    """Its directory was made."""


def _usable_pool(connection: libvirt.virConnect, address: HostAddress) -> PreparedPool:
    try:
        return ensure_pool(connection, address)
    except libvirt.libvirtError as error:
        raise HostPoolUnusable(address.name, str(error)) from error
    except HypervisorRefused as error:
        raise HostPoolUnusable(address.name, error.detail.rstrip(".")) from error


def ensure_pool(connection: libvirt.virConnect, address: HostAddress) -> PreparedPool:
    """Return the host's storage pool `zaffre`, defined, built and started when it is not yet.

    Raises:
        HypervisorRefused: a pool of that name exists in another directory.
    """
    found = _find_pool(connection)
    pool = found or connection.storagePoolDefineXML(_pool_xml(address.pool_path))
    path = ET.fromstring(pool.XMLDesc()).findtext("target/path")  # noqa: S314 - libvirtd wrote it
    if path is None or PurePosixPath(path) != PurePosixPath(address.pool_path):
        cause = f"its storage pool {POOL_NAME} is at {path}; give the host that pool path, or remove the pool"
        raise HypervisorRefused(address.name, f"keep volumes in {address.pool_path}", cause)
    if pool.isActive():
        return PreparedPool(pool)
    try:
        built = _start_pool(pool)
    except libvirt.libvirtError:
        if found is None:
            pool.undefine()  # or the next attempt, in another directory, would be told that it is here
        raise
    pool.setAutostart(1)
    return PreparedPool(pool, defined=found is None, started=True, built=built)


def _start_pool(pool: libvirt.virStoragePool) -> bool:
    """Start the pool; tell whether its directory had to be made."""
    try:
        pool.create()
    except libvirt.libvirtError:
        pool.create(libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD)
        return True
    return False


def _find_pool(connection: libvirt.virConnect) -> libvirt.virStoragePool | None:
    try:
        return connection.storagePoolLookupByName(POOL_NAME)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_POOL:
            raise
        return None


def _pool_xml(path: str) -> str:
    pool = ET.Element("pool", type="dir")
    ET.SubElement(pool, "name").text = POOL_NAME
    ET.SubElement(ET.SubElement(pool, "target"), "path").text = path
    return ET.tostring(pool, encoding="unicode")
