"""What libvirt's errors mean: each becomes the error that the `Hypervisor` Protocol promises."""

import errno
import re
from collections.abc import Callable
from typing import TypeVar

import libvirt

from zaffre.fabric.drivers.hypervisor import GuestBusy, HostUnreachable, HypervisorRefused, StorageFull
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.foundation.errors import DomainError

# The transport reports a broken connection in these words; it says other things too, of a connection that stands.
_CONNECTION_DOMAINS = frozenset({libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE})
_CONNECTION_CODES = frozenset({libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_RPC})

# qemu-img and QEMU report a full disk only in words, through libvirt's "internal error"; 28 is ENOSPC.
_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded|\berror -28\b", re.IGNORECASE)

_NEW_VOLUME_BYTES = 256 * 1024
"""About what a new volume takes up before anything is written to it."""

Result = TypeVar("Result")


def has_code(error: libvirt.libvirtError, code: int) -> bool:
    """Tell whether the error is of one of libvirt's `VIR_ERR_*` kinds."""
    return error.get_error_code() == code


def call_translated(action: str, call: Callable[[HostSession], Result], session: HostSession) -> Result:
    """Run a blocking call on the session; a libvirt error comes out as the Protocol's.

    `action` completes the sentence "The host refused to …".

    Raises:
        HostUnreachable: the connection broke during the call.
        StorageFull: the pool has no room.
        GuestBusy: libvirt is still at something else with the guest.
        HypervisorRefused: anything else that libvirt reports, in its words.
    """
    try:
        return call(session)
    except libvirt.libvirtError as error:
        failure = translate(error, action, session)
    # Raised here, without the original as its cause: that one's traceback holds libvirt's objects, and they the host's
    # resources, for as long as somebody keeps the error.
    raise failure


def translate(error: libvirt.libvirtError, action: str, session: HostSession) -> DomainError:
    """Return the Protocol's error for one of libvirt's."""
    host = session.address.name
    message = words(error)
    if is_connection_error(error) or not session.alive():
        return HostUnreachable(host, message)
    if is_disk_full(error):
        return StorageFull(host, needed_bytes=_NEW_VOLUME_BYTES, free_bytes=session.free_bytes())
    if has_code(error, libvirt.VIR_ERR_OPERATION_TIMEOUT):  # libvirt has waited for its turn for 30 s
        return GuestBusy(host, action)
    return HypervisorRefused(host, action, message)


def is_disk_full(error: libvirt.libvirtError) -> bool:
    """Tell whether something failed because the host's file system has no room left."""
    return error.get_int1() in (errno.ENOSPC, errno.EDQUOT) or _NO_SPACE.search(words(error)) is not None


def words(error: libvirt.libvirtError) -> str:
    """Return what libvirt says about the error."""
    return error.get_error_message() or str(error)


def is_connection_error(error: libvirt.libvirtError) -> bool:
    """Tell whether it is the way to the host that failed."""
    return error.get_error_domain() in _CONNECTION_DOMAINS and error.get_error_code() in _CONNECTION_CODES
