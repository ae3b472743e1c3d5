"""Which hosts there are and which of them has bound which port, from OVN's southbound database."""

from uuid import UUID

from zaffre.network.drivers.ovn_objects import Kind, ObjectKey, RowView
from zaffre.network.drivers.ovn_schema import CHASSIS


class Bindings:
    """The hosts, and the chassis of every bound port. Rows may become known in any order."""

    def __init__(self) -> None:
        self._chassis_by_port: dict[str, UUID] = {}
        self._names: dict[UUID, str] = {}
        self._hostnames: dict[UUID, str] = {}
        self._known_hosts: frozenset[str] = frozenset()

    def chassis(self, port_id: str) -> str | None:
        """Return the name of the chassis that has bound the port."""
        chassis = self._chassis_by_port.get(port_id)
        return None if chassis is None else self._names.get(chassis)

    def knows_host(self, hostname: str) -> bool:
        """Tell whether some chassis is the host of this hostname. May be called from any thread."""
        return any(_same_host(hostname, known) for known in self._known_hosts)

    def note(self, table: str, row: RowView, *, gone: bool) -> set[ObjectKey]:
        """Take in that a row was created, changed or (`gone`) deleted; return the ports that this concerns."""
        if table == CHASSIS:
            return self._note_chassis(row, gone=gone)
        port_id: str = row.logical_port
        if gone or not row.chassis:
            self._chassis_by_port.pop(port_id, None)
        else:
            self._chassis_by_port[port_id] = row.chassis[0]
        return {ObjectKey(Kind.PORT, port_id)}

    def _note_chassis(self, row: RowView, *, gone: bool) -> set[ObjectKey]:
        """Take in the name of a chassis."""
        if gone:
            self._names.pop(row.uuid, None)
            self._hostnames.pop(row.uuid, None)
        else:
            self._names[row.uuid] = row.name
            self._hostnames[row.uuid] = row.hostname
        self._known_hosts = frozenset(self._hostnames.values())
        return {ObjectKey(Kind.PORT, port) for port, chassis in self._chassis_by_port.items() if chassis == row.uuid}


def _same_host(one: str, other: str) -> bool:
    """Compare hostnames; of a host that is named without its domain, only the name counts."""
    one, other = one.casefold().rstrip("."), other.casefold().rstrip(".")
    if "." in one and "." in other:
        return one == other
    return one.partition(".")[0] == other.partition(".")[0]
