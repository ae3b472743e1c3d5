"""Tables of identity."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column, search_key


class AccountRow(Table):
    """A person or program that can sign in."""

    __tablename__ = "accounts"
    __audited__ = Audited(
        "account",
        ("email", "name", "role", "state", "verified_at"),
        secret=("password_hash",),
        name="email",
        account="id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    """Lower case; what one signs in with."""
    email_key: Mapped[str] = search_key("email")
    name: Mapped[str]
    role: Mapped[str] = mapped_column(index=True)
    """A role that is built in, or the id of one that the site has made."""
    state: Mapped[str]
    password_hash: Mapped[str | None] = mapped_column(default=None)
    """argon2id with its parameters and salt; None: nobody can sign in with a password."""
    verified_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it was proved that mail to the address reaches whoever holds the account; None: it was not."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index(None, "email_key", "id"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SessionRow(Table):
    """A sign-in that can be prolonged with its refresh token until it expires or is revoked."""

    __tablename__ = "sessions"

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("sessions.id", ondelete="CASCADE"), index=True, default=None
    )
    """The session in which an administrator began this one to act for somebody; they end together."""
    acting_for_id: Mapped[str | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True, default=None
    )
    provider_id: Mapped[str | None] = mapped_column(
        ForeignKey("identity_providers.id", ondelete="CASCADE"), index=True, default=None
    )
    """The identity provider that said who it is; None: a password did."""
    refresh_hash: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the refresh token; it has 256 random bits, so a slow hash would add nothing."""
    spent_refresh_hash: Mapped[str | None] = mapped_column(unique=True, default=None)
    """The token before the present one: seeing it again means that it was stolen, or its answer lost."""
    client: Mapped[str]
    """What signed in, for the list of sessions: user agent and address."""
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiTokenRow(Table):
    """A long-lived token for a program. Deleting the row revokes it at once."""

    __tablename__ = "api_tokens"
    __audited__ = Audited(
        "api_token", ("name", "expires_at", "scopes", "subscription_ids"), secret=("token_hash",), account="account_id"
    )

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_hash: Mapped[str]
    """SHA-256 of the secret part."""
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    scopes: Mapped[list[str] | None] = mapped_column(default=None)
    """The permissions it is for; None: whatever its owner may do."""
    subscription_ids: Mapped[list[str] | None] = mapped_column(default=None)
    """The subscriptions it is for; None: all that its owner reaches."""
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    """To the minute: it is written at most once in one."""
    last_used_from: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


class ClientCertificateRow(Table):
    """An X.509 certificate whose holder may sign in to the public face. Deleting the row ends that at once."""

    __tablename__ = "client_certificates"
    __audited__ = Audited(
        "client_certificate",
        ("name", "fingerprint", "subject", "expires_at", "scopes", "subscription_ids"),
        account="account_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the certificate, in hexadecimal digits. Whoever calls brings the certificate itself."""
    subject: Mapped[str]
    issuer: Mapped[str]
    key: Mapped[str]
    """The kind of its key, for people."""
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    expires_at: Mapped[datetime]
    """When it stops letting anybody in: never later than `not_after`."""
    scopes: Mapped[list[str] | None] = mapped_column(default=None)
    """The permissions it is for; None: whatever its owner may do."""
    subscription_ids: Mapped[list[str] | None] = mapped_column(default=None)
    """The subscriptions it is for; None: all that its owner reaches."""
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
    """To the minute: it is written at most once in one."""
    last_used_from: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]


class SiteRoleRow(Table):
    """A set of permissions that the site has put together; accounts name it by its id."""

    __tablename__ = "site_roles"
    __audited__ = Audited("site_role", ("name", "description", "permissions"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    permissions: Mapped[list[str]]
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class AccountLinkRow(Table):
    """A key that was sent to an address, good once and for a while."""

    __tablename__ = "account_links"

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    """Where it was sent; when verified, the account's address from then on."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AttemptRow(Table):
    """How many attempts there were lately against something."""

    __tablename__ = "attempts"

    key_hash: Mapped[str] = mapped_column(primary_key=True)
    """Hashed, because it names addresses that were typed, with or without an account."""
    until_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    """When the attempts so far are worked off, in milliseconds since 1970."""


class SecondFactorRow(Table):
    """The secret that an account's device makes codes with."""

    __tablename__ = "second_factors"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    """None: no code has been shown yet, and none is asked for."""
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The newest time-step whose code was accepted; only later ones are."""
    created_at: Mapped[datetime]


class RecoveryCodeRow(Table):
    """A code for when the device is lost. Using it deletes the row."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str]
