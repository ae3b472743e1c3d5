"""The audit trail: who did what, and the proof that nothing in it was altered."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from zaffre.client.collection import EVERYTHING, Collection, Listing, Query
from zaffre.client.connection import Call, Connection, strange_answer
from zaffre.client.models import AuditHeadView, AuditRecordView, AuditVerificationView, ExportFormat

SILENCE_S = 60.0
"""An answer that is silent for so long is lost."""


class AuditRecords(Listing[AuditRecordView]):
    """What was done in a subscription, or with one's account; the latest first."""

    noun = "audit record"
    name_field = None

    def __init__(self, connection: Connection, path: str) -> None:
        """Look at the records at `path`."""
        super().__init__(connection, path, AuditRecordView)


class Audit(Collection[AuditRecordView, AuditRecordView]):
    """The site's whole audit trail, for administrators; the latest first."""

    noun = "audit record"
    name_field = None

    def __init__(self, connection: Connection) -> None:
        """Look at the trail."""
        super().__init__(connection, "/audit-records", AuditRecordView, AuditRecordView)

    def head(self) -> AuditHeadView:
        """Show where the chain ends. Noted elsewhere, it proves later that no end was cut off."""
        return self._connection.get("/audit/head", AuditHeadView)

    def verify(self, known: tuple[int, str] | None = None) -> Iterator[AuditVerificationView]:
        """Have the whole chain verified; yields how far that is, and at last, with `done`, what was found.

        Args:
            known: number and hash of a record that were noted earlier.
        """
        options = {"sequence": str(known[0]), "hash": known[1]} if known is not None else {}
        with self._connection.open(Call("POST", "/audit/verify", options, {}, read_timeout_s=SILENCE_S)) as response:
            for line in response.iter_lines():
                try:
                    yield AuditVerificationView.model_validate_json(line)
                except ValidationError as error:
                    raise strange_answer(response, error) from None

    @contextmanager
    def export(self, form: ExportFormat = ExportFormat.NDJSON, query: Query = EVERYTHING) -> Generator[Iterator[str]]:
        """Give out an export, line by line, while it comes in; in the order of the chain.

        Without a query, an export as NDJSON can be verified anywhere.
        """
        options = {"format": form.value, **query.parameters()}
        call = Call("GET", "/audit-records/export", options, {}, read_timeout_s=SILENCE_S)
        with self._connection.open(call) as response:
            yield response.iter_lines()
