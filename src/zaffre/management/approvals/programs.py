"""Approval programs: programs that decide on changes which need an approval, as a billing system does."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from zaffre.foundation.errors import Conflict, InUse, NameTaken, NotFound
from zaffre.foundation.http.etags import check_generation
from zaffre.foundation.http.filters import Field, FieldType
from zaffre.foundation.http.lists import Listing, ListQuery, Rows
from zaffre.foundation.outbound.guarded import check_certificates
from zaffre.foundation.outbound.targets import Targets
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import ResourceRef, UnitOfWork
from zaffre.management.approvals.tables import ApprovalAskRow, ApprovalProgramRow, ApprovalRuleRow
from zaffre.management.webhooks.signatures import new_secret

PROGRAMS_AT_MOST = 50
LONGEST_TIMEOUT_S = 10
NAMED = 5
"""As many rules are named in a refusal."""

LISTING = Listing(
    ApprovalProgramRow,
    {
        "id": Field(ApprovalProgramRow.id, FieldType.ID),
        "name": Field(ApprovalProgramRow.name, FieldType.TEXT, searchable=True),
        "url": Field(ApprovalProgramRow.url, FieldType.TEXT, searchable=True),
        "when_silent": Field(ApprovalProgramRow.when_silent, FieldType.TEXT, sortable=False),
        "created_at": Field(ApprovalProgramRow.created_at, FieldType.INSTANT),
    },
    key=ApprovalProgramRow.id,
    order="name",
)
ASKS = Listing(
    ApprovalAskRow,
    {
        "id": Field(ApprovalAskRow.id, FieldType.ID),
        "request_id": Field(ApprovalAskRow.request_id, FieldType.TEXT, sortable=False),
        "outcome": Field(ApprovalAskRow.outcome, FieldType.TEXT, sortable=False),
        "trigger": Field(ApprovalAskRow.trigger, FieldType.TEXT, sortable=False),
        "created_at": Field(ApprovalAskRow.created_at, FieldType.INSTANT),
    },
    key=ApprovalAskRow.id,
    order="created_at desc",
)


class WhenSilent(StrEnum):
    """What happens with a change when the program does not answer."""

    REFUSE = "refuse"
    """It is refused."""
    APPROVE = "approve"
    """It is made as if the program had approved it."""
    ASK_A_PERSON = "ask_a_person"
    """It waits: somebody decides, or the program does when it answers again."""


@dataclass(frozen=True)
class ProgramDraft:
    """What is wanted of a program."""

    name: str
    url: str
    when_silent: WhenSilent
    timeout_s: int = 5
    ca_certificates: str | None = None


class ApprovalPrograms:
    """Rules for approval programs inside one unit of work."""

    def __init__(self, work: UnitOfWork, targets: Targets) -> None:
        self._work = work
        self._session = work.session
        self._targets = targets

    async def page(self, query: ListQuery) -> Rows[ApprovalProgramRow]:
        """Return a page of programs."""
        return await LISTING.rows(self._session, query)

    async def get(self, program_id: str) -> ApprovalProgramRow:
        """Return a program.

        Raises:
            NotFound: there is none with this id.
        """
        row = await self._session.get(ApprovalProgramRow, program_id)
        if row is None:
            raise NotFound("approval program", program_id)
        return row

    async def asks(self, program_id: str, query: ListQuery) -> Rows[ApprovalAskRow]:
        """Return a page of what a program was asked of late, and what came of it."""
        await self.get(program_id)
        return await ASKS.rows(self._session, query, ApprovalAskRow.program_id == program_id)

    async def create(self, draft: ProgramDraft) -> tuple[ApprovalProgramRow, SecretStr]:
        """Name a program that rules can refer to; returns the secret that signs, which is not shown again.

        Raises:
            TargetRefused: nothing is sent to such an address.
            InvalidInput: the certificates are none.
            NameTaken: another program has the name.
            Conflict: there are as many as may be.
        """
        self._check(draft)
        if (await self._session.scalar(select(func.count()).select_from(ApprovalProgramRow)) or 0) >= PROGRAMS_AT_MOST:
            raise Conflict(f"There are {PROGRAMS_AT_MOST} approval programs.", remedy="Delete one first.")
        secret = new_secret()
        row = ApprovalProgramRow(
            id=self._work.ids.new(),
            **asdict(draft),
            sealed_secret=self._work.keyring.seal(secret),
            created_at=self._work.clock.now(),
        )
        await self._work.save(row, lambda _: NameTaken("approval program", draft.name))
        self._work.emit("approval_program.created", reference(row))
        return row, secret

    async def change(
        self, program_id: str, given: Mapping[str, Any], expected: int | None = None
    ) -> ApprovalProgramRow:
        """Change what is given; it counts for the next question.

        Raises:
            TargetRefused, InvalidInput, NameTaken: see `create`.
        """
        row = await self.get(program_id)
        check_generation(expected, row.generation)
        before = ProgramDraft(row.name, row.url, WhenSilent(row.when_silent), row.timeout_s, row.ca_certificates)
        draft = replace(before, **given)
        if draft == before:
            return row
        self._check(draft)
        for name, value in asdict(draft).items():
            setattr(row, name, value)
        await self._work.save(row, lambda _: NameTaken("approval program", draft.name))
        self._work.emit("approval_program.changed", reference(row))
        return row

    async def rotate_secret(
        self, program_id: str, overlap: timedelta, expected: int | None = None
    ) -> tuple[ApprovalProgramRow, SecretStr]:
        """Have another secret sign; until `overlap` is over, the present one signs as well."""
        row = await self.get(program_id)
        check_generation(expected, row.generation)
        secret = new_secret()
        row.sealed_previous = row.sealed_secret if overlap else None
        row.previous_until = self._work.clock.now() + overlap if overlap else None
        row.sealed_secret = self._work.keyring.seal(secret)
        await self._session.flush()
        self._work.emit("approval_program.secret_rotated", reference(row))
        return row, secret

    async def delete(self, program_id: str, expected: int | None = None) -> None:
        """Forget a program that no rule refers to. What waits for it is left to people.

        Raises:
            InUse: a rule refers to it.
        """
        row = await self.get(program_id)
        check_generation(expected, row.generation)
        using = select(ApprovalRuleRow.name).where(ApprovalRuleRow.program_id == program_id)
        names = (await self._session.scalars(using.order_by(ApprovalRuleRow.name).limit(NAMED))).all()
        refusal = InUse(
            f"Approval program {row.name!r} decides for rules: {', '.join(names)}.",
            remedy="Have these rules ask another program or people, or delete them, first.",
            target=row.id,
        )
        if names:
            raise refusal
        resource = reference(row)
        await self._work.remove(row, lambda _: refusal)
        self._work.emit("approval_program.deleted", resource)

    def _check(self, draft: ProgramDraft) -> None:
        self._targets.check_url(draft.url)
        if draft.ca_certificates is not None:
            check_certificates(draft.ca_certificates)


def keys_of(work: UnitOfWork, row: ApprovalProgramRow) -> list[SecretStr]:
    """Return the secrets that sign at this moment, the newest first."""
    keys = [work.keyring.open(SealedSecret(row.sealed_secret))]
    if row.sealed_previous is not None and row.previous_until is not None and row.previous_until > work.clock.now():
        keys.append(work.keyring.open(SealedSecret(row.sealed_previous)))
    return keys


def reference(row: ApprovalProgramRow) -> ResourceRef:
    """Name a program in events."""
    return ResourceRef("approval_program", row.id, row.name)
