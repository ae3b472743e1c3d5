"""Guests of a host, through libvirt's domain API. Every function blocks and takes the session first."""

from collections.abc import Iterable
from pathlib import PurePosixPath

import libvirt

from zaffre.fabric.drivers.domain_xml import DescribedGuest, describe_guest, domain_xml, guest_title
from zaffre.fabric.drivers.hypervisor import (
    GuestMissing,
    GuestObservation,
    GuestSpec,
    GuestState,
    HypervisorRefused,
    StopReason,
    VolumeMissing,
)
from zaffre.fabric.drivers.libvirt_errors import has_code
from zaffre.fabric.drivers.libvirt_session import HostSession
from zaffre.fabric.drivers.libvirt_volumes import create_empty, delete_rotated, has_volume

_UNDEFINE_FLAGS = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)

_PAUSED_STATES = frozenset({libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PMSUSPENDED})

_STOP_REASONS = {
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: StopReason.GUEST_SHUTDOWN,
    libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED: StopReason.DESTROYED,
    libvirt.VIR_DOMAIN_SHUTOFF_CRASHED: StopReason.CRASHED,
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED: StopReason.FAILED,
}


def define_guest(session: HostSession, spec: GuestSpec) -> None:
    """Define the guest, and create its serial log so that the pool knows it."""
    create_empty(session, spec.serial_log_volume)
    session.connection.defineXML(domain_xml(spec, session.address))


def start_guest(session: HostSession, guest_id: str) -> None:
    """Start the guest, resume it if it is paused, or find that it runs.

    Raises:
        GuestMissing: there is no such guest.
        VolumeMissing: it cannot start because one of its volumes is gone.
    """
    domain = find_guest(session, guest_id)
    try:
        domain.create()
    except libvirt.libvirtError as error:
        if has_code(error, libvirt.VIR_ERR_OPERATION_INVALID) and domain.isActive():
            _resume(domain)
            return
        _check_volumes(session, domain)
        raise


def shut_down_guest(session: HostSession, guest_id: str) -> None:
    """Press the power button, unless the guest is off.

    Raises:
        GuestMissing: there is no such guest.
    """
    domain = find_guest(session, guest_id)
    try:
        # Without the flag libvirt would first wait for an agent that only some guests have.
        domain.shutdownFlags(libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
    except libvirt.libvirtError:
        if domain.isActive():
            raise


def stop_guest(session: HostSession, guest_id: str) -> None:
    """Cut the guest's power, if it is there and on."""
    try:
        _destroy(find_guest(session, guest_id))
    except GuestMissing:
        return


def undefine_guest(session: HostSession, guest_id: str) -> None:
    """Cut the guest's power and remove its definition with everything libvirt keeps about it, if it is there.

    That includes the old parts of its serial log, of which nobody but libvirt's log daemon knows.
    """
    try:
        domain = find_guest(session, guest_id)
    except GuestMissing:
        return
    logs = _volume_names(session, describe_guest(domain.XMLDesc()).log_paths)
    _destroy(domain)
    try:
        domain.undefineFlags(_UNDEFINE_FLAGS)
    except libvirt.libvirtError as error:  # a guest without a definition went when it was stopped
        if not has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            raise
    for log in logs:
        delete_rotated(session, log)


def reset_guest(session: HostSession, guest_id: str) -> None:
    """Press the reset button.

    Raises:
        GuestMissing: there is no such guest.
        HypervisorRefused: it is not running.
    """
    domain = find_guest(session, guest_id)
    state, _reason = domain.state()
    if state in _PAUSED_STATES:  # libvirt would reset it and leave it paused
        raise HypervisorRefused(session.address.name, f"reset guest {guest_id}", "it is paused")
    domain.reset()


def pause_guest(session: HostSession, guest_id: str) -> None:
    """Stop the guest's processors; a paused guest is left alone.

    Raises:
        GuestMissing: there is no such guest.
    """
    find_guest(session, guest_id).suspend()


def retitle_guest(session: HostSession, guest_id: str, title: str) -> None:
    """Write the title into the guest's definition, and into the running guest.

    Raises:
        GuestMissing: there is no such guest.
    """
    domain = find_guest(session, guest_id)
    where = libvirt.VIR_DOMAIN_AFFECT_CONFIG
    if domain.isActive():
        where |= libvirt.VIR_DOMAIN_AFFECT_LIVE
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, guest_title(title), None, None, where)


