"""Replicas of OVSDB databases (RFC 7047)."""

from collections.abc import MutableMapping
from typing import Any, Final
from uuid import UUID

from ovs.jsonrpc import Session

ROW_CREATE: Final = "create"
ROW_UPDATE: Final = "update"
ROW_DELETE: Final = "delete"

class SchemaHelper:
    """Says what of a database is replicated."""

    def __init__(self, location: str | None = None, schema_json: dict[str, Any] | None = None) -> None: ...
    def register_all(self) -> None: ...

class IdlTable:
    name: str
    columns: dict[str, object]
    rows: MutableMapping[UUID, Row]

class Row:
    """A row. Columns are attributes; values are copies, so changing one in place changes nothing."""

    uuid: UUID
    _table: IdlTable

    def __getattr__(self, column_name: str) -> Any: ...
    def __setattr__(self, column_name: str, value: Any) -> None:
        """Write a column in the transaction that is being made. Values of a wrong type are ignored."""

    def addvalue(self, column_name: str, key: object) -> None:
        """Add to a set; the rest of the set is neither read nor sent."""

    def delvalue(self, column_name: str, key: object) -> None:
        """Take away from a set. Applied before all additions of the same transaction."""

    def setkey(self, column_name: str, key: str, value: str) -> None:
        """Set one entry of a map."""

    def verify(self, column_name: str) -> None:
        """Make the transaction fail (`TRY_AGAIN`) if somebody else changed the column or deleted the row."""

    def delete(self) -> None: ...

class Idl:
    """A replica of one database. Not safe for threads."""

    IDL_S_MONITORING: Final[int]

    tables: dict[str, IdlTable]
    state: int
    change_seqno: int
    """Grows with every change of the replica."""
    txn: Transaction | None
    """The transaction that is being made."""
    _session: Session

    def __init__(
        self,
        remote: str,
        schema_helper: SchemaHelper,
        probe_interval: int | None = None,
        leader_only: bool = True,
    ) -> None: ...
    def run(self) -> bool: ...
    def wait(self, poller: Any) -> None: ...
    def close(self) -> None: ...
    def restart_fsm(self) -> None: ...
    def cond_change(self, table_name: str, cond: list[list[str]]) -> int: ...
    def notify(self, event: str, row: Row, updates: Row | None = None) -> None: ...
    def cooperative_yield(self) -> None: ...

class Transaction:
    """A transaction in the making, and then under way."""

    UNCHANGED: Final = "unchanged"
    INCOMPLETE: Final = "incomplete"
    ABORTED: Final = "aborted"
    SUCCESS: Final = "success"
    TRY_AGAIN: Final = "try again"
    NOT_LOCKED: Final = "not locked"
    ERROR: Final = "error"

    def __init__(self, idl: Idl) -> None: ...
    def insert(self, table: IdlTable) -> Row:
        """Create a row; its `uuid` holds in this transaction only."""

    def commit(self) -> str:
        """Send the transaction, or tell what has become of it."""

    def abort(self) -> None: ...
    def get_error(self) -> str:
        """Return the server's error as JSON, or the status if there is none."""

    def wait(self, poller: Any) -> None: ...
