"""Hosts: machines that run guests."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from zaffre.fabric.drivers.hypervisor import HostAddress, HostFacts
from zaffre.fabric.stamps import Stamps
from zaffre.fabric.tables import HostRow, ReservationRow, StampRow
from zaffre.foundation.database import violated
from zaffre.foundation.errors import Conflict, DomainError, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.work import ResourceRef, UnitOfWork

ADD_OPERATION = "host.add"
REMOVE_OPERATION = "host.remove"

LISTING = Listing(
    HostRow,
    {
        "id": Field(HostRow.id, FieldType.ID),
        "name": Field(HostRow.name, FieldType.TEXT, searchable=True),
        "stamp_id": Field(HostRow.stamp_id, FieldType.ID),
        "state": Field(HostRow.state, FieldType.TEXT),
        "connected": Field(HostRow.connected, FieldType.BOOLEAN),
        "memory_reserved_mib": Field(HostRow.memory_reserved_mib, FieldType.INTEGER),
        "vcpus_reserved": Field(HostRow.vcpus_reserved, FieldType.INTEGER),
        "created_at": Field(HostRow.created_at, FieldType.INSTANT),
    },
    key=HostRow.id,
    order="name",
)


class HostState(StrEnum):
    """What the operator wants of a host."""

    ADDING = "adding"
    """It is being looked at; nothing is placed on it yet."""
    ENABLED = "enabled"
    DISABLED = "disabled"
    """Its guests run on; no new ones are placed on it."""
    REMOVING = "removing"


class HostExists(Conflict):
    """The machine is a host already."""

    code = "host.exists"
    title = "The machine is a host already"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"This machine is already the host {name!r}.",
            remedy="Use the existing host, or remove it first.",
            target="uri",
        )


class HostBusy(Conflict):
    """The host is being added or removed."""

    code = "host.busy"
    title = "The host is being changed"


@dataclass(frozen=True)
class NewHost:
    """A machine to add."""

    stamp_id: str
    name: str
    driver: str
    uri: str
    pool_path: str
    integration_bridge: str
    provider_address: str | None
    migration_uri: str | None = None


class Hosts:
    """Rules for hosts inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def add(self, draft: NewHost) -> tuple[HostRow, OperationRow]:
        """Begin to add a host; its operation finds out what it is and enables it.

        Raises:
            NotFound: there is no such stamp.
            NameTaken: another host has the name.
            HostExists: another host has the address.
        """
        stamp = await Stamps(self._work).get(draft.stamp_id)
        row = HostRow(
            id=self._work.ids.new(),
            stamp_id=stamp.id,
            name=draft.name,
            driver=draft.driver,
            uri=draft.uri,
            pool_path=draft.pool_path,
            integration_bridge=draft.integration_bridge,
            provider_address=draft.provider_address,
            migration_uri=draft.migration_uri or reachable_uri(draft.uri),
            state=HostState.ADDING,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda error: _refusal(error, draft))
        self._work.emit("host.adding", reference(row))
        return row, self._work.start(NewOperation(ADD_OPERATION, queue=stamp.id), reference(row))

    async def get(self, host_id: str) -> HostRow:
        """Return a host.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(HostRow, host_id)
        if row is None:
            raise NotFound("host", host_id)
        return row

    async def page(self, query: ListQuery) -> Rows[HostRow]:
        """Return a page of all hosts."""
        return await LISTING.rows(self._session, query)

    async def enable(self, host_id: str, *, enabled: bool, expected: int | None = None) -> HostRow:
        """Let guests be placed on a host, or no longer.

        Raises:
            NotFound: there is none with this id.
            HostBusy: it is being added or removed.
        """
        row = await self._settled(host_id, expected)
        state = HostState.ENABLED if enabled else HostState.DISABLED
        if row.state != state:
            row.state = state
            row.generation += 1
            self._work.emit("host.changed", reference(row), state=state)
        return row

    async def remove(self, host_id: str, expected: int | None = None) -> OperationRow:
        """Begin to remove a host without guests.

        Raises:
            NotFound: there is none with this id.
            HostBusy: it is being added or removed.
            InUse: guests hold room on it.
        """
        row = await self._settled(host_id, expected)
        # Placement takes room only on enabled hosts, by a statement that waits for this one: no guest can slip in.
        row.state = HostState.REMOVING
        row.generation += 1
        await self._session.flush()
        if await self._session.scalar(select(ReservationRow.resource_id).where(ReservationRow.host_id == row.id)):
            raise InUse(
                f"Host {row.name!r} still has virtual machines.",
                remedy="Disable the host and delete or move its virtual machines first.",
                target=host_id,
            )
        self._work.emit("host.removing", reference(row))
        return self._work.start(NewOperation(REMOVE_OPERATION, queue=row.stamp_id), reference(row))

    async def note_facts(self, host_id: str, facts: HostFacts) -> None:
        """Write down what a host is and the capacity that follows from its stamp's ratios; nothing when it is gone.

        Raises:
            HostExists: the machine behind the address is already another host.
        """
        row = await self._session.get(HostRow, host_id)
        if row is None:
            return
        stamp = await self._session.get_one(StampRow, row.stamp_id)
        twin = await self._session.scalar(
            select(HostRow).where(HostRow.engine_uuid == facts.engine_uuid, HostRow.id != host_id)
        )
        if twin is not None:
            raise HostExists(twin.name)
        row.hostname, row.engine_uuid, row.engine_version = facts.hostname, facts.engine_uuid, facts.engine_version
        row.vcpus, row.memory_mib = facts.vcpus, facts.memory_mib
        row.storage_gib, row.storage_free_gib = facts.storage_gib, facts.storage_free_gib
        row.vcpus_capacity = int(facts.vcpus * stamp.vcpu_ratio)
        row.memory_capacity_mib = max(facts.memory_mib - stamp.memory_reserve_mib, 0)
        row.storage_capacity_gib = int(facts.storage_gib * stamp.storage_ratio)
        row.observed_at = self._work.clock.now()

    async def note_connection(self, host_id: str, *, connected: bool, problem: str | None) -> bool:
        """Write down whether a host answers; True when that is news."""
        result = await self._session.execute(
            update(HostRow)
            .where(HostRow.id == host_id, (HostRow.connected != connected) | HostRow.observed_at.is_(None))
            .values(connected=connected, problem=problem, observed_at=self._work.clock.now())
            .returning(HostRow.name)
            .execution_options(synchronize_session=False)
        )
        name = result.scalar()
        if name is None:
            return False
        kind = "host.connected" if connected else "host.lost"
        self._work.emit(kind, ResourceRef("host", host_id, name), **({} if connected else {"cause": problem}))
        return True

    async def _settled(self, host_id: str, expected: int | None) -> HostRow:
        row = await self._session.get(HostRow, host_id, with_for_update=True)
        if row is None:
            raise NotFound("host", host_id)
        check_generation(expected, row.generation)
        if row.state not in (HostState.ENABLED, HostState.DISABLED):
            raise HostBusy(
                f"Host {row.name!r} is {row.state}.", remedy="Wait for its operation to end.", target=host_id
            )
        return row


def _refusal(error: IntegrityError, draft: NewHost) -> DomainError:
    """Say what a host was refused for; other than its name and address, only the stamp can have gone meanwhile."""
    if violated(error, "uq_hosts_name"):
        return NameTaken("host", draft.name)
    if violated(error, "uq_hosts_uri"):
        return HostExists(draft.uri)
    return NotFound("stamp", draft.stamp_id)


def reachable_uri(uri: str) -> str | None:
    """Return a hypervisor's URI if others can use it as Zaffre does: when it names a host, or is a simulated one's.

    One that leads over SSH is left out: the key that it needs is Zaffre's.
    """
    parts = urlsplit(uri)
    names_host = parts.scheme in ("qemu+tls", "qemu+tcp", "qemu") and bool(parts.hostname)
    return uri if names_host or parts.scheme == "simulated" else None


def differs(row: HostRow, facts: HostFacts) -> bool:
    """Tell whether a host has changed beyond what is known of it; free space counts from a hundredth of the whole."""
    known = (row.hostname, row.engine_uuid, row.engine_version, row.vcpus, row.memory_mib, row.storage_gib)
    found = (
        *(facts.hostname, facts.engine_uuid, facts.engine_version),
        *(facts.vcpus, facts.memory_mib, facts.storage_gib),
    )
    return known != found or abs(row.storage_free_gib - facts.storage_free_gib) * 100 > facts.storage_gib


def address_of(row: HostRow) -> HostAddress:
    """Return where a host is, for its driver."""
    return HostAddress(row.name, row.uri, row.pool_path, row.integration_bridge)


def reference(row: HostRow) -> ResourceRef:
    """Name a host in events."""
    return ResourceRef("host", row.id, row.name)
