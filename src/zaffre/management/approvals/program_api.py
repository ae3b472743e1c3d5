"""Routes of approval programs: naming them, their secrets, what they were asked, and trials."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from zaffre.foundation.http.etags import IfMatch, set_etag
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import PlainRoute, TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, Name, PathId, ResourceView, View, no_nul
from zaffre.foundation.outbound.targets import MAX_URL_CHARACTERS
from zaffre.identity import Permission, requires
from zaffre.management.approvals.asking import AskOutcome, AskTrigger
from zaffre.management.approvals.desk import ApprovalDesk
from zaffre.management.approvals.programs import LONGEST_TIMEOUT_S, ApprovalPrograms, ProgramDraft, WhenSilent
from zaffre.management.approvals.tables import ApprovalProgramRow

administration = APIRouter(prefix="/approval-programs", tags=["approvals"], route_class=TransactionalRoute)
trials = APIRouter(prefix="/approval-programs", tags=["approvals"], route_class=PlainRoute)

LONGEST_OVERLAP_HOURS = 24 * 7
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
Certificates = Annotated[str, StringConstraints(min_length=1, max_length=65_536), AfterValidator(no_nul)]
Timeout = Annotated[int, Field(ge=1, le=LONGEST_TIMEOUT_S)]
_READ = [requires(Permission.APPROVAL_READ)]
_ADMIN = [requires(Permission.APPROVAL_PROGRAM_ADMIN)]


class NewApprovalProgramBody(Body):
    """A program that shall decide on changes."""

    name: Name
    """Whoever asks for a change reads it."""
    url: Url
    """Where it is asked: `https://billing.example/approvals`."""
    when_silent: WhenSilent
    """What happens when it does not answer in time: `refuse`, `approve`, or `ask_a_person`, and the program again."""
    timeout_s: Timeout = 5
    """How long it has for an answer."""
    ca_certificates: Certificates | None = None
    """Certificates that vouch for it, in PEM; left out: those that this system trusts."""


class ApprovalProgramChangeBody(Body):
    """What may change of a program; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    when_silent: WhenSilent | None = None
    timeout_s: Timeout | None = None
    ca_certificates: Certificates | None = None
    """null: those that this system trusts."""

    def changes(self) -> dict[str, Any]:
        """Return what was given; only the certificates can be nothing."""
        given = self.model_dump(exclude_unset=True)
        return {name: value for name, value in given.items() if value is not None or name == "ca_certificates"}


