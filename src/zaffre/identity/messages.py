"""What identity writes to people, in their languages."""

from enum import StrEnum

LANGUAGES = ("en", "de")


class Message(StrEnum):
    """A kind of message."""

    VERIFY = "verify"
    """Asks whether an address is theirs."""
    MOVED = "moved"
    """Tells the old address that there is a new one."""
    RESET = "reset"
    """Offers a new password."""
    PASSWORD_SET = "password_set"  # noqa: S105 - a kind of message
    """Tells that there is one."""
    FACTOR_SET = "factor_set"
    """Tells that a second factor was set up or removed."""
    IDENTITY_LINKED = "identity_linked"
    """Tells that an identity elsewhere signs in to the account."""


_TEXTS = {
    "en": {
        Message.VERIFY: (
            "Is this your e-mail address?",
            "Somebody, probably you, gave this address for an account at {portal}.",
            "If it was you, open this link within three days:",
            "{link}",
            "If it was not, do nothing.",
        ),
        Message.MOVED: (
            "Your account has another e-mail address",
            ("Your account at {portal} has another e-mail address from now on; mail is not sent to this one any more."),
            "If that was not you, tell the provider at once.",
        ),
        Message.RESET: (
            "Set a new password",
            "Somebody, probably you, has forgotten the password of this address at {portal}.",
            "To set a new one, open this link within an hour:",
            "{link}",
            "If it was not you, do nothing: your password stays as it is.",
        ),
        Message.PASSWORD_SET: (
            "Your password was set anew",
            (
                "A new password was set for your account at {portal}, with a link that was sent to this address. All "
                "sign-in sessions have ended."
            ),
            "If that was not you, tell the provider at once.",
        ),
        Message.FACTOR_SET: (
            "Your second factor was changed",
            "The second factor of your account at {portal} was set up or removed.",
            "If that was not you, set a new password and tell the provider at once.",
        ),
        Message.IDENTITY_LINKED: (
            "There is another way to sign in to your account",
            "An account elsewhere was linked to your account at {portal}, and signs in to it from now on.",
            "If that was not you, set a new password, unlink it under Account and tell the provider at once.",
        ),
    },
    "de": {
        Message.VERIFY: (
            "Ist das Ihre E-Mail-Adresse?",
            "Jemand, vermutlich Sie, hat diese Adresse für ein Konto bei {portal} angegeben.",
            "Wenn Sie es waren, öffnen Sie innerhalb von drei Tagen diesen Link:",
            "{link}",
            "Wenn nicht, brauchen Sie nichts zu tun.",
        ),
        Message.MOVED: (
            "Ihr Konto hat eine andere E-Mail-Adresse",
            "Ihr Konto bei {portal} hat ab jetzt eine andere E-Mail-Adresse; an diese geht keine Post mehr.",
            "Wenn Sie das nicht waren, wenden Sie sich sofort an den Anbieter.",
        ),
        Message.RESET: (
            "Neues Passwort setzen",
            "Jemand, vermutlich Sie, hat das Passwort zu dieser Adresse bei {portal} vergessen.",
            "Um ein neues zu setzen, öffnen Sie innerhalb einer Stunde diesen Link:",
            "{link}",
            "Wenn Sie es nicht waren, brauchen Sie nichts zu tun: Ihr Passwort bleibt, wie es ist.",
        ),
        Message.PASSWORD_SET: (
            "Ihr Passwort wurde neu gesetzt",
            (
                "Für Ihr Konto bei {portal} wurde mit einem Link an diese Adresse ein neues Passwort gesetzt. Alle "
                "Sitzungen sind beendet."
            ),
            "Wenn Sie das nicht waren, wenden Sie sich sofort an den Anbieter.",
        ),
        Message.FACTOR_SET: (
            "Ihr zweiter Faktor wurde geändert",
            "Der zweite Faktor Ihres Kontos bei {portal} wurde eingerichtet oder entfernt.",
            "Wenn Sie das nicht waren, setzen Sie ein neues Passwort und wenden Sie sich sofort an den Anbieter.",
        ),
        Message.IDENTITY_LINKED: (
            "Ihr Konto hat eine weitere Anmeldung",
            "Ein Konto anderswo wurde mit Ihrem Konto bei {portal} verknüpft und meldet ab jetzt darin an.",
            (
                "Wenn Sie das nicht waren, setzen Sie ein neues Passwort, lösen Sie die Verknüpfung unter Konto und "
                "wenden Sie sich sofort an den Anbieter."
            ),
        ),
    },
}
"""Subject and paragraphs, by language."""


def message(kind: Message, language: str, link: str) -> tuple[str, str]:
    """Return subject and text of a message. The part of `link` before its path is the portal's address."""
    subject, *paragraphs = _TEXTS[language][kind]
    scheme, _, rest = link.partition("://")
    portal = f"{scheme}://{rest.partition('/')[0]}"
    return subject, "\n\n".join(paragraphs).format(portal=portal, link=link) + "\n"


def language_of(accepted: str) -> str:
    """Return the first language of an Accept-Language header that there are messages in."""
    for part in accepted.split(","):
        language = part.partition(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]
