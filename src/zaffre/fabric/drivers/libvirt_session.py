"""One established connection to a host, with Zaffre's storage pool ready: what the blocking calls work on."""

import contextlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import PurePosixPath

import libvirt

from zaffre.fabric.drivers.hypervisor import HostAddress, HypervisorRefused
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
            libvirt.libvirtError: the host could not be reached or has no usable pool.
            HypervisorRefused: the host's pool is somewhere else than the address says.
        """
        ensure_event_loop()
        self.address = address
        self.connection = libvirt.open(address.uri)
        try:
            self.connection.setKeepAlive(_KEEP_ALIVE_INTERVAL_S, _KEEP_ALIVE_COUNT)
            self.pool = ensure_pool(self.connection, address)
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


def ensure_pool(connection: libvirt.virConnect, address: HostAddress) -> libvirt.virStoragePool:
    """Return the host's storage pool `zaffre`, defined, built and started when it is not yet.

    Raises:
        HypervisorRefused: a pool of that name exists in another directory.
    """
    pool = _find_pool(connection) or connection.storagePoolDefineXML(_pool_xml(address.pool_path))
    path = ET.fromstring(pool.XMLDesc()).findtext("target/path")  # noqa: S314 - libvirtd wrote it
    if path is None or PurePosixPath(path) != PurePosixPath(address.pool_path):
        cause = f"its storage pool {POOL_NAME} is at {path}; give the host that pool path, or remove the pool"
        raise HypervisorRefused(address.name, f"keep volumes in {address.pool_path}", cause)
    if not pool.isActive():
        pool.create(libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD)
        pool.setAutostart(1)
    return pool


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
