"""The route of what guests say about themselves. It asks a host, so it holds no transaction meanwhile."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Request

from zaffre.compute.guest_facts import Answer, GuestSilence
from zaffre.compute.services import Compute
from zaffre.compute.virtual_machines import VirtualMachines
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import PathId, View
from zaffre.identity import CurrentCaller, Permission, requires
from zaffre.management import Subscriptions

tenant = APIRouter(tags=["virtual machines"], route_class=PlainRoute)


class GuestSystemView(View):
    """A guest's operating system."""

    title: str
    """For people, for example `Debian GNU/Linux 12 (bookworm)`."""
    name: str | None
    version: str | None


class GuestInterfaceView(View):
    """A network interface as the guest has it."""

    name: str
    mac: str | None
    addresses: list[str]
    """IPv4 and IPv6, without loopback ones."""


class GuestFilesystemView(View):
    """A mounted file system."""

    mountpoint: str
    type: str | None
    total_bytes: int | None
    used_bytes: int | None


class GuestFactsView(View):
    """What a guest says about itself. It is the guest's word: nothing of it is checked."""

    available: bool
    reason: GuestSilence | None
    """Why it says nothing; null when it does."""
    operating_system: GuestSystemView | None
    kernel: str | None
    hostname: str | None
    interfaces: list[GuestInterfaceView]
    filesystems: list[GuestFilesystemView]
    observed_at: datetime

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Return the view of an answer."""
        facts = answer.facts or GuestFacts(None, None, None, (), ())
        return cls(
            available=answer.facts is not None,
            reason=answer.silence,
            operating_system=None if facts.system is None else GuestSystemView.model_validate(facts.system),
            kernel=facts.kernel,
            hostname=facts.hostname,
            interfaces=[GuestInterfaceView.model_validate(each) for each in facts.interfaces],
            filesystems=[GuestFilesystemView.model_validate(each) for each in facts.filesystems],
            observed_at=answer.observed_at,
        )


@tenant.get(
    "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/guest-facts",
    dependencies=[requires(Permission.MACHINE_READ)],
)
async def get_guest_facts(
    request: Request, subscription_id: PathId, machine_id: PathId, caller: CurrentCaller, compute: Compute
) -> GuestFactsView:
    """Ask a virtual machine's guest about itself, through the agent that runs in it."""
    async with compute.units.read(request.state.actor) as work:
        subscription = await Subscriptions(work, caller).get(subscription_id, Permission.MACHINE_READ)
        machine = await VirtualMachines(work, subscription.id).get(machine_id)
    return GuestFactsView.of(await compute.guest_facts.ask(machine))
