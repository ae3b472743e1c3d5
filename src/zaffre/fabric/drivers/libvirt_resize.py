"""Giving a guest another size through libvirt. Every function blocks and takes the session first."""

import contextlib

import libvirt

from zaffre.fabric.drivers.hypervisor import GuestSpec
from zaffre.fabric.drivers.libvirt_guests import define_guest, find_guest
from zaffre.fabric.drivers.libvirt_session import HostSession

_LIVE = libvirt.VIR_DOMAIN_AFFECT_LIVE


def resize_guest(session: HostSession, spec: GuestSpec) -> bool:
    """Define the guest with its new size and plug in, or pull out, as many processors as a running one allows.

    Raises:
        GuestMissing: there is no such guest.
    """
    domain = find_guest(session, spec.id)
    define_guest(session, spec)
    if not domain.isActive():
        return True
    if domain.vcpusFlags(_LIVE) != spec.vcpus <= domain.vcpusFlags(_LIVE | libvirt.VIR_DOMAIN_VCPU_MAXIMUM):
        # Processors that it booted with cannot be pulled out, and a guest may hold on to others: then it keeps them.
        with contextlib.suppress(libvirt.libvirtError):
            domain.setVcpusFlags(spec.vcpus, _LIVE)
    return domain.vcpusFlags(_LIVE) == spec.vcpus and domain.maxMemory() // 1024 == spec.memory_mib
