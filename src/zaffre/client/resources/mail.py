"""The site's mail: what waits to be sent."""

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection
from zaffre.client.models import MailView, TrialMailBody


class WaitingMail(Collection[MailView, MailView]):
    """Messages that wait to be sent, for administrators. What they say is for their recipients."""

    noun = "message"
    name_field = "recipient"

    def __init__(self, connection: Connection) -> None:
        """Look at the outbox."""
        super().__init__(connection, "/mail", MailView, MailView)

    def send_trial(self, email: str) -> MailView:
        """Send a message as a trial.

        Raises:
            Conflict: the site has no mail server.
        """
        return self._create(TrialMailBody(email=email))
