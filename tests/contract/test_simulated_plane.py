"""The contract suite on the simulated plane."""

import pytest

from support.network_plane_contract import NetworkPlaneContract
from zaffre.foundation.clock import ManualClock
from zaffre.network.drivers.plane import NetworkPlane
from zaffre.network.drivers.simulated_plane import SimulatedPlaneDriver, SimulatedPlaneWorld

ADDRESS = "east"


class SimulatedSite:
    """A simulated plane."""

    def __init__(self, world: SimulatedPlaneWorld) -> None:
        self._world = world
        backplane = world.backplane(ADDRESS)
        self.unbind = backplane.unbind
        self.alter_address = backplane.alter_address
        self.alter_vsid = backplane.alter_vsid
        self.drop_port = backplane.drop_port
        self.remove_dhcp = backplane.remove_dhcp
        self.remove_gateway = backplane.remove_gateway
        self.remove_switch = backplane.remove_switch
        self.remove_router = backplane.remove_router

    def open(self, deadline_s: float = 10.0) -> NetworkPlane:
        return SimulatedPlaneDriver(self._world, deadline_s=deadline_s).open("plane", ADDRESS)

    def stop(self) -> None:
        self._world.faults(ADDRESS).reachable = False

    def start(self) -> None:
        self._world.faults(ADDRESS).reachable = True

    def bind(self, port_id: str) -> str:
        self._world.backplane(ADDRESS).bind(port_id, "host-1")
        return "host-1"

    def add_host(self) -> str:
        return "host-1.example"

    def strange_host(self) -> str:
        self._world.faults(ADDRESS).absent_hosts.add("stranger.example")
        return "stranger.example"

    def add_foreign(self) -> None:
        self._world.backplane(ADDRESS).add_foreign("somebody else's switch")

    def foreign(self) -> object:
        return self._world.backplane(ADDRESS).foreign


class TestSimulatedPlane(NetworkPlaneContract):
    """On a plane that lives in memory."""

    @pytest.fixture
    def site(self) -> SimulatedSite:
        return SimulatedSite(SimulatedPlaneWorld(ManualClock()))


class TestSimulatedPlaneInAFile(NetworkPlaneContract):
    """On a plane that is kept in a file."""

    @pytest.fixture
    def site(self, tmp_path):
        world = SimulatedPlaneWorld(ManualClock(), path=tmp_path / "planes.db")
        yield SimulatedSite(world)
        world.close()