def observe_guest(session: HostSession, guest_id: str) -> GuestObservation | None:
    """Read one guest; None when the host does not know it."""
    try:
        domain = find_guest(session, guest_id)
        state, reason = domain.state()
        return observation(describe_guest(domain.XMLDesc()), state, reason)
    except GuestMissing:
        return None
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_DOMAIN):  # it went between two questions
            raise
        return None


def observe_guests(session: HostSession) -> list[GuestObservation]:
    """Read every guest: one question for all states, and one each for the rest."""
    observations: list[GuestObservation] = []
    for domain, statistics in session.connection.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE):
        try:
            described = describe_guest(domain.XMLDesc())
        except libvirt.libvirtError as error:
            if not has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
                raise
            continue
        observations.append(observation(described, statistics["state.state"], statistics["state.reason"]))
    return observations


def observation(described: DescribedGuest, state: int, reason: int) -> GuestObservation:
    """Return a guest's observation from its XML and libvirt's state and reason."""
    power = _power_state(state, reason)
    stopped = power not in (GuestState.RUNNING, GuestState.PAUSED)
    return GuestObservation(
        id=described.id,
        title=described.title,
        state=power,
        stop_reason=_stop_reason(state, reason) if stopped else None,
        ready=power is GuestState.RUNNING and described.agent_connected,
        labels=described.labels,
        ports=frozenset(described.port_ids),
        volumes=frozenset(PurePosixPath(path).name for path in described.disk_paths),
    )


def find_guest(session: HostSession, guest_id: str) -> libvirt.virDomain:
    """Return the guest's domain.

    Raises:
        GuestMissing: there is no such guest.
    """
    try:
        return session.connection.lookupByUUIDString(guest_id)
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            raise
    raise GuestMissing(session.address.name, guest_id)


def _resume(domain: libvirt.virDomain) -> None:
    try:
        domain.resume()
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_OPERATION_INVALID):  # said of a guest that runs
            raise


def _destroy(domain: libvirt.virDomain) -> None:
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if not has_code(error, libvirt.VIR_ERR_OPERATION_INVALID) and not has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
            raise


def _check_volumes(session: HostSession, domain: libvirt.virDomain) -> None:
    """Find out whether a guest did not start because a volume is gone."""
    for name in _volume_names(session, describe_guest(domain.XMLDesc()).disk_paths):
        if not has_volume(session, name):
            raise VolumeMissing(session.address.name, name)


def _volume_names(session: HostSession, paths: Iterable[str]) -> list[str]:
    """Return the names of those of the paths that are in the pool."""
    pool = PurePosixPath(session.address.pool_path)
    return [path.name for path in map(PurePosixPath, paths) if path.parent == pool]


def _power_state(state: int, reason: int) -> GuestState:
    if state == libvirt.VIR_DOMAIN_PAUSED and reason == libvirt.VIR_DOMAIN_PAUSED_STARTING_UP:
        return GuestState.RUNNING  # its power is on and nobody asked it to pause
    if state in _PAUSED_STATES:
        return GuestState.PAUSED
    if state == libvirt.VIR_DOMAIN_CRASHED or _stop_reason(state, reason) is StopReason.CRASHED:
        return GuestState.CRASHED
    if state == libvirt.VIR_DOMAIN_SHUTOFF:
        return GuestState.STOPPED
    return GuestState.RUNNING


def _stop_reason(state: int, reason: int) -> StopReason | None:
    if state == libvirt.VIR_DOMAIN_CRASHED:
        return StopReason.CRASHED
    if state == libvirt.VIR_DOMAIN_SHUTOFF:
        return _STOP_REASONS.get(reason, StopReason.UNKNOWN)
    return None
