"""Second factors: codes of a device that shares a secret with us, new every half minute (TOTP, RFC 6238).

Each time-step is accepted once: whoever looks over a shoulder cannot use the code again, not even at the same moment.
Recovery codes, each good once, open the door when the device is lost.
"""

import secrets
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from pydantic import SecretStr
from pyotp.totp import TOTP
from sqlalchemy import delete, func, select, update

from zaffre.foundation.errors import Conflict, InvalidInput, Unauthenticated
from zaffre.foundation.secrets import SealedSecret
from zaffre.foundation.work import UnitOfWork
from zaffre.identity.accounts import reference
from zaffre.identity.tables import AccountRow, RecoveryCodeRow, SecondFactorRow
from zaffre.identity.tokens import hash_secret

ISSUER = "Zaffre"
SECRET_BYTES = 20
"""As long as a hash of SHA-1 (RFC 4226, 4)."""
STEP_S = 30
DRIFT_STEPS = 1
"""How far a device's clock may be off, in either direction (RFC 6238, 5.2)."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for one another; twelve of them are 59 bits."""


class CodeNeeded(Unauthenticated):
    """The password is right, and the account has a second factor."""

    code = "identity.code_needed"
    title = "A code is needed as well"

    def __init__(self) -> None:
        super().__init__(
            "The account has a second factor.", remedy="Send the code that its device shows, too.", target="code"
        )


class CodeWrong(Unauthenticated):
    """The code is wrong, too old, or was used before."""

    code = "identity.code_wrong"
    title = "The code is not right"

    def __init__(self) -> None:
        super().__init__(
            "The code is wrong, too old, or was used already.",
            remedy="Wait for the next code, or use a recovery code.",
            target="code",
        )


class FactorExists(Conflict):
    """The account has a second factor already."""

    code = "identity.second_factor_exists"
    title = "There is a second factor"

    def __init__(self) -> None:
        super().__init__("The account has a second factor already.", remedy="Remove it first.")


class NoFactor(Conflict):
    """The account has no second factor, or none that waits to be confirmed."""

    code = "identity.no_second_factor"
    title = "There is no second factor"

    def __init__(self) -> None:
        super().__init__("The account has no second factor for this.", remedy="Set one up first.")


@dataclass(frozen=True)
class Enrolment:
    """What a device needs to make codes."""

    secret: str
    uri: str

    @property
    def picture(self) -> list[str]:
        """The URI as a QR code: rows of modules, `1` for the dark ones, with the quiet zone around them."""
        rows = segno.make(self.uri, error="m").matrix_iter(border=4)
        return ["".join("1" if module else "0" for module in row) for row in rows]


