"""Tables of federation."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column


class IdentityProviderRow(Table):
    """An OpenID provider whose word is taken for who somebody is."""

    __tablename__ = "identity_providers"
    __audited__ = Audited(
        "identity_provider",
        (
            "name",
            "issuer",
            "client_id",
            "scopes",
            "email_claim",
            "verified_claim",
            "name_claim",
            "trusts_addresses",
            "new_people",
            "email_domains",
            "asks_second_factor",
            "enabled",
        ),
        secret=("sealed_client_secret",),
    )

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What the button says."""
    issuer: Mapped[str] = mapped_column(unique=True)
    """Never changes: with the subject it is who somebody is."""
    client_id: Mapped[str]
    sealed_client_secret: Mapped[bytes | None] = mapped_column(default=None)
    """None: this site is a public client there."""
    scopes: Mapped[list[str]]
    email_claim: Mapped[str]
    verified_claim: Mapped[str]
    name_claim: Mapped[str]
    trusts_addresses: Mapped[bool] = mapped_column(default=False)
    """Whether an address of which the provider does not say if it is verified counts as verified."""
    new_people: Mapped[str]
    email_domains: Mapped[list[str]]
    """Where addresses of new people must be; empty: anywhere."""
    asks_second_factor: Mapped[bool] = mapped_column(default=False)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class LinkedIdentityRow(Table):
    """Somebody at an identity provider who is an account here."""

    __tablename__ = "linked_identities"
    __audited__ = Audited("linked_identity", ("provider_id", "issuer", "subject"), name="email", account="account_id")

    id: Mapped[str] = id_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("identity_providers.id"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None] = mapped_column(default=None)
    """What the provider called them last; for people to recognise it, and for nothing else."""
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)

    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class FederatedSignInRow(Table):
    """A sign-in on its way through an identity provider and back. It belongs to one browser, and is good once."""

    __tablename__ = "federated_sign_ins"

    id: Mapped[str] = id_column(primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("identity_providers.id", ondelete="CASCADE"), index=True)
    face: Mapped[str]
    account_id: Mapped[str | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True, default=None
    )
    """Whoever is signed in and wants the identity linked; None: somebody who wants to sign in."""
    state_hash: Mapped[str] = mapped_column(unique=True)
    browser_hash: Mapped[str]
    """Of the secret that only the browser has which began."""
    nonce: Mapped[str]
    sealed_verifier: Mapped[bytes]
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it came back; it comes back once."""
    proved_id: Mapped[str | None] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), index=True, default=None
    )
    """Whose second factor is still to be shown."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
