"""The first administrator: made at start when the site has none."""

import secrets
from pathlib import Path

import structlog
from pydantic import SecretStr

from zaffre.foundation.actor import system_actor
from zaffre.foundation.settings import IdentitySettings
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.accounts import Accounts, NewAccount
from zaffre.identity.passwords import Passwords
from zaffre.identity.permissions import Role

log = structlog.get_logger(__name__)

PASSWORD_FILE = "initial-admin-password"  # noqa: S105 - a file's name


async def ensure_administrator(
    units: UnitsOfWork, passwords: Passwords, settings: IdentitySettings, state_directory: Path
) -> None:
    """Create the first site administrator if there is none.

    Without a configured password one is generated and left in a file that only the server's user can read.
    """
    async with units.read(system_actor("start-up")) as work:
        if await Accounts(work).administrators():
            return
    password = settings.bootstrap_admin_password or _generate(state_directory / PASSWORD_FILE)
    password_hash = await passwords.hash(password)
    email = settings.bootstrap_admin_email
    draft = NewAccount(email, "Administrator", password_hash, Role.SITE_ADMINISTRATOR, verified=True)
    async with units.write(system_actor("start-up")) as work:
        if not await Accounts(work).administrators():
            await Accounts(work).create(draft)
            log.info("first administrator created", email=draft.email)


def _generate(file: Path) -> SecretStr:
    """Return the password in the file, making one when there is none (an earlier start may have died half-way)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600, exist_ok=True)
    password = file.read_text().strip()
    if not password:
        password = secrets.token_urlsafe(18)
        file.write_text(password + "\n")
    return SecretStr(password)
