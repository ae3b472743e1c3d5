"""Finds the rows of Zaffre's objects in the replica, and tells which objects a changed row concerns.

The client library keeps rows by their database id only, and a port's row does not know its switch. This index adds
the two missing directions and is kept up from the library's row events, so that neither a change nor an update from
the server ever has to walk through a table.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zaffre.network.drivers.ovn_objects import Kind, ObjectKey, is_marked, key_of
from zaffre.network.drivers.ovn_schema import DHCP, ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT

if TYPE_CHECKING:
    from ovs.db.idl import IdlTable, Row

INDEXED_TABLES = (ROUTER, ROUTER_PORT, SWITCH, SWITCH_PORT, DHCP)
_CHILDREN = {ROUTER: ROUTER_PORT, SWITCH: SWITCH_PORT}
"""Which table's rows a row's `ports` refers to."""
_PARENTS = {child: parent for parent, child in _CHILDREN.items()}


Tables = Mapping[str, "IdlTable"]


@dataclass(frozen=True)
class RowChange:
    """What happened to a row."""

    gone: bool = False
    """It was deleted."""
    old_ports: Iterable[UUID] | None = None
    """What a router's or switch's `ports` held before, None if that did not change."""
    only_ports: bool = False
    """Nothing else changed, which is by far the most frequent case: every new port changes its switch."""


CREATED = RowChange(old_ports=())


class RowIndex:
    """Looks up the rows of `tables`, the replica of the northbound database."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._uuids: dict[str, dict[ObjectKey, tuple[UUID, ...]]] = {table: {} for table in INDEXED_TABLES}
        self._keys: dict[str, dict[UUID, ObjectKey]] = {table: {} for table in INDEXED_TABLES}
        self._parents: dict[UUID, tuple[UUID, ...]] = {}

    def rows(self, table: str, key: ObjectKey) -> "list[Row]":
        """Return the table's rows of an object: one when all is well; rows that carry its marks come first."""
        rows = self._present(table, self._uuids[table].get(key, ()))
        return sorted(rows, key=lambda row: not is_marked(row, key)) if len(rows) > 1 else rows

    def parents(self, table: str, child: UUID) -> "list[Row]":
        """Return the routers or switches that have this row of `table` among their ports: one when all is well."""
        return self._present(_PARENTS[table], self._parents.get(child, ()))

    def key(self, table: str, uuid: UUID) -> ObjectKey | None:
        """Return which object a row belongs to, None if it is foreign."""
        return self._keys[table].get(uuid)

    def children(self, table: str, row: "Row") -> "list[tuple[ObjectKey, Row]]":
        """Return those ports of a router or switch that are Zaffre's."""
        child_table = _CHILDREN[table]
        rows = self._present(child_table, row.ports)
        return [(key, child) for child in rows if (key := self.key(child_table, child.uuid))]

    def keys(self) -> set[ObjectKey]:
        """Return every object that has a row."""
        return {key for table in self._uuids.values() for key in table}

    def note(self, table: str, row: "Row", change: RowChange) -> set[ObjectKey]:
        """Take in that a row was created, changed or deleted; return the objects that this concerns."""
        if change.only_ports:
            return self._note_children(table, row, change, moved=False)
        before = self._keys[table].get(row.uuid)
        after = None if change.gone else key_of(table, row)
        self._set_key(table, row.uuid, before, after)
        concerned = {key for key in (before, after) if key is not None}
        if table in _CHILDREN:
            concerned |= self._note_children(table, row, change, moved=before != after)
        if table == DHCP and before != after:
            concerned |= {port for key in tuple(concerned) for port in self._ports_of(key)}
        return concerned

    def _present(self, table: str, uuids: Iterable[UUID]) -> "list[Row]":
        """Return the rows that are there; a transaction in the making may have deleted some already."""
        return [row for uuid in uuids if (row := self._tables[table].rows.get(uuid)) is not None]

    def _set_key(self, table: str, uuid: UUID, before: ObjectKey | None, after: ObjectKey | None) -> None:
        """Move a row from one object to another."""
        if before == after:
            return
        uuids, keys = self._uuids[table], self._keys[table]
        if before is not None:
            del keys[uuid]
            _discard(uuids, before, uuid)
        if after is not None:
            keys[uuid] = after
            uuids[after] = (*uuids.get(after, ()), uuid)

    def _note_children(self, table: str, row: "Row", change: RowChange, *, moved: bool) -> set[ObjectKey]:
        """Take in which ports joined or left a router or switch; return whose they are."""
        now: set[UUID] = set() if change.gone else set(row.ports)
        before = now if change.old_ports is None else set(change.old_ports)
        for child in before - now:
            _discard(self._parents, child, row.uuid)
        for child in now - before:
            self._parents[child] = (*self._parents.get(child, ()), row.uuid)
        concerned = before | now if moved else before ^ now
        child_keys = self._keys[_CHILDREN[table]]
        return {child_keys[child] for child in concerned if child in child_keys}

    def _ports_of(self, subnet: ObjectKey) -> set[ObjectKey]:
        """Return the guests' ports in a subnet."""
        children = (child for switch in self.rows(SWITCH, subnet) for child in self.children(SWITCH, switch))
        return {key for key, _ in children if key.kind is Kind.PORT}


def _discard(index: dict[Any, tuple[UUID, ...]], key: Any, uuid: UUID) -> None:
    """Take a row out of the tuple under `key`, and the tuple out of the index when nothing is left in it."""
    rest = tuple(other for other in index.get(key, ()) if other != uuid)
    if rest:
        index[key] = rest
    else:
        index.pop(key, None)
