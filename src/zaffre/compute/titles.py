"""Guests' titles on their hosts, which follow the names of their virtual machines.

Renaming changes a record only. The full read of hosts sees the old title and sets it right, also on a host that was
away when the machine was renamed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from zaffre.fabric import Hypervisors
from zaffre.fabric.drivers.hypervisor import GuestMissing, GuestObservation, Hypervisor

RETITLED_AT_ONCE = 50
"""Of one host in one full read; the rest is seen again in the next."""


async def retitle_guests(
    hypervisors: Hypervisors,
    hosts: Sequence[tuple[str, Hypervisor]],
    rows: Sequence[Any],
    shown: Mapping[str, Mapping[str, GuestObservation]],
) -> None:
    """Give guests whose title is not their machine's name that title.

    Args:
        hypervisors: asks the hosts side by side.
        hosts: those that were read.
        rows: machines' `id`, `host_id`, `name` and `transition`; one that an operation works on is left to it.
        shown: what the hosts show, by host and guest.
    """
    wrong: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        observation = shown[row.host_id].get(row.id)
        if observation is not None and observation.title != row.name and row.transition is None:
            wrong.setdefault(row.host_id, []).append((row.id, row.name))
    if not wrong:
        return

    async def retitle(host_id: str, hypervisor: Hypervisor) -> None:
        for guest_id, title in wrong[host_id][:RETITLED_AT_ONCE]:
            try:
                await hypervisor.retitle(guest_id, title)
            except GuestMissing:  # it went meanwhile
                continue

    await hypervisors.gather([(host_id, door) for host_id, door in hosts if host_id in wrong], retitle)
