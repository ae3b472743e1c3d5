"""Accounts: one's own, and everybody's for administrators."""

from functools import cached_property

from pydantic import SecretStr

from zaffre.client.collection import Collection
from zaffre.client.connection import Connection, parsed
from zaffre.client.models import (
    AccountChangeBody,
    AccountState,
    AccountView,
    CodeBody,
    EnrolmentBody,
    EnrolmentView,
    LinkBody,
    NewAccountBody,
    NewEmailBody,
    OwnAccountView,
    PasswordBody,
    RecoveryCodesView,
    RenameBody,
    ResetBody,
    ResetRequestBody,
    SecondFactorView,
    SignUpBody,
)
from zaffre.client.resources.audit import AuditRecords
from zaffre.client.resources.identity_providers import LinkedIdentities


class OwnAccount:
    """The account of whoever is signed in."""

    def __init__(self, connection: Connection) -> None:
        """Use the account routes of a face."""
        self._connection = connection

    @cached_property
    def audit_records(self) -> AuditRecords:
        """What was done with it."""
        return AuditRecords(self._connection, "/accounts/me/audit-records")

    @cached_property
    def identities(self) -> LinkedIdentities:
        """The accounts elsewhere that one can sign in with."""
        return LinkedIdentities(self._connection)

    def sign_up(self, email: str, name: str, password: str) -> AccountView:
        """Make a tenant account for oneself. Signing in comes after.

        Raises:
            ZaffreError: the site takes no sign-ups, or the address has an account.
        """
        body = SignUpBody(email=email, name=name, password=SecretStr(password))
        return parsed(self._connection.ask("POST", "/accounts", body, signed=False), AccountView)

    def get(self) -> OwnAccountView:
        """Return one's own account, and what one may do.

        Raises:
            NotSignedIn: nobody is signed in.
        """
        return self._connection.get("/accounts/me", OwnAccountView)

    def rename(self, name: str, if_match: int | None = None) -> OwnAccountView:
        """Change one's own name."""
        response = self._connection.ask("PATCH", "/accounts/me", RenameBody(name=name), if_match=if_match)
        return parsed(response, OwnAccountView)

    def change_password(self, current_password: str, new_password: str) -> None:
        """Change one's password. Other sign-in sessions end.

        Raises:
            ZaffreError: the current password is not right, or the new one is too short.
        """
        body = PasswordBody(current_password=SecretStr(current_password), new_password=SecretStr(new_password))
        self._connection.ask("POST", "/accounts/me/password", body)

    def send_verification(self) -> None:
        """Have the link sent again that proves one's address."""
        self._connection.ask("POST", "/accounts/me/address-verification")

    def change_email(self, email: str, current_password: str) -> None:
        """Have a link sent to another address, which becomes one's own when the link is opened."""
        body = NewEmailBody(email=email, current_password=SecretStr(current_password))
        self._connection.ask("POST", "/accounts/me/email", body)

    def verify_address(self, token: str) -> None:
        """Prove an address with what a link carries behind `#`. Needs no sign-in.

        Raises:
            ZaffreError: the link is not good any more.
        """
        self._connection.ask("POST", "/address-verifications", LinkBody(token=SecretStr(token)))

    def forgot_password(self, email: str) -> None:
        """Have a link sent that sets a new password. Says nothing about whether there is such an account."""
        self._connection.ask("POST", "/password-resets", ResetRequestBody(email=email))

    def reset_password(self, token: str, new_password: str) -> None:
        """Set a new password with what a link carries behind `#`. Every sign-in session ends.

        Raises:
            ZaffreError: the link is not good any more, or the password is too short.
        """
        body = ResetBody(token=SecretStr(token), new_password=SecretStr(new_password))
        self._connection.ask("POST", "/password-resets/redeem", body)

    def second_factor(self) -> SecondFactorView:
        """Return one's own second factor."""
        return self._connection.get("/accounts/me/second-factor", SecondFactorView)

    def begin_second_factor(self, current_password: str | None) -> EnrolmentView:
        """Begin to set up a second factor; it counts when a code of its device is confirmed.

        An account that has no password, because its holder signs in elsewhere, needs none.
        """
        body = EnrolmentBody(current_password=SecretStr(current_password) if current_password is not None else None)
        return parsed(self._connection.ask("POST", "/accounts/me/second-factor", body), EnrolmentView)

    def confirm_second_factor(self, code: str) -> list[str]:
        """Confirm the device with a code; returns the recovery codes. Other sign-in sessions end."""
        response = self._connection.ask("POST", "/accounts/me/second-factor/confirm", CodeBody(code=code))
        return parsed(response, RecoveryCodesView).recovery_codes

    def renew_recovery_codes(self, code: str) -> list[str]:
        """Return new recovery codes; the old ones are void."""
        response = self._connection.ask("POST", "/accounts/me/second-factor/recovery-codes", CodeBody(code=code))
        return parsed(response, RecoveryCodesView).recovery_codes

    def remove_second_factor(self, code: str) -> None:
        """Remove one's second factor."""
        self._connection.ask("POST", "/accounts/me/second-factor/remove", CodeBody(code=code))


class Accounts(Collection[AccountView, AccountView]):
    """Everybody's accounts, for administrators. People are found by their e-mail address."""

    noun = "account"
    name_field = "email"

    def __init__(self, connection: Connection) -> None:
        """Use the accounts of the admin face."""
        super().__init__(connection, "/accounts", AccountView, AccountView)

    def create(self, body: NewAccountBody) -> AccountView:
        """Make an account for somebody."""
        return self._create(body)

    def change(self, account_id: str, body: AccountChangeBody, if_match: int | None = None) -> AccountView:
        """Rename an account, give it another role, suspend or reactivate it."""
        return self._change(account_id, body, AccountView, if_match)

    def suspend(self, account_id: str, if_match: int | None = None) -> AccountView:
        """Keep somebody from signing in. What they own runs on."""
        return self.change(account_id, AccountChangeBody(state=AccountState.SUSPENDED), if_match)

    def set_role(self, account_id: str, role: str, if_match: int | None = None) -> AccountView:
        """Give an account another role: the name of one that is built in, or the id of one of the site's own."""
        return self.change(account_id, AccountChangeBody(role=role), if_match)

    def send_password_reset(self, account_id: str) -> None:
        """Have somebody sent a link that sets a new password."""
        self._connection.ask("POST", f"{self._member(account_id)}/password-reset")

    def reset_second_factor(self, account_id: str) -> None:
        """Remove the second factor of somebody who lost it. Their sessions end."""
        self._connection.ask("DELETE", f"{self._member(account_id)}/second-factor")

    def activate(self, account_id: str, if_match: int | None = None) -> AccountView:
        """Let somebody sign in again."""
        return self.change(account_id, AccountChangeBody(state=AccountState.ACTIVE), if_match)
