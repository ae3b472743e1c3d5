"""What can go wrong between a person, an identity provider and this site."""

import re

from zaffre.foundation.errors import Conflict, DomainError, Unauthenticated, Unavailable

_CODE = re.compile(r"[a-z_]{1,40}")


class ProviderUnreachable(Unavailable):
    """The identity provider does not answer."""

    code = "identity_provider.unreachable"
    title = "The identity provider does not answer"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} cannot be reached: {reason}.", remedy="Try again, or sign in with your password.")


class ProviderMisbehaves(DomainError):
    """The identity provider answers something else than it should."""

    code = "identity_provider.bad_answer"
    title = "The identity provider gave an answer that cannot be used"
    status = 502

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"{name}: {reason}.", remedy="Ask an administrator of the site to look at how the provider is set up."
        )


class ProviderRefused(Unauthenticated):
    """The identity provider did not say who somebody is."""

    code = "identity.provider_refused"
    title = "The identity provider did not sign you in"

    def __init__(self, name: str, error: str) -> None:
        # What the provider adds in words of its own is not shown: anybody could have made the address up.
        word = error if _CODE.fullmatch(error) else "an error without a name"
        reason = "you did not agree, or may not" if word == "access_denied" else word
        super().__init__(f"{name} sent you back: {reason}.", remedy="Try again, or sign in another way.")


class ProofNotGood(Unauthenticated):
    """What the identity provider signed does not prove who somebody is."""

    code = "identity.proof_not_good"
    title = "The identity provider's word does not count"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"What {name} says about you was not accepted: {reason}.",
            remedy="Begin again; if it stays so, tell an administrator of the site.",
        )


class SignInNotGood(DomainError):
    """The sign-in is unknown, over, or was begun in another browser; which of these is not told."""

    code = "identity.sign_in_not_good"
    title = "This sign-in is over"
    status = 410

    def __init__(self) -> None:
        super().__init__(
            "It was finished already, took too long, or was begun in another browser.",
            remedy="Begin again from the sign-in page.",
            target="state",
        )


class NotAdmitted(Unauthenticated):
    """The identity provider knows somebody, and this site does not."""

    code = "identity.not_admitted"
    title = "You have no account here yet"

    def __init__(self, detail: str, remedy: str = "Ask an administrator of the site for an account.") -> None:
        super().__init__(detail, remedy=remedy)


class LinkedElsewhere(Conflict):
    """Another account has the identity."""

    code = "identity.linked_elsewhere"
    title = "Another account has this identity"

    def __init__(self) -> None:
        super().__init__(
            "Whoever this is at the identity provider signs in to another account here.",
            remedy="Unlink it there first.",
        )


class LastWayIn(Conflict):
    """Nobody could sign in to the account any more."""

    code = "identity.last_way_in"
    title = "It is the only way in"

    def __init__(self) -> None:
        super().__init__(
            "The account has no password and no other identity to sign in with.",
            remedy="Set a password first (through 'I have forgotten my password'), or link another identity.",
        )
