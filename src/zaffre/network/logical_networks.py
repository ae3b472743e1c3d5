"""Logical networks: the provider's side of tenants' networks, one per stamp."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.exc import IntegrityError

from zaffre.foundation.database import RowLock, for_update, violated
from zaffre.foundation.errors import Conflict, DomainError, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.network.addressing import FIRST_VSID, LAST_VSID, mac_number, mac_text
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow

POOL_TRIES = 64
"""After this many taken values in a row, what is taken is read as a whole and the gaps in it are looked for."""

LISTING = Listing(
    LogicalNetworkRow,
    {
        "id": Field(LogicalNetworkRow.id, FieldType.ID),
        "name": Field(LogicalNetworkRow.name, FieldType.TEXT, searchable=True),
        "stamp_id": Field(LogicalNetworkRow.stamp_id, FieldType.ID),
        "created_at": Field(LogicalNetworkRow.created_at, FieldType.INSTANT),
    },
    key=LogicalNetworkRow.id,
    order="name",
)


class StampHasNetwork(Conflict):
    """A stamp has one network plane."""

    code = "logical_network.stamp_has_one"
    title = "The stamp has a logical network"


class PoolExhausted(Conflict):
    """A pool has nothing left to give."""

    code = "logical_network.pool_exhausted"
    title = "A pool is exhausted"

    def __init__(self, pool: str, network: str) -> None:
        super().__init__(
            f"The {pool} pool of logical network {network!r} has nothing free.",
            remedy="Ask the operator to widen the pool, or delete what is not needed.",
        )


@dataclass(frozen=True)
class NewLogicalNetwork:
    """A logical network to add."""

    stamp_id: str
    name: str
    driver: str
    address: str
    underlay_mtu: int
    first_mac: int
    last_mac: int


class LogicalNetworks:
    """Rules for logical networks inside one unit of work."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._session = work.session

    async def create(self, draft: NewLogicalNetwork) -> LogicalNetworkRow:
        """Give a stamp its logical network.

        Raises:
            NotFound: there is no such stamp.
            NameTaken: another logical network has the name.
            StampHasNetwork: the stamp has one.
        """
        row = LogicalNetworkRow(
            id=self._work.ids.new(),
            stamp_id=draft.stamp_id,
            name=draft.name,
            driver=draft.driver,
            address=draft.address,
            underlay_mtu=draft.underlay_mtu,
            first_mac=draft.first_mac,
            last_mac=draft.last_mac,
            next_vsid=FIRST_VSID,
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda error: _refusal(error, draft))
        self._work.emit("logical_network.created", reference(row))
        return row

    async def get(self, network_id: str, *, lock: RowLock | None = None) -> LogicalNetworkRow:
        """Return a logical network, locked as wanted until the transaction ends.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(LogicalNetworkRow, network_id, with_for_update=for_update(lock))
        if row is None:
            raise NotFound("logical network", network_id)
        return row

    async def page(self, query: ListQuery) -> Rows[LogicalNetworkRow]:
        """Return a page of all logical networks."""
        return await LISTING.rows(self._session, query)

    async def delete(self, network_id: str, expected: int | None = None) -> None:
        """Remove a logical network without VM networks.

        Raises:
            NotFound: there is none with this id.
            InUse: it has VM networks.
        """
        row = await self.get(network_id, lock=RowLock.CHANGE)
        check_generation(expected, row.generation)
        statement = select(VmNetworkRow.id).where(VmNetworkRow.logical_network_id == network_id).limit(1)
        if await self._session.scalar(statement):
            raise InUse(
                f"Logical network {row.name!r} has VM networks.", remedy="Delete these first.", target=network_id
            )
        await self._session.delete(row)
        self._work.emit("logical_network.deleted", reference(row))

    async def take_vsid(self, network_id: str) -> int:
        """Take a free virtual subnet id from the pool.

        Raises:
            PoolExhausted: none is free.
        """
        following = case((LogicalNetworkRow.next_vsid >= LAST_VSID, FIRST_VSID), else_=LogicalNetworkRow.next_vsid + 1)
        for _ in range(POOL_TRIES):
            vsid = await self._advance(network_id, "next_vsid", following)
            vsid = vsid - 1 if vsid > FIRST_VSID else LAST_VSID
            taken = select(SubnetRow.id).where(SubnetRow.logical_network_id == network_id, SubnetRow.vsid == vsid)
            if not await self._session.scalar(taken):
                return vsid
        row = await self.get(network_id)
        numbers = await self._session.scalars(select(SubnetRow.vsid).where(SubnetRow.logical_network_id == network_id))
        vsid = _gap(set(numbers), FIRST_VSID, LAST_VSID)
        if vsid is None:
            raise PoolExhausted("VSID", row.name)
        return vsid

    async def free_mac(self, row: LogicalNetworkRow, port_id: str) -> str:
        """Return an address of the MAC pool that no port has, found from the port's id.

        The id is random, so ports made at the same time hardly ever meet, and unlike with a cursor none has to wait for
        another to end its transaction. Where they do meet, the unique constraint on ports decides.

        Raises:
            PoolExhausted: none is free.
        """
        size = row.last_mac - row.first_mac + 1
        start = UUID(port_id).int
        for offset in range(min(POOL_TRIES, size)):
            mac = mac_text(row.first_mac + (start + offset) % size)
            taken = select(PortRow.id).where(PortRow.logical_network_id == row.id, PortRow.mac == mac)
            if not await self._session.scalar(taken):
                return mac
        macs = await self._session.scalars(select(PortRow.mac).where(PortRow.logical_network_id == row.id))
        gap = _gap({mac_number(mac) for mac in macs}, row.first_mac, row.last_mac)
        if gap is None:
            raise PoolExhausted("MAC", row.name)
        return mac_text(gap)

    async def _advance(self, network_id: str, column: str, following: object) -> int:
        """Move a pool's cursor on in one statement, so that racing takers get different values."""
        result = await self._session.execute(
            update(LogicalNetworkRow)
            .where(LogicalNetworkRow.id == network_id)
            .values({column: following})
            .returning(getattr(LogicalNetworkRow, column))
            .execution_options(synchronize_session=False)
        )
        value = result.scalar()
        if value is None:
            raise NotFound("logical network", network_id)
        return int(value)


def _refusal(error: IntegrityError, draft: NewLogicalNetwork) -> DomainError:
    """Say what a logical network was refused for."""
    if violated(error, "uq_logical_networks_name"):
        return NameTaken("logical network", draft.name)
    if violated(error, "uq_logical_networks_stamp_id"):
        return StampHasNetwork("The stamp has a logical network already.", remedy="Use it.", target="stamp_id")
    return NotFound("stamp", draft.stamp_id)


def _gap(taken: set[int], first: int, last: int) -> int | None:
    """Return the lowest number of a pool that is not taken; None when all are."""
    return next((number for number in range(first, last + 1) if number not in taken), None)


def reference(row: LogicalNetworkRow) -> ResourceRef:
    """Name a logical network in events."""
    return ResourceRef("logical_network", row.id, row.name)
