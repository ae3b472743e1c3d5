"""Looking at a machine before it becomes a host: what would be in the way, and what to do about it.

Here and not in the fabric, because it asks the stamp's network plane too. Nothing is written down, and what opening the
host's door makes there is taken back. No transaction is open while the host is being asked.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import select

from zaffre.fabric.drivers.hypervisor import Accelerator, HostFacts, HostPoolUnusable, Hypervisor
from zaffre.fabric.hosts import NewHost
from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.tables import HostRow, StampRow
from zaffre.foundation.actor import Actor, system_actor
from zaffre.foundation.errors import DomainError, Unavailable
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.network.planes import NetworkPlanes
from zaffre.network.tables import LogicalNetworkRow

log = structlog.get_logger(__name__)

AT_ONCE = 4
TURN_DEADLINE_S = 30.0
REACH_DEADLINE_S = 8.0
FACTS_DEADLINE_S = 20.0
"""libvirt questions QEMU about its abilities before it first describes a host, which takes seconds."""
PLANE_DEADLINE_S = 5.0
PROBE_DEADLINE_S = 30.0
"""The guest itself gets 10 s; the rest is for taking it to the host and away again."""
CLOSE_DEADLINE_S = 15.0

OLDEST_LIBVIRT = 9
_LIBVIRT = re.compile(r"libvirt (\d+)")


class CheckName(StrEnum):
    """What is looked at, in this order."""

    STAMP = "stamp"
    NAME = "name"
    ADDRESS = "address"
    CONNECTION = "connection"
    STORAGE = "storage"
    VERSION = "version"
    MACHINE = "machine"
    NETWORK = "network"
    ACCELERATION = "acceleration"


_TITLES = {
    CheckName.STAMP: "The stamp is there and has a network",
    CheckName.NAME: "The name is free",
    CheckName.ADDRESS: "The address is not a host's already",
    CheckName.CONNECTION: "The host answers",
    CheckName.STORAGE: "The storage pool can be used",
    CheckName.VERSION: "libvirt is recent enough",
    CheckName.MACHINE: "The machine is not a host already",
    CheckName.NETWORK: "The network plane knows the host",
    CheckName.ACCELERATION: "Guests can run",
}
_AT_THE_HOST = (
    CheckName.CONNECTION,
    CheckName.STORAGE,
    CheckName.VERSION,
    CheckName.MACHINE,
    CheckName.NETWORK,
    CheckName.ACCELERATION,
)


class TooManyPreflights(Unavailable):
    """As many hosts as may be are being looked at."""

    code = "host.preflights_busy"
    title = "Other hosts are being looked at"

    def __init__(self) -> None:
        super().__init__(
            f"{AT_ONCE} hosts, or this one, have been looked at for the last {TURN_DEADLINE_S:g} s.",
            remedy="Try again in a moment.",
        )


@dataclass(frozen=True)
class Check:
    """What was found about one thing."""

    name: CheckName
    ok: bool
    detail: str
    remedy: str | None = None

    @property
    def title(self) -> str:
        """What should be so."""
        return _TITLES[self.name]


@dataclass(frozen=True)
class Preflight:
    """What was found."""

    checks: Sequence[Check]
    facts: HostFacts | None
    accelerator: Accelerator | None


class HostPreflight:
    """Looks at machines; a bounded number at once, and each of them once at a time."""

    def __init__(self, units: UnitsOfWork, hypervisors: Hypervisors, planes: NetworkPlanes) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._planes = planes
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def look(self, actor: Actor, draft: NewHost) -> Preflight:
        """Find out what would be in the way of adding a host.

        Raises:
            InvalidInput: there is no driver of that name.
            TooManyPreflights: others are being looked at.
        """
        self._hypervisors.driver(draft.driver)
        async with self._turn(draft.uri):
            return await _Look(self._units, self._hypervisors, self._planes, actor, draft).run()

    @asynccontextmanager
    async def _turn(self, uri: str) -> AsyncGenerator[None]:
        """Wait for one's turn. Two probes on one host would take each other's guest away."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(TURN_DEADLINE_S):
                    await stack.enter_async_context(self._turns.setdefault(uri, asyncio.Lock()))
                    await stack.enter_async_context(self._slots)
            except TimeoutError:
                raise TooManyPreflights from None
            yield


