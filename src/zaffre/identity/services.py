"""What identity needs at run time, made once per process."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from zaffre.foundation.settings import IdentitySettings
from zaffre.foundation.work import UnitOfWork, UnitsOfWork
from zaffre.identity.attempts import SignInAttempts
from zaffre.identity.passwords import Passwords
from zaffre.identity.sessions import Sessions
from zaffre.identity.tokens import AccessTokens


@dataclass(frozen=True)
class IdentityServices:
    """Passwords, tokens and counters of one process; an app keeps it as `app.state.identity`."""

    settings: IdentitySettings
    units: UnitsOfWork
    passwords: Passwords
    access_tokens: AccessTokens
    attempts: SignInAttempts

    @classmethod
    def of(cls, settings: IdentitySettings, units: UnitsOfWork, passwords: Passwords) -> Self:
        """Put the services together."""
        return cls(
            settings,
            units,
            passwords,
            AccessTokens(units.keyring, units.clock, settings.access_token_lifetime_s),
            SignInAttempts(units.clock, settings.sign_in_attempts_per_minute),
        )

    def sessions(self, work: UnitOfWork) -> Sessions:
        """Return the rules for sessions in a unit of work."""
        return Sessions(work, self.access_tokens, self.settings.refresh_token_lifetime_s)


def _services(request: Request) -> IdentityServices:
    return request.app.state.identity


Identity = Annotated[IdentityServices, Depends(_services)]
