"""What identity needs at run time, made once per process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from zaffre.foundation.settings import IdentitySettings, Settings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity.accounts import Accounts
from zaffre.identity.addresses import AddressNotVerified
from zaffre.identity.attempts import HOUR_MS, Attempts
from zaffre.identity.callers import Caller
from zaffre.identity.federation.conversation import Conversation
from zaffre.identity.passwords import Passwords
from zaffre.identity.permissions import Role
from zaffre.identity.sessions import Sessions
from zaffre.identity.tokens import AccessTokens


@dataclass(frozen=True)
class IdentityServices:
    """Passwords, tokens and counters of one process; an app keeps it as `app.state.identity`."""

    settings: IdentitySettings
    units: UnitsOfWork
    passwords: Passwords
    access_tokens: AccessTokens
    attempts: Attempts
    """To sign in, and at whatever else asks for a password."""
    code_attempts: Attempts
    """At codes of second factors, which are short: as many in an hour as else in a minute."""
    sends_mail: bool
    """Whether mail can leave the site; what needs mail is off otherwise."""
    portal_urls: Mapping[str, str]
    """Where links in mail lead, by face."""
    federation: Conversation
    """Talks to identity providers."""

    @classmethod
    def of(cls, settings: Settings, units: UnitsOfWork, passwords: Passwords) -> Self:
        """Put the services together."""
        identity = settings.identity
        return cls(
            identity,
            units,
            passwords,
            AccessTokens(units.keyring, units.clock, identity.access_token_lifetime_s),
            Attempts(units, identity.sign_in_attempts_per_minute),
            Attempts(units, identity.sign_in_attempts_per_minute, HOUR_MS),
            settings.mail.configured,
            {"admin": settings.admin_portal_url, "tenant": settings.tenant_portal_url},
            Conversation(settings.federation, units.clock),
        )

    async def close(self) -> None:
        """End threads and let go of connections."""
        self.passwords.close()
        await self.federation.close()

    def wants_second_factor(self, role: str) -> bool:
        """Tell whether the site wants a second factor of accounts with a role."""
        return role != Role.TENANT and self.settings.administrators_need_second_factor

    def portal_url(self, face: str) -> str:
        """Return the portal that belongs to a face; the public face's users are tenants."""
        return self.portal_urls.get(face, self.portal_urls["tenant"])

    async def check_verified(self, work: UnitOfWork, caller: Caller) -> None:
        """Refuse what only somebody with a verified address may do, on a site that can verify any.

        Raises:
            AddressNotVerified: the caller's is not.
        """
        if self.sends_mail and not (await Accounts(work).get(caller.account_id)).verified_at:
            raise AddressNotVerified

    def sessions(self, work: UnitOfWork) -> Sessions:
        """Return the rules for sessions in a unit of work."""
        return Sessions(work, self.access_tokens, self.settings.refresh_token_lifetime_s)


def _services(request: Request) -> IdentityServices:
    return request.app.state.identity


Identity = Annotated[IdentityServices, Depends(_services)]