class _Look:
    """One look at one machine."""

    def __init__(
        self, units: UnitsOfWork, hypervisors: Hypervisors, planes: NetworkPlanes, actor: Actor, draft: NewHost
    ) -> None:
        self._units = units
        self._hypervisors = hypervisors
        self._planes = planes
        self._actor = actor
        self._draft = draft
        self._checks: list[Check] = []
        self._network: LogicalNetworkRow | None = None

    async def run(self) -> Preflight:
        async with self._units.read(self._actor) as work:
            await self._check_stamp(work)
            await self._check_name(work)
            is_free = await self._check_address(work)
        facts = accelerator = None
        if is_free:
            facts, accelerator = await self._check_host()
        else:
            self._skip(_AT_THE_HOST, "its address is that of a known host")
        return Preflight(self._checks, facts, accelerator)

    # The records -------------------------------------------------------------------------------------------------

    async def _check_stamp(self, work: UnitOfWork) -> None:
        stamp = await work.session.get(StampRow, self._draft.stamp_id)
        if stamp is None:
            remedy = "Choose a stamp that is there; zaffre stamp list names them."
            self._fail(CheckName.STAMP, f"There is no stamp {self._draft.stamp_id!r}.", remedy)
            return
        query = select(LogicalNetworkRow).where(LogicalNetworkRow.stamp_id == stamp.id)
        self._network = await work.session.scalar(query)
        if self._network is None:
            remedy = "Add one first, with zaffre logical-network create; guests need it to reach each other."
            self._fail(CheckName.STAMP, f"Stamp {stamp.name!r} has no logical network.", remedy)
        else:
            self._pass(CheckName.STAMP, f"Stamp {stamp.name!r} with the logical network {self._network.name!r}.")

    async def _check_name(self, work: UnitOfWork) -> None:
        name = self._draft.name
        if await work.session.scalar(select(HostRow.id).where(HostRow.name == name)):
            self._fail(CheckName.NAME, f"There is a host {name!r}.", "Choose another name.")
        else:
            self._pass(CheckName.NAME, f"No host is called {name!r}.")

    async def _check_address(self, work: UnitOfWork) -> bool:
        known = await work.session.scalar(select(HostRow.name).where(HostRow.uri == self._draft.uri))
        if known is None:
            self._pass(CheckName.ADDRESS, f"No host is at {self._draft.uri}.")
        else:
            remedy = "Use the existing host, or remove it first."
            self._fail(CheckName.ADDRESS, f"{self._draft.uri} is the host {known!r}.", remedy)
        return known is None

    # The host ----------------------------------------------------------------------------------------------------

    async def _check_host(self) -> tuple[HostFacts | None, Accelerator | None]:
        try:
            hypervisor = self._hypervisors.open_unknown(self._draft)
        except DomainError as error:
            self._fail(CheckName.CONNECTION, error.detail, error.remedy)
            self._skip(_AT_THE_HOST[1:], "the host cannot be reached")
            return None, None
        try:
            facts = await self._reach(hypervisor)
            if facts is None:
                return None, None
            self._check_storage(facts)
            self._check_version(facts)
            await self._check_machine(facts)
            await self._check_network(facts)
            return facts, await self._check_acceleration(hypervisor, facts)
        finally:
            # In a task of its own, so that whoever goes away meanwhile does not keep the door open.
            await asyncio.shield(asyncio.create_task(self._leave(hypervisor)))

    async def _reach(self, hypervisor: Hypervisor) -> HostFacts | None:
        """Read what the host is; without an answer everything that follows is reported as not looked at."""
        tried = asyncio.Event()
        unsubscribe = hypervisor.subscribe(lambda _event: tried.set())
        try:
            async with asyncio.timeout(REACH_DEADLINE_S):
                await tried.wait()
            async with asyncio.timeout(FACTS_DEADLINE_S):
                facts = await hypervisor.facts()
        except HostPoolUnusable as error:
            self._pass(CheckName.CONNECTION, f"{self._draft.uri} answers.")
            self._fail(CheckName.STORAGE, error.detail, error.remedy)
            self._skip(_AT_THE_HOST[2:], "the storage pool cannot be used")
            return None
        except (DomainError, TimeoutError) as error:
            deadline_s = FACTS_DEADLINE_S if tried.is_set() else REACH_DEADLINE_S
            late = f"{self._draft.uri} gave no answer within {deadline_s:g} s."
            detail = error.detail if isinstance(error, DomainError) else late
            remedy = (
                "Check that the machine is up, that libvirtd listens there, and that Zaffre's certificate or key fits."
            )
            self._fail(CheckName.CONNECTION, detail, remedy)
            self._skip(_AT_THE_HOST[1:], "the host cannot be reached")
            return None
        finally:
            unsubscribe()
        self._pass(CheckName.CONNECTION, f"{facts.hostname} answers at {self._draft.uri}.")
        return facts

    def _check_storage(self, facts: HostFacts) -> None:
        found = f"{facts.storage_free_gib} of {facts.storage_gib} GiB are free in {self._draft.pool_path}."
        if facts.storage_free_gib > 0:
            self._pass(CheckName.STORAGE, found)
        else:
            remedy = "Free space in the directory's file system, or name a directory on a larger one."
            self._fail(CheckName.STORAGE, found, remedy)

    def _check_version(self, facts: HostFacts) -> None:
        libvirt = _LIBVIRT.search(facts.engine_version)
        if libvirt is None or int(libvirt.group(1)) >= OLDEST_LIBVIRT:
            self._pass(CheckName.VERSION, f"The host runs {facts.engine_version}.")
        else:
            remedy = f"Bring the host to libvirt {OLDEST_LIBVIRT} or newer; Debian 12 has it."
            self._fail(CheckName.VERSION, f"The host runs {facts.engine_version}.", remedy)

    async def _check_machine(self, facts: HostFacts) -> None:
        async with self._units.read(self._actor) as work:
            query = select(HostRow.name).where(HostRow.engine_uuid == facts.engine_uuid)
            known = await work.session.scalar(query)
        if known is None:
            self._pass(CheckName.MACHINE, f"No host has its UUID, {facts.engine_uuid}.")
        else:
            remedy = (
                "Use the existing host. If they are two machines, give each a host_uuid of its own in libvirtd.conf."
            )
            self._fail(CheckName.MACHINE, f"It has the UUID of the host {known!r}: the same machine.", remedy)

    async def _check_network(self, facts: HostFacts) -> None:
        if self._network is None:
            self._skip([CheckName.NETWORK], "the stamp has no logical network")
            return
        try:
            async with asyncio.timeout(PLANE_DEADLINE_S):
                knows = await (await self._planes.get(self._network.id)).knows_host(facts.hostname)
        except DomainError as error:
            self._fail(CheckName.NETWORK, error.detail, error.remedy)
        except TimeoutError:
            detail = f"The plane of {self._network.name!r} gave no answer within {PLANE_DEADLINE_S:g} s."
            self._fail(CheckName.NETWORK, detail, "Check that OVN's databases are up at the logical network's address.")
        else:
            self._judge_network(facts.hostname, self._network.name, knows=knows)

    def _judge_network(self, hostname: str, network: str, *, knows: bool | None) -> None:
        if knows is None:
            detail = f"Logical network {network!r} has no southbound address, so its plane cannot tell. Taken on trust."
            self._pass(CheckName.NETWORK, detail)
        elif knows:
            self._pass(CheckName.NETWORK, f"The plane of {network!r} has a chassis on {hostname}.")
        else:
            remedy = (
                f"Start ovn-controller on the host, with external-ids:ovn-remote set to the plane, "
                f"external-ids:hostname to {hostname} and {self._draft.integration_bridge} as its bridge."
            )
            self._fail(CheckName.NETWORK, f"The plane of {network!r} has no chassis on {hostname}.", remedy)

    async def _check_acceleration(self, hypervisor: Hypervisor, facts: HostFacts) -> Accelerator | None:
        if facts.storage_free_gib <= 0:
            self._skip([CheckName.ACCELERATION], "the storage pool has no room for a test guest")
            return None
        try:
            async with asyncio.timeout(PROBE_DEADLINE_S):
                accelerator = await hypervisor.probe_accelerator()
        except DomainError as error:
            self._fail(CheckName.ACCELERATION, error.detail, error.remedy)
            return None
        except TimeoutError:
            detail = f"A test guest came to no end within {PROBE_DEADLINE_S:g} s."
            self._fail(CheckName.ACCELERATION, detail, "See the host's libvirtd and QEMU logs.")
            return None
        if accelerator is Accelerator.KVM:
            self._pass(CheckName.ACCELERATION, "A test guest ran under KVM.")
        else:
            detail = "KVM does not work there. Guests are emulated (TCG): that works, about ten times slower."
            self._pass(CheckName.ACCELERATION, detail)
        return accelerator

    async def _leave(self, hypervisor: Hypervisor) -> None:
        """Take back what was made on the host, unless it has become a host meanwhile, and close the door."""
        try:
            async with asyncio.timeout(CLOSE_DEADLINE_S):
                if hypervisor.connected and not await self._has_been_added():
                    await hypervisor.withdraw()
        except (DomainError, TimeoutError) as error:
            log.warning(
                "a storage pool may be left on a host that was looked at", uri=self._draft.uri, cause=str(error)
            )
        finally:
            await hypervisor.close()

    async def _has_been_added(self) -> bool:
        async with self._units.read(system_actor("preflight")) as work:
            return await work.session.scalar(select(HostRow.id).where(HostRow.uri == self._draft.uri)) is not None

    # What is found -----------------------------------------------------------------------------------------------

    def _pass(self, name: CheckName, detail: str) -> None:
        self._checks.append(Check(name, ok=True, detail=detail))

    def _fail(self, name: CheckName, detail: str, remedy: str) -> None:
        self._checks.append(Check(name, ok=False, detail=detail, remedy=remedy))

    def _skip(self, names: Sequence[CheckName], reason: str) -> None:
        self._checks.extend(Check(name, ok=False, detail=f"Not looked at, because {reason}.") for name in names)