class SecondFactors:
    """Rules for one account's second factor inside one unit of work."""

    def __init__(self, work: UnitOfWork, account: AccountRow) -> None:
        self._work = work
        self._session = work.session
        self._account = account

    async def confirmed_at(self) -> datetime | None:
        """Return since when signing in needs a code; None: it does not."""
        row = await self._session.get(SecondFactorRow, self._account.id)
        return row.confirmed_at if row is not None else None

    async def codes_left(self) -> int:
        """Return how many recovery codes are unused."""
        count = select(func.count()).select_from(RecoveryCodeRow)
        return await self._session.scalar(count.where(RecoveryCodeRow.account_id == self._account.id)) or 0

    async def begin(self) -> Enrolment:
        """Make a secret for a device. It counts when a code made with it has been shown to `confirm`.

        Raises:
            FactorExists: there is one that counts.
        """
        row = await self._session.get(SecondFactorRow, self._account.id, with_for_update=True)
        if row is not None and row.confirmed_at is not None:
            raise FactorExists
        secret = b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
        sealed = self._work.keyring.seal(SecretStr(secret))
        if row is None:
            now = self._work.clock.now()
            row = SecondFactorRow(account_id=self._account.id, sealed_secret=sealed, last_step=0, created_at=now)
            await self._work.save(row, lambda _: FactorExists())
        else:
            row.sealed_secret = sealed
        return Enrolment(secret, TOTP(secret).provisioning_uri(name=self._account.email, issuer_name=ISSUER))

    async def confirm(self, code: str) -> Sequence[str]:
        """Let the factor count, as its device makes right codes; returns the recovery codes.

        Raises:
            NoFactor: none waits.
            InvalidInput: the code is not right.
        """
        row = await self._session.get(SecondFactorRow, self._account.id, with_for_update=True)
        if row is None or row.confirmed_at is not None:
            raise NoFactor
        if not await self._accept_step(row, code):
            raise _not_right()
        row.confirmed_at = self._work.clock.now()
        self._work.emit("account.second_factor_set", reference(self._account))
        return await self._new_codes()

    async def renew_codes(self, code: str) -> Sequence[str]:
        """Make new recovery codes; the old ones are void.

        Raises:
            NoFactor: there is none.
            InvalidInput: the code is not right.
        """
        if await self.confirmed_at() is None:
            raise NoFactor
        if not await self.accept(code):
            raise _not_right()
        self._work.emit("account.recovery_codes_renewed", reference(self._account))
        return await self._new_codes()

    async def accept(self, code: str) -> bool:
        """Tell whether a code of the device, or a recovery code, is right; it is used up by that."""
        row = await self._session.get(SecondFactorRow, self._account.id)
        if row is None or row.confirmed_at is None:
            return False
        return await self._accept_step(row, code) or await self._accept_recovery(code)

    async def remove(self, code: str | None) -> None:
        """Remove the factor; `None` as the code is for administrators, whose word it is that its holder lost it.

        Raises:
            NoFactor: there is none.
            InvalidInput: the code is not right.
        """
        row = await self._session.get(SecondFactorRow, self._account.id, with_for_update=True)
        if row is None or (code is not None and row.confirmed_at is None):
            raise NoFactor
        if code is not None and not await self.accept(code):
            raise _not_right()
        await self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == self._account.id))
        await self._session.delete(row)
        if code is not None:
            self._work.emit("account.second_factor_removed", reference(self._account))
        else:
            self._work.emit("account.second_factor_reset", reference(self._account))

    async def _accept_step(self, row: SecondFactorRow, code: str) -> bool:
        """Accept a time-step's code once: one conditional statement moves the last accepted step on."""
        generator = TOTP(self._work.keyring.open(SealedSecret(row.sealed_secret)).get_secret_value())
        digits = "".join(code.split())
        current = int(self._work.clock.now().timestamp()) // STEP_S
        for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
            if secrets.compare_digest(generator.generate_otp(step).encode(), digits.encode()):
                moved = (
                    update(SecondFactorRow)
                    .where(SecondFactorRow.account_id == row.account_id, SecondFactorRow.last_step < step)
                    .values(last_step=step)
                    .execution_options(synchronize_session=False)
                )
                return int(getattr(await self._session.execute(moved), "rowcount", 0)) == 1
        return False

    async def _accept_recovery(self, code: str) -> bool:
        used = delete(RecoveryCodeRow).where(
            RecoveryCodeRow.account_id == self._account.id, RecoveryCodeRow.code_hash == _hash(code)
        )
        if int(getattr(await self._session.execute(used), "rowcount", 0)) != 1:
            return False
        self._work.emit("account.recovery_code_used", reference(self._account))
        return True

    async def _new_codes(self) -> Sequence[str]:
        await self._session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == self._account.id))
        codes = ["-".join(_part() for _ in range(3)) for _ in range(RECOVERY_CODES)]
        self._work.add(
            *(
                RecoveryCodeRow(id=self._work.ids.new(), account_id=self._account.id, code_hash=_hash(code))
                for code in codes
            )
        )
        return codes


def _part() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def _hash(code: str) -> str:
    return hash_secret("".join(code.lower().split()).replace("-", ""))


def _not_right() -> InvalidInput:
    wrong = CodeWrong()
    return InvalidInput(wrong.detail, remedy=wrong.remedy, target="code")
