"""Ways for mail to leave the site."""

from zaffre.foundation.mail.drivers.directory import MailDirectory
from zaffre.foundation.mail.drivers.post_office import NotDelivered, PostOffice, Refused
from zaffre.foundation.mail.drivers.smtp import SmtpServer
from zaffre.foundation.settings import MailSettings

__all__ = ["NotDelivered", "PostOffice", "Refused", "post_office"]


def post_office(settings: MailSettings) -> PostOffice | None:
    """Return the way that the settings name; None when they name none."""
    if settings.host:
        return SmtpServer(settings)
    return MailDirectory(settings.directory) if settings.directory is not None else None
