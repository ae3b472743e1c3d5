"""What the plane holds, kept ready to be handed out.

Row events say which objects changed; those alone are read again. So an update from the server costs what it changed,
and answering `contents` costs three copies of dictionaries however it is asked.
"""

import threading
from typing import TYPE_CHECKING, cast

from zaffre.network.drivers.ovn_bindings import Bindings
from zaffre.network.drivers.ovn_index import CREATED, INDEXED_TABLES, RowChange, RowIndex, Tables
from zaffre.network.drivers.ovn_objects import Kind, ObjectKey
from zaffre.network.drivers.ovn_reader import PlaneReader, PlaneValue, Unreadable
from zaffre.network.drivers.ovn_schema import CHASSIS, PORT_BINDING
from zaffre.network.drivers.plane import PlaneContents, PlaneNetwork, PlanePortState, PlaneSubnet
from zaffre.network.drivers.port_listeners import PortListeners

if TYPE_CHECKING:
    from ovs.db.idl import Row


class PlaneReplica:
    """Keeps a plane's contents up to date.

    `contents`, `port`, `knows_host` may be called from anywhere, everything else only by the one thread that runs the
    connections.
    Without `with_bindings` the chassis of ports stays unknown.
    """

    def __init__(self, listeners: PortListeners, *, with_bindings: bool) -> None:
        self._listeners = listeners
        self._index = RowIndex({})
        self._bindings = Bindings() if with_bindings else None
        self._changed: set[ObjectKey] = set()
        self._lock = threading.Lock()
        self._values: dict[Kind, dict[str, PlaneValue]] = {kind: {} for kind in Kind}
        self._damaged: set[ObjectKey] = set()

    @property
    def index(self) -> RowIndex:
        """Where the rows of objects are."""
        return self._index

    def contents(self) -> PlaneContents:
        """Return everything as it was last published."""
        with self._lock:
            return PlaneContents(
                cast("dict[str, PlaneNetwork]", self._values[Kind.NETWORK].copy()),
                cast("dict[str, PlaneSubnet]", self._values[Kind.SUBNET].copy()),
                cast("dict[str, PlanePortState]", self._values[Kind.PORT].copy()),
                frozenset(key.id for key in self._damaged),
            )

    def port(self, port_id: str) -> PlanePortState | None:
        """Return one port as it was last published."""
        return cast("PlanePortState | None", self._values[Kind.PORT].get(port_id))

    def knows_host(self, hostname: str) -> bool | None:
        """Tell whether there is a chassis of this hostname; None without bindings."""
        bindings = self._bindings
        return None if bindings is None else bindings.knows_host(hostname)

    def reload_northbound(self, tables: Tables) -> None:
        """Read everything again: the connection is new, and nobody has told what happened meanwhile."""
        self._index = RowIndex(tables)
        for table in INDEXED_TABLES:
            for row in tables[table].rows.values():
                self._index.note(table, row, CREATED)
        self._changed |= self._published() | self._index.keys()

    def reload_southbound(self, tables: Tables) -> None:
        """Read all bindings again."""
        self._bindings = bindings = Bindings()
        for table in (CHASSIS, PORT_BINDING):
            for row in tables[table].rows.values():
                bindings.note(table, row, gone=False)
        self._changed |= self._published()

    def note_northbound(self, table: str, row: "Row", change: RowChange) -> None:
        """Take in a change to a row of the northbound database."""
        self._changed |= self._index.note(table, row, change)

    def note_southbound(self, table: str, row: "Row", change: RowChange) -> None:
        """Take in a change to a row of the southbound database."""
        if self._bindings is not None:
            self._changed |= self._bindings.note(table, row, gone=change.gone)

    def publish(self) -> None:
        """Read what has changed, hand it out from now on, and tell the listeners of ports whose state is new."""
        if not self._changed:
            return
        reader = PlaneReader(self._index, self._bindings)
        values = {key: reader.read(key) for key in self._changed}
        self._changed = set()
        with self._lock:
            news = [value for key, value in values.items() if self._store(key, value)]
        self._listeners.tell(value for value in news if isinstance(value, PlanePortState))

    def _published(self) -> set[ObjectKey]:
        """Return every object that is handed out, whole or damaged."""
        whole = {ObjectKey(kind, identifier) for kind, values in self._values.items() for identifier in values}
        return whole | self._damaged

    def _store(self, key: ObjectKey, value: PlaneValue | Unreadable) -> bool:
        """Hand out one object's value; tell whether it is new."""
        values = self._values[key.kind]
        self._damaged.discard(key)
        if isinstance(value, Unreadable):
            if value is Unreadable.DAMAGED:
                self._damaged.add(key)
            return values.pop(key.id, None) is not None
        old = values.get(key.id)
        values[key.id] = value
        return value != old
