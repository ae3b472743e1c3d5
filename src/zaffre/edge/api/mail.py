"""Routes for the site's mail: what waits, and a message as a trial."""

from datetime import datetime

from fastapi import APIRouter, Request

from zaffre.edge.site import Site
from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.lists import Listed, Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import Body, View
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.mail.outbox import reference
from zaffre.foundation.mail.tables import MailRow
from zaffre.identity import Permission, requires
from zaffre.identity.wire import Email

administration = APIRouter(tags=["mail"], route_class=TransactionalRoute)

TRIAL = """This message was sent because an administrator wanted to see whether mail leaves the site.

It does.
"""


class NoMailServer(Conflict):
    """The settings name no way for mail to leave the site."""

    code = "mail.no_server"
    title = "The site has no mail server"

    def __init__(self) -> None:
        super().__init__(
            "The site sends no mail.", remedy="Name a server in the settings: mail.host and what it needs."
        )


class MailView(View):
    """A message that waits to be sent; what it says is for its recipient."""

    id: str
    recipient: str
    subject: str
    created_at: datetime
    attempts: int
    """How often it was tried."""
    next_attempt_at: datetime
    give_up_at: datetime
    last_error: str | None

    @classmethod
    def of(cls, row: MailRow) -> "MailView":
        """Shape a row."""
        return cls.model_validate(row)


class TrialMailBody(Body):
    """A message as a trial."""

    email: Email


@administration.get("/mail", dependencies=[requires(Permission.MAIL_READ)])
async def list_mail(request: Request, query: Listed, work: Work) -> Page[MailView]:
    """List the messages that wait to be sent."""
    found = await Outbox.page(work, query)
    return found.page(request, [MailView.of(row) for row in found.rows])


@administration.post("/mail", status_code=201, dependencies=[requires(Permission.MAIL_ADMIN)])
async def send_trial_mail(body: TrialMailBody, request: Request, work: Work) -> MailView:
    """Send a message as a trial. It is in the list until the mail server has taken it."""
    site: Site = request.app.state.site
    if not site.settings.mail.configured:
        raise NoMailServer
    row = await Outbox.put(work, Mail(body.email, "A message as a trial", TRIAL))
    work.emit("mail.tried", reference(row))
    return MailView.of(row)
