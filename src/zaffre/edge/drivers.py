"""The drivers of this process: what can be used with what is installed."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from zaffre.fabric.drivers.hypervisor import HypervisorDriver
from zaffre.fabric.drivers.simulated import SimulatedDriver
from zaffre.fabric.drivers.simulated_world import SimulatedWorld
from zaffre.foundation.clock import Clock
from zaffre.foundation.settings import FabricSettings
from zaffre.network.drivers.plane import NetworkPlaneDriver
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Drivers:
    """Hypervisor and network drivers by name."""

    hypervisors: Mapping[str, HypervisorDriver]
    planes: Mapping[str, NetworkPlaneDriver]


def available_drivers(settings: FabricSettings, clock: Clock) -> Drivers:
    """Return every driver whose library is installed, and the simulated twins always.

    The simulated hosts and planes live in files when the settings name one, so that they outlast the process.
    """
    file = settings.simulated_world
    plane_file = file.with_name(f"{file.name}-plane") if file is not None else None
    world = SimulatedWorld(clock, path=file)
    plane_world = SimulatedPlaneWorld(clock, path=plane_file, auto_bind=True)
    hypervisors: dict[str, HypervisorDriver] = {"simulated": SimulatedDriver(world)}
    planes: dict[str, NetworkPlaneDriver] = {"simulated": SimulatedPlaneDriver(plane_world)}
    try:
        from zaffre.fabric.drivers.libvirt_driver import LibvirtDriver  # noqa: PLC0415 - needs libvirt-python

        hypervisors["libvirt"] = LibvirtDriver(clock)
    except ImportError as error:
        log.info("the libvirt driver is not available", cause=str(error))
    try:
        from zaffre.network.drivers.ovn_driver import OvnPlaneDriver  # noqa: PLC0415 - needs ovs

        planes["ovn"] = OvnPlaneDriver(clock)
    except ImportError as error:
        log.info("the OVN driver is not available", cause=str(error))
    return Drivers(hypervisors, planes)
