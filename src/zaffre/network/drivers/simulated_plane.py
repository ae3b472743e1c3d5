"""The simulated twin of the OVN driver: the same doors, with planes in memory or in a file behind them.

A `SimulatedPlaneWorld` holds any number of planes by address. Control planes open doors to them through
`SimulatedPlaneDriver`; tests and simulated hosts go round the doors, through `SimulatedPlaneWorld.backplane`, and
spoil answers through `SimulatedPlaneWorld.faults`. Time passes only on the given clock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from zaffre.foundation.clock import Clock
from zaffre.network.drivers.plane import (
    PlaneContents,
    PlaneNetwork,
    PlanePort,
    PlanePortState,
    PlaneRefused,
    PlaneSubnet,
    PlaneUnreachable,
    PortListener,
)
from zaffre.network.drivers.plane_limits import Refusal
from zaffre.network.drivers.simulated_backplane import SimulatedBackplane
from zaffre.network.drivers.simulated_plane_file import NoFile, PlaneFile

_Answer = TypeVar("_Answer")

Action = Literal[
    "ensure_networks",
    "ensure_subnets",
    "ensure_ports",
    "remove_ports",
    "remove_subnets",
    "remove_networks",
    "contents",
    "port_state",
    "knows_host",
]
"""The methods of a plane that can fail."""


@dataclass
class PlaneFaults:
    """What goes wrong on one plane. Planned faults of an action are met in the order in which they were planned."""

    reachable: bool = True
    """Set to False to take the plane away, and to True to bring it back."""
    absent_hosts: set[str] = field(default_factory=set[str])
    """Hostnames that take no part in the plane; all others do."""
    _planned: dict[Action, deque["_Fault"]] = field(default_factory=dict[Action, deque["_Fault"]])

    def refuse_next(self, action: Action, times: int = 1, cause: str = "the simulation wants it so") -> None:
        """Have the next calls refused, with nothing changed."""
        self._plan(action, times, _Fault(cause, refused=True, applied=False))

    def lose_next(self, action: Action, times: int = 1, *, applied: bool = True) -> None:
        """Have the next calls end with `PlaneUnreachable`, with the change made (`applied`) or not."""
        self._plan(action, times, _Fault("the answer was lost", refused=False, applied=applied))

    def take(self, action: Action) -> "_Fault | None":
        """Return the fault that a call meets now; it is used up by that."""
        planned = self._planned.get(action)
        return planned.popleft() if planned else None

    def _plan(self, action: Action, times: int, fault: "_Fault") -> None:
        """Add a fault `times` times."""
        self._planned.setdefault(action, deque()).extend([fault] * times)


@dataclass(frozen=True)
class _Fault:
    """How one call goes wrong."""

    cause: str
    refused: bool
    applied: bool


class SimulatedPlaneWorld:
    """Every simulated plane of a test or a simulated fabric.

    `latency_s` is what each call takes and `latency_per_object_s` what each object named in it adds. With `path` the
    planes are kept in that file, which another process may open at the same time. With `auto_bind` ports come up by
    themselves.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        latency_s: float = 0.0,
        latency_per_object_s: float = 0.0,
        auto_bind: bool = False,
        path: Path | None = None,
    ) -> None:
        self.clock = clock
        self.latency_s = latency_s
        self.latency_per_object_s = latency_per_object_s
        self._auto_bind = auto_bind
        self._store = NoFile() if path is None else PlaneFile(path)
        self._backplanes: dict[str, SimulatedBackplane] = {}
        self._faults: dict[str, PlaneFaults] = {}

    def backplane(self, address: str) -> SimulatedBackplane:
        """Return what stands behind the doors at an address."""
        if address not in self._backplanes:
            self._backplanes[address] = SimulatedBackplane(address, self._store, auto_bind=self._auto_bind)
        return self._backplanes[address]

    def faults(self, address: str) -> PlaneFaults:
        """Return what goes wrong at an address."""
        return self._faults.setdefault(address, PlaneFaults())

    def close(self) -> None:
        """Let go of the file. Planes cannot be used any more, unless they are in memory."""
        self._store.close()


