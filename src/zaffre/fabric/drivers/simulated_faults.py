"""What can go wrong in a simulated world, and what others do to its hosts behind Zaffre's back."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from zaffre.fabric.drivers.hypervisor import Accelerator, GuestSpec, StopReason
from zaffre.fabric.drivers.simulated_host import SimulatedHost
from zaffre.fabric.drivers.simulated_latency import Action
from zaffre.foundation.errors import DomainError


@dataclass(frozen=True)
class Failure:
    """How a call is going to fail."""

    error: DomainError
    takes_effect: bool
    """The host does what was asked and only the answer is lost."""


class Faults:
    """Mischief on the hosts of one world; hosts are called by their names in its URIs.

    Args:
        host: finds a host of the world by name.
        reachability_changed: told the name of a host that was cut off, with the cause, or is back, with None.
    """

    def __init__(
        self, host: Callable[[str], SimulatedHost], reachability_changed: Callable[[str, str | None], None]
    ) -> None:
        self._host = host
        self._reachability_changed = reachability_changed
        self._failures: dict[tuple[str, Action], deque[Failure]] = defaultdict(deque)
        self._delays_s: dict[str, float] = {}
        self._unreachable: dict[str, str] = {}
        self._lost_events: dict[str, int] = {}
        self._deaf_guests: set[tuple[str, str]] = set()
        self._holding_guests: set[tuple[str, str]] = set()
        self._silent_agents: set[tuple[str, str]] = set()

    # The way to the host -----------------------------------------------------------------------------------------

    def fail_next(
        self, host: str, action: Action, error: DomainError, *, times: int = 1, takes_effect: bool = False
    ) -> None:
        """Let the next `times` calls of the action on the host fail with `error`, after any that were set before.

        With `takes_effect` the host does what was asked and the caller is told that it failed: what a connection that
        breaks at the wrong moment looks like.
        """
        self._failures[host, action].extend([Failure(error, takes_effect)] * times)

    def delay(self, host: str, seconds: float) -> None:
        """Let every call on the host take this much longer, until it is set to 0. A long delay is a host that hangs."""
        self._delays_s[host] = seconds

    def make_unreachable(self, host: str, cause: str = "no route to host") -> None:
        """Cut the host off: calls under way and to come fail, events are lost, guests go on running."""
        self._unreachable[host] = cause
        self._reachability_changed(host, cause)

    def make_reachable(self, host: str) -> None:
        """Bring the host back."""
        if self._unreachable.pop(host, None) is not None:
            self._reachability_changed(host, None)

    def lose_events(self, host: str, count: int = 1) -> None:
        """Lose the host's next `count` events about guests."""
        self._lost_events[host] = count

    # Behind Zaffre's back ----------------------------------------------------------------------------------------

    def start_guest(self, host: str, guest_id: str) -> None:
        """Power a guest on, or resume it, as an administrator on the host would; it is ready at once."""
        self._host(host).start(guest_id, boot_s=0.0)

    def stop_guest(self, host: str, guest_id: str) -> None:
        """Cut a guest's power."""
        self._host(host).turn_off(guest_id, StopReason.DESTROYED)

    def shut_down_guest(self, host: str, guest_id: str) -> None:
        """Let a guest's operating system power off."""
        self._host(host).turn_off(guest_id, StopReason.GUEST_SHUTDOWN)

    def crash_guest(self, host: str, guest_id: str) -> None:
        """Let a guest's process die."""
        self._host(host).turn_off(guest_id, StopReason.CRASHED)

    def pause_guest(self, host: str, guest_id: str) -> None:
        """Stop a running guest's processors."""
        self._host(host).pause(guest_id)

    def undefine_guest(self, host: str, guest_id: str) -> None:
        """Remove a guest, running or not."""
        self._host(host).undefine(guest_id)

    def create_foreign_guest(self, host: str, guest_id: str, title: str = "made by hand") -> None:
        """Define and start a guest that Zaffre knows nothing about."""
        spec = GuestSpec(
            id=guest_id,
            title=title,
            vcpus=1,
            memory_mib=512,
            accelerator=Accelerator.TCG,
            disks=(),
            seed_volume=None,
            serial_log_volume=f"{guest_id}.console",
            ports=(),
        )
        self._host(host).define(spec)
        self.start_guest(host, guest_id)

    def delete_volume(self, host: str, name: str) -> None:
        """Delete a volume's file."""
        self._host(host).delete_volume(name)

    def write_to_disk(self, host: str, name: str, content: bytes) -> None:
        """Let a volume have this content, as if its guest had written it."""
        self._host(host).write(name, content)

    def delete_checkpoint(self, host: str, name: str, checkpoint_id: str) -> None:
        """Remove what one volume keeps of a checkpoint."""
        self._host(host).checkpoints.store.remove_parts(host, [name], checkpoint_id)

    def make_deaf(self, host: str, guest_id: str) -> None:
        """Let a guest ignore its power button from now on."""
        self._deaf_guests.add((host, guest_id))

    def silence_agent(self, host: str, guest_id: str, *, silent: bool = True) -> None:
        """Let a guest hold its agent's channel open and answer nothing, or answer again."""
        (self._silent_agents.add if silent else self._silent_agents.discard)((host, guest_id))

    def hold_disks(self, host: str, guest_id: str, *, hold: bool = True) -> None:
        """Let a guest use its disks, medium and network interfaces, so that it gives none of them up while it runs."""
        (self._holding_guests.add if hold else self._holding_guests.discard)((host, guest_id))

    def detach_disk(self, host: str, guest_id: str, volume: str) -> None:
        """Take a disk from a guest."""
        self._host(host).detach_disk(guest_id, volume)

    # What the world asks -----------------------------------------------------------------------------------------

    def next_failure(self, host: str, action: Action) -> Failure | None:
        """Take the failure that the next call of the action is due, if any."""
        failures = self._failures.get((host, action))
        return failures.popleft() if failures else None

    def delay_s(self, host: str) -> float:
        """Return how much longer every call on the host takes."""
        return self._delays_s.get(host, 0.0)

    def cause_unreachable(self, host: str) -> str | None:
        """Return why the host cannot be reached; None when it can."""
        return self._unreachable.get(host)

    def loses_event(self, host: str) -> bool:
        """Take one event of the host away, if one is due to be lost."""
        if host in self._unreachable:
            return True
        left = self._lost_events.get(host, 0)
        self._lost_events[host] = max(0, left - 1)
        return left > 0

    def is_deaf(self, host: str, guest_id: str) -> bool:
        """Tell whether the guest ignores its power button."""
        return (host, guest_id) in self._deaf_guests

    def has_silent_agent(self, host: str, guest_id: str) -> bool:
        """Tell whether the guest's agent answers nothing."""
        return (host, guest_id) in self._silent_agents

    def keeps_disks(self, host: str, guest_id: str) -> bool:
        """Tell whether the guest uses its disks and medium."""
        return (host, guest_id) in self._holding_guests
