"""VM networks: tenants' isolated networks."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from sqlalchemy import select

from zaffre.foundation.database import RowLock, for_update
from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.operations.tables import OperationRow
from zaffre.foundation.tags import retag, tags_field
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management import Quotas
from zaffre.network.logical_networks import LogicalNetworks
from zaffre.network.tables import LogicalNetworkRow, PortRow, VmNetworkRow

CREATE_OPERATION = "vm_network.create"
DELETE_OPERATION = "vm_network.delete"
DIMENSION = "vm_networks"

LISTING = Listing(
    VmNetworkRow,
    {
        "id": Field(VmNetworkRow.id, FieldType.ID),
        "name": Field(VmNetworkRow.name, FieldType.TEXT, searchable=True),
        "state": Field(VmNetworkRow.state, FieldType.TEXT),
        "tags": tags_field(VmNetworkRow),
        "created_at": Field(VmNetworkRow.created_at, FieldType.INSTANT),
    },
    key=VmNetworkRow.id,
    order="name",
)


class NetworkState(StrEnum):
    """Where a VM network or a subnet stands."""

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"


class NetworkNotReady(Conflict):
    """The network is being made or deleted."""

    code = "vm_network.not_ready"
    title = "The network is not ready"

    def __init__(self, kind: str, name: str, state: str) -> None:
        super().__init__(
            f"{kind} {name!r} is {state}.", remedy="Wait for its operation to end.", target=kind.replace(" ", "_")
        )


class VmNetworks:
    """Rules for one subscription's VM networks inside one unit of work."""

    def __init__(self, work: UnitOfWork, subscription_id: str) -> None:
        self._work = work
        self._session = work.session
        self._subscription_id = subscription_id

    async def create(
        self, logical_network_id: str, name: str, tags: Mapping[str, str] | None = None
    ) -> tuple[VmNetworkRow, OperationRow]:
        """Begin to make a VM network.

        Raises:
            QuotaExceeded: the subscription has as many as it may.
            NameTaken: it has another one of that name.
            NotFound: the plan's logical network is gone.
        """
        logical = await LogicalNetworks(self._work).get(logical_network_id, lock=RowLock.USE)
        row = VmNetworkRow(
            id=self._work.ids.new(),
            subscription_id=self._subscription_id,
            logical_network_id=logical.id,
            name=name,
            state=NetworkState.CREATING,
            tags=dict(tags or {}),
            created_at=self._work.clock.now(),
        )
        await Quotas(self._work).claim(self._subscription_id, row.id, {DIMENSION: 1})
        await self._work.save(row, lambda _: NameTaken("VM network", name))
        self._work.emit("vm_network.creating", reference(row))
        return row, self._work.start(NewOperation(CREATE_OPERATION, queue=logical.stamp_id), reference(row))

    async def get(self, network_id: str, *, lock: RowLock | None = None) -> VmNetworkRow:
        """Return a VM network of the subscription, locked as wanted until the transaction ends.

        Raises:
            NotFound: it has none with this id.
        """
        row = await self._session.get(VmNetworkRow, network_id, with_for_update=for_update(lock))
        if row is None or row.subscription_id != self._subscription_id:
            raise NotFound("VM network", network_id)
        return row

    async def page(self, query: ListQuery) -> Rows[VmNetworkRow]:
        """Return a page of the subscription's VM networks."""
        return await LISTING.rows(self._session, query, VmNetworkRow.subscription_id == self._subscription_id)

    async def label(
        self, network_id: str, name: str | None, tags: Mapping[str, str | None], expected: int | None = None
    ) -> VmNetworkRow:
        """Give a VM network another name, if one is given, and merge tags into those it has.

        Raises:
            NotFound: the subscription has none with this id.
            NameTaken: it has another one of that name.
            TooManyTags: there would be too many.
        """
        row = await self.get(network_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if name is not None and row.name != name:
            row.name = name
            await self._work.save(row, lambda _: NameTaken("VM network", name))
            self._work.emit("vm_network.renamed", reference(row))
        await retag(self._work, row, reference(row), tags)
        return row

    async def delete(self, network_id: str, expected: int | None = None) -> tuple[VmNetworkRow, OperationRow]:
        """Begin to delete a VM network with its subnets. Nothing may be attached to it.

        Raises:
            NotFound: the subscription has none with this id.
            NetworkNotReady: it is being made or deleted.
            InUse: virtual machines are attached.
        """
        row = await self.get(network_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        if row.state != NetworkState.READY:
            raise NetworkNotReady("VM network", row.name, row.state)
        attached = await attached_owners(self._work, PortRow.vm_network_id == row.id)
        if attached:
            raise InUse(
                f"VM network {row.name!r} has {len(attached)} or more virtual machines attached.",
                remedy="Delete these first, or detach them.",
                target=network_id,
            )
        row.state = NetworkState.DELETING
        await self._session.flush()
        logical = await self._session.get_one(LogicalNetworkRow, row.logical_network_id)
        self._work.emit("vm_network.deleting", reference(row))
        return row, self._work.start(NewOperation(DELETE_OPERATION, queue=logical.stamp_id), reference(row))


async def attached_owners(work: UnitOfWork, condition: object) -> Sequence[str]:
    """Return some owners of ports that meet the condition, at most ten."""
    statement = select(PortRow.owner_id).where(condition).distinct().limit(10)  # pyright: ignore[reportArgumentType]
    return (await work.session.scalars(statement)).all()


def reference(row: VmNetworkRow) -> ResourceRef:
    """Name a VM network in events."""
    return ResourceRef("vm_network", row.id, row.name, row.subscription_id)