class SimulatedPlane:
    """A door to a simulated plane."""

    def __init__(self, name: str, address: str, world: SimulatedPlaneWorld, deadline_s: float) -> None:
        self._name = name
        self._world = world
        self._backplane = world.backplane(address)
        self._faults = world.faults(address)
        self._deadline_s = deadline_s
        self._closed = False

    @property
    def connected(self) -> bool:
        """Whether the plane answers."""
        return self._faults.reachable and not self._closed

    def subscribe(self, listener: PortListener) -> Callable[[], None]:
        """Call `listener` on the running event loop whenever a port's state changes; returns the way to unsubscribe."""
        return self._backplane.listeners.add(listener)

    async def ensure_networks(self, networks: Sequence[PlaneNetwork]) -> None:
        """Make the plane have these networks."""
        await self._call("ensure_networks", len(networks), lambda: self._backplane.ensure_networks(networks))

    async def ensure_subnets(self, subnets: Sequence[PlaneSubnet]) -> None:
        """Make the plane have these subnets."""
        await self._call("ensure_subnets", len(subnets), lambda: self._backplane.ensure_subnets(subnets))

    async def ensure_ports(self, ports: Sequence[PlanePort]) -> None:
        """Make the plane have these ports."""
        await self._call("ensure_ports", len(ports), lambda: self._backplane.ensure_ports(ports))

    async def remove_ports(self, port_ids: Sequence[str]) -> None:
        """Remove these ports."""
        await self._call("remove_ports", len(port_ids), lambda: self._backplane.remove_ports(port_ids))

    async def remove_subnets(self, subnet_ids: Sequence[str]) -> None:
        """Remove these subnets with whatever ports they still have."""
        await self._call("remove_subnets", len(subnet_ids), lambda: self._backplane.remove_subnets(subnet_ids))

    async def remove_networks(self, network_ids: Sequence[str]) -> None:
        """Remove these networks with whatever subnets they still have."""
        await self._call("remove_networks", len(network_ids), lambda: self._backplane.remove_networks(network_ids))

    async def contents(self) -> PlaneContents:
        """Read everything of Zaffre's on the plane."""
        return await self._call("contents", 0, self._backplane.contents)

    async def port_state(self, port_id: str) -> PlanePortState | None:
        """Read one port; None when it is absent or damaged."""
        return await self._call("port_state", 1, lambda: self._backplane.port_state(port_id))

    async def knows_host(self, hostname: str) -> bool | None:
        """Tell whether a host takes part in the plane: every one does, unless it is planned otherwise."""
        return await self._call("knows_host", 0, lambda: hostname not in self._faults.absent_hosts)

    async def close(self) -> None:
        """Close the door; the plane stays as it is."""
        self._closed = True

    async def _call(self, action: Action, object_count: int, do: Callable[[], _Answer]) -> _Answer:
        """Let time pass, meet the faults that are planned, and act."""
        await self._until_reachable()
        fault = self._faults.take(action)
        await self._world.clock.sleep(self._world.latency_s + object_count * self._world.latency_per_object_s)
        if fault is not None and fault.refused:
            raise PlaneRefused(self._name, fault.cause)
        if fault is not None and not fault.applied:
            raise PlaneUnreachable(self._name, fault.cause)
        try:
            answer = do()
        except Refusal as refusal:
            raise PlaneRefused(self._name, f"{refusal}.") from None
        if fault is not None:
            raise PlaneUnreachable(self._name, fault.cause)
        return answer

    async def _until_reachable(self) -> None:
        """Wait for a plane that is away, as long as a caller would.

        Raises:
            PlaneUnreachable: it did not come back, or the door is closed.
        """
        if not self._faults.reachable and not self._closed:
            await self._world.clock.sleep(self._deadline_s)
        if self._closed:
            raise PlaneUnreachable(self._name, "the connection was closed on this side")
        if not self._faults.reachable:
            raise PlaneUnreachable(self._name, f"no connection for {self._deadline_s:g} s")


class SimulatedPlaneDriver:
    """Opens doors to the planes of a world, by address."""

    name = "simulated"

    def __init__(self, world: SimulatedPlaneWorld, *, deadline_s: float = 10.0) -> None:
        self._world = world
        self._deadline_s = deadline_s

    def open(self, name: str, address: str) -> SimulatedPlane:
        """Return a door to the plane at an address, which comes into being if it was not there."""
        return SimulatedPlane(name, address, self._world, self._deadline_s)