class ProgramSecretRotationBody(Body):
    """How a program's secret gives way to another."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24
    """How long the present secret goes on signing beside the new one."""


class ApprovalProgramView(ResourceView):
    """A program that decides on changes."""

    name: str
    url: str
    when_silent: WhenSilent
    timeout_s: int
    ca_certificates: str | None
    previous_secret_until: datetime | None
    """Until when the secret before the last rotation signs as well."""
    last_asked_at: datetime | None
    last_answered_at: datetime | None
    silent_since: datetime | None
    """Since when it has answered nothing; None: its last answer was one, or it was not asked yet."""

    @classmethod
    def of(cls, row: ApprovalProgramRow, response: Response | None = None) -> "ApprovalProgramView":
        """Shape a row, with its ETag where there is one answer."""
        if response is not None:
            set_etag(response, row.generation)
        names = cls.model_fields.keys() - {"previous_secret_until"}
        return cls.model_validate(
            {name: getattr(row, name) for name in names} | {"previous_secret_until": row.previous_until}
        )


class NewApprovalProgramView(ApprovalProgramView):
    """A program with the secret that signs what it is asked: shown this once."""

    secret: str

    @classmethod
    def made(cls, made: tuple[ApprovalProgramRow, SecretStr], response: Response) -> "NewApprovalProgramView":
        """Shape a program whose secret is new."""
        row, secret = made
        return cls(**ApprovalProgramView.of(row, response).model_dump(), secret=secret.get_secret_value())


class ApprovalAskView(View):
    """One question to a program, and what came of it."""

    id: str
    program_id: str
    request_id: str | None
    """The change request that was asked about; None: it was a trial."""
    trigger: AskTrigger
    outcome: AskOutcome
    status: int | None
    """What it answered; None: nothing."""
    error: str | None
    """Why there was no answer: `timeout`, `no_connection`, `tls`, `broken_off`, `target_refused`, or `no_verdict`
    when its status says neither yes nor no."""
    reason: str
    """What it said."""
    duration_ms: int
    created_at: datetime


def _desk(request: Request) -> ApprovalDesk:
    return request.app.state.approval_desk


CurrentDesk = Annotated[ApprovalDesk, Depends(_desk)]


def _programs(work: Work, desk: CurrentDesk) -> ApprovalPrograms:
    return ApprovalPrograms(work, desk.asking.targets)


CurrentPrograms = Annotated[ApprovalPrograms, Depends(_programs)]


@administration.get("", dependencies=_READ)
async def list_approval_programs(
    request: Request, query: Listed, programs: CurrentPrograms
) -> Page[ApprovalProgramView]:
    """List the programs that decide on changes."""
    found = await programs.page(query)
    return found.page(request, [ApprovalProgramView.of(row) for row in found.rows])


@administration.post("", status_code=201, dependencies=_ADMIN)
async def create_approval_program(
    body: NewApprovalProgramBody, programs: CurrentPrograms, response: Response
) -> NewApprovalProgramView:
    """Name a program that approval rules can refer to. The answer holds the signing secret, not shown again."""
    return NewApprovalProgramView.made(await programs.create(ProgramDraft(**body.model_dump())), response)


@administration.get("/{program_id}", dependencies=_READ)
async def get_approval_program(
    program_id: PathId, programs: CurrentPrograms, response: Response
) -> ApprovalProgramView:
    """Show a program that decides on changes."""
    return ApprovalProgramView.of(await programs.get(program_id), response)


@administration.patch("/{program_id}", dependencies=_ADMIN)
async def change_approval_program(
    program_id: PathId,
    body: ApprovalProgramChangeBody,
    programs: CurrentPrograms,
    if_match: IfMatch,
    response: Response,
) -> ApprovalProgramView:
    """Change a program; it counts for the next question."""
    return ApprovalProgramView.of(await programs.change(program_id, body.changes(), if_match), response)


@administration.delete("/{program_id}", status_code=204, dependencies=_ADMIN)
async def delete_approval_program(program_id: PathId, programs: CurrentPrograms, if_match: IfMatch) -> None:
    """Forget a program that no rule refers to. What waits for it is left to people."""
    await programs.delete(program_id, if_match)


@administration.post("/{program_id}/rotate-secret", dependencies=_ADMIN)
async def rotate_approval_program_secret(
    program_id: PathId,
    body: ProgramSecretRotationBody,
    programs: CurrentPrograms,
    if_match: IfMatch,
    response: Response,
) -> NewApprovalProgramView:
    """Have another secret sign. For some hours the present one signs as well, so that nothing is refused."""
    made = await programs.rotate_secret(program_id, timedelta(hours=body.overlap_hours), if_match)
    return NewApprovalProgramView.made(made, response)


@administration.get("/{program_id}/asks", dependencies=_READ)
async def list_approval_asks(
    request: Request, program_id: PathId, query: Listed, programs: CurrentPrograms
) -> Page[ApprovalAskView]:
    """List what a program was asked of late and what came of it, newest first: the last 200."""
    found = await programs.asks(program_id, query)
    return found.page(request, [ApprovalAskView.model_validate(row) for row in found.rows])


@trials.post("/{program_id}/test", dependencies=_ADMIN)
async def test_approval_program(program_id: PathId, request: Request, desk: CurrentDesk) -> ApprovalAskView:
    """Ask a program about a change that nobody wants. The answer tells what came of it; nothing is changed."""
    return ApprovalAskView.model_validate(await desk.trial(program_id, request.state.actor))
