"""Finding out whether an accelerator works on a host by running a guest under it.

/dev/kvm can exist, and libvirt can offer it, on machines where a guest nevertheless hangs at its first instruction.
So a guest of one boot sector is run, and only its word counts.
"""

import asyncio
import contextlib
from functools import partial

import libvirt

from zaffre.fabric.drivers.boot_sector import WORD, boot_disk
from zaffre.fabric.drivers.domain_xml import domain_xml
from zaffre.fabric.drivers.hypervisor import Accelerator, GuestDisk, GuestMissing, GuestSpec, HypervisorRefused
from zaffre.fabric.drivers.libvirt_connection import HostConnection
from zaffre.fabric.drivers.libvirt_guests import find_guest, stop_guest
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_transfer import VolumeDownload, VolumeUpload
from zaffre.fabric.drivers.libvirt_volumes import create_empty, delete_volume
from zaffre.fabric.drivers.libvirt_workers import Lane
from zaffre.foundation.clock import Clock

PROBE_GUEST_ID = "7a667270-6f62-4e65-8a00-000000000001"
"""The probe's guest has the same id on every host, so that it can be left out of what is observed."""

_DISK_VOLUME = "zaffre-probe.raw"
_LOG_VOLUME = "zaffre-probe.log"
_POLL_S = 0.05
_CALL_DEADLINE_S = 30.0
_CLEAN_UP_DEADLINE_S = 60.0


async def guest_reports(connection: HostConnection, accelerator: Accelerator, clock: Clock, deadline_s: float) -> bool:
    """Run the probe's guest under the accelerator; tell whether it reported within `deadline_s` of its start.

    Whatever happens the guest and its volumes are removed; if this process ends meanwhile libvirt removes the guest,
    and the next probe the volumes.

    Raises:
        HostUnreachable: the host does not answer.
        StorageFull: the pool has no room for a few kilobytes.
    """
    try:
        await connection.call("run a probe", partial(_begin, accelerator=accelerator), deadline_s=_CALL_DEADLINE_S)
        return await _wait_for_report(connection, clock, deadline_s)
    except HypervisorRefused:  # libvirt or QEMU knows already that it does not work
        return False
    finally:
        await asyncio.shield(asyncio.create_task(_clean_up_after(connection)))


async def _wait_for_report(connection: HostConnection, clock: Clock, deadline_s: float) -> bool:
    ends_s = clock.monotonic_s() + deadline_s
    while clock.monotonic_s() < ends_s:
        running = await connection.call("read the probe", _is_running, deadline_s=_CALL_DEADLINE_S, lane=Lane.READ)
        if await connection.call("read the probe", _has_reported, deadline_s=_CALL_DEADLINE_S, lane=Lane.READ):
            return True
        if not running:
            return False
        await clock.sleep(_POLL_S)
    return False


async def _clean_up_after(connection: HostConnection) -> None:
    await connection.call("remove the probe", _clean_up, deadline_s=_CLEAN_UP_DEADLINE_S)


def _begin(session: HostSession, accelerator: Accelerator) -> None:
    _clean_up(session)
    upload = VolumeUpload(_DISK_VOLUME, boot_disk())
    with contextlib.closing(upload):
        upload.step(session)
    create_empty(session, _LOG_VOLUME)
    xml = domain_xml(_probe_guest(accelerator), session.address)
    session.connection.createXML(xml, libvirt.VIR_DOMAIN_START_AUTODESTROY)


def _probe_guest(accelerator: Accelerator) -> GuestSpec:
    """Return a guest like every other, so that what stops those stops this one: same machine, same processor."""
    return GuestSpec(
        id=PROBE_GUEST_ID,
        title="Zaffre finds out which accelerator works",
        vcpus=1,
        memory_mib=64,
        accelerator=accelerator,
        disks=(GuestDisk(_DISK_VOLUME, "raw"),),
        seed_volume=None,
        serial_log_volume=_LOG_VOLUME,
        ports=(),
    )


def _is_running(session: HostSession) -> bool:
    try:
        find_guest(session, PROBE_GUEST_ID)
    except GuestMissing:
        return False
    return True


def _has_reported(session: HostSession) -> bool:
    return WORD in VolumeDownload(_LOG_VOLUME, offset=0, length=4096).step(session)


def _clean_up(session: HostSession) -> None:
    stop_guest(session, PROBE_GUEST_ID)
    delete_volume(session, _DISK_VOLUME)
    delete_volume(session, _LOG_VOLUME)
