"""A simulated world: any number of hosts, their guests and volumes, and the time that passes for them."""

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from zaffre.fabric.drivers.hypervisor import (
    GuestChanged,
    GuestRemoved,
    HostConnected,
    HostEvent,
    HostLost,
    StopReason,
)
from zaffre.fabric.drivers.simulated_capacity import SimulatedCapacity
from zaffre.fabric.drivers.simulated_clockwork import Clockwork
from zaffre.fabric.drivers.simulated_consoles import SimulatedConsoles
from zaffre.fabric.drivers.simulated_faults import Faults
from zaffre.fabric.drivers.simulated_host import SimulatedHost
from zaffre.fabric.drivers.simulated_latency import Action, LatencyModel
from zaffre.fabric.drivers.simulated_store import SimulatedStore
from zaffre.foundation.clock import Clock, SystemClock

_WATCH_PERIOD_S = 0.2
"""How often a world in a file looks for what other processes did. Looking costs some microseconds."""


class SimulatedWorld:
    """Where simulated hosts are. Everything follows from the clock, the seed and the calls.

    Args:
        clock: the world's time; the machine's by default.
        path: a file that keeps guests and volumes, so that they outlive this process and others can look at them;
            without one the world ends with this object. Latency, faults and who listens are never kept.
        seed: of the chance in latencies.
        latency: how long things take; may be replaced at any time.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        path: Path | None = None,
        seed: int = 0,
        latency: LatencyModel | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.latency = latency or LatencyModel()
        self.faults = Faults(self.host, self._reachability_changed)
        self._store = SimulatedStore(path)
        self._clockwork = Clockwork(self.clock)
        self._chance = random.Random(seed)  # noqa: S311 - repeatability is the point; it guards nothing
        self._hosts: dict[str, SimulatedHost] = {}
        self._consoles: dict[str, SimulatedConsoles] = {}
        self._ears: dict[str, list[Callable[[HostEvent], None]]] = {}
        self.moves: set[tuple[str, str]] = set()
        """Host and id of the guests that are being moved away."""
        self._watching_others = path is not None
        self._watch: asyncio.Task[None] | None = None
        for guest in self._store.booting_guests():
            self._expect_boot(guest.host, guest.id, guest.ready_at_s or 0.0)

    def host(self, name: str, capacity: SimulatedCapacity | None = None) -> SimulatedHost:
        """Return the host of that name, which comes into being when it is first asked for.

        A capacity that is given replaces the one it had.
        """
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = SimulatedHost(
                name,
                capacity or SimulatedCapacity(),
                self._store,
                now_s=self._clockwork.now_s,
                announce=partial(self._announce, name),
                booting=partial(self._expect_boot, name),
            )
        if capacity is not None:
            host.capacity = capacity
        return host

    def consoles(self, host: str) -> SimulatedConsoles:
        """Return the consoles of a host's guests."""
        consoles = self._consoles.get(host)
        if consoles is None:
            consoles = self._consoles[host] = SimulatedConsoles(
                self.host(host), partial(self.listen, host), lambda: self.latency.boot_s
            )
        return consoles

    def listen(self, host: str, ear: Callable[[HostEvent], None]) -> Callable[[], None]:
        """Tell `ear` every event of the host that gets through, until the returned function is called."""
        ears = self._ears.setdefault(host, [])
        ears.append(ear)
        self._clockwork.wake()
        if self._watching_others and (self._watch is None or self._watch.done()):
            self._watch = asyncio.get_running_loop().create_task(self._watch_others(), name="simulated-watch")
        return partial(ears.remove, ear)

    def duration_s(self, host: str, action: Action) -> float:
        """Return how long the next call of the action on the host takes."""
        return self.latency.duration_s(action, self._chance) + self.faults.delay_s(host)

    def press_power_button(self, host: str, guest_id: str) -> None:
        """Let a running guest shut down, unless it ignores its button."""
        if not self.faults.is_deaf(host, guest_id):
            turn_off = partial(self.host(host).turn_off, guest_id, StopReason.GUEST_SHUTDOWN)
            self._clockwork.at(self._clockwork.now_s() + self.latency.shutdown_s, turn_off)

    def close(self) -> None:
        """End the world's time and let go of its file."""
        for consoles in self._consoles.values():
            consoles.close()
        self._clockwork.stop()
        if self._watch is not None:
            self._watch.cancel()
        self._store.close()

    def _expect_boot(self, host: str, guest_id: str, ready_at_s: float) -> None:
        self._clockwork.at(ready_at_s, partial(self._finish_boot, host, guest_id))

    def _finish_boot(self, host: str, guest_id: str) -> None:
        self.host(host).finish_boot(guest_id)

    async def _watch_others(self) -> None:
        """Announce what other processes do to the guests in the file, as a real host would."""
        while any(self._ears.values()):
            for host, guest_id in self._store.changes_by_others():
                observation = self.host(host).observe(guest_id)
                self._announce(host, GuestRemoved(guest_id) if observation is None else GuestChanged(observation))
            await asyncio.sleep(_WATCH_PERIOD_S)  # not by the world's clock: this waits for a file

    def _announce(self, host: str, event: HostEvent) -> None:
        ears = self._ears.get(host, [])
        if ears and not self.faults.loses_event(host):
            for ear in [*ears]:
                ear(event)

    def _reachability_changed(self, host: str, cause: str | None) -> None:
        event = HostConnected() if cause is None else HostLost(cause)
        for ear in [*self._ears.get(host, [])]:
            ear(event)
