"""Tables of compute."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column, search_key
from zaffre.foundation.tags import Tagged


def _only_data_disks() -> dict[str, Any]:
    """Return the condition under which disks' names are unique: root disks are named after machines, which change."""
    data = text("kind = 'data'")
    return {"sqlite_where": data, "postgresql_where": data}


class SizeRow(Table):
    """A combination of processors and memory that tenants choose from."""

    __tablename__ = "sizes"
    __audited__ = Audited("size", ("name", "vcpus", "memory_mib"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    vcpus: Mapped[int]
    memory_mib: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)


class SshKeyRow(Tagged, Table):
    """A public key that new virtual machines let in."""

    __tablename__ = "ssh_keys"
    __audited__ = Audited("ssh_key", ("name", "fingerprint", "tags"), subscription="subscription_id")

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    name: Mapped[str]
    public_key: Mapped[str]
    fingerprint: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("subscription_id", "name"),)


class AvailabilitySetRow(Tagged, Table):
    """Virtual machines that shall not go down together, and so are kept on different hosts."""

    __tablename__ = "availability_sets"
    __audited__ = Audited("availability_set", ("name", "policy", "tags"), subscription="subscription_id")

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    name: Mapped[str]
    policy: Mapped[str]
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("subscription_id", "name"), Index(None, "subscription_id", "created_at"))
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class VirtualMachineRow(Tagged, Table):
    """A virtual machine: what its tenant wants, and what was last seen of it."""

    __tablename__ = "virtual_machines"
    __audited__ = Audited(
        "virtual_machine",
        (
            "name",
            "hostname",
            "size",
            "vcpus",
            "memory_mib",
            "image_id",
            "availability_set_id",
            "iso_image_id",
            "ssh_public_keys",
            "desired",
            "tags",
        ),
        secret=("sealed_user_data",),
        internal=("stamp_id", "host_id"),
        subscription="subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    """Also the guest's id on its host."""
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    name: Mapped[str]
    name_key: Mapped[str] = search_key("name")
    hostname: Mapped[str]
    size: Mapped[str]
    vcpus: Mapped[int]
    memory_mib: Mapped[int]
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    stamp_id: Mapped[str] = mapped_column(ForeignKey("stamps.id"))
    host_id: Mapped[str | None] = mapped_column(ForeignKey("hosts.id"), default=None, index=True)
    availability_set_id: Mapped[str | None] = mapped_column(
        ForeignKey("availability_sets.id"), default=None, index=True
    )
    iso_image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id"), default=None)
    """The image in its removable drive."""
    ssh_public_keys: Mapped[list[str]]
    sealed_user_data: Mapped[bytes | None] = mapped_column(default=None)
    desired: Mapped[str]
    """The power state its tenant wants."""
    observed: Mapped[str]
    """The power state its host reported last."""
    stop_reason: Mapped[str | None] = mapped_column(default=None)
    ready: Mapped[bool] = mapped_column(default=False)
    """Whether the guest said that it is up."""
    transition: Mapped[str | None] = mapped_column(default=None)
    """What an operation is doing with it."""
    operation_id: Mapped[str | None] = id_column()
    """That operation."""
    restart_required: Mapped[bool] = mapped_column(default=False)
    """The guest was started with another size than it has now."""
    state: Mapped[str]
    """Derived from the above and kept, so that lists can filter by it."""
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    suspension: Mapped[str | None] = mapped_column(default=None)
    """What suspending its subscription has to do with it, or has done; see `suspensions`."""
    suspension_operation_id: Mapped[str | None] = id_column()
    """The operation that turned it off or on for that."""
    checkpoint_id: Mapped[str | None] = id_column()
    """The checkpoint that its present state descends from directly."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("subscription_id", "name"),
        Index(None, "subscription_id", "state"),
        Index(None, "subscription_id", "created_at"),
        Index(None, "name", "id"),
        Index(None, "name_key", "id"),
        Index(None, "state"),
    )
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SuspensionRow(Table):
    """A suspended subscription whose machines have been looked through for what is to be turned off."""

    __tablename__ = "compute_suspensions"

    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)
    policy: Mapped[str]
    """The plan's policy when it began."""
    ending: Mapped[bool] = mapped_column(default=False)
    """The subscription was resumed: its machines are coming back."""


class DiskRow(Tagged, Table):
    """A disk: the root disk of a virtual machine, or a data disk that can go from one to another."""

    __tablename__ = "disks"
    __audited__ = Audited(
        "disk",
        ("name", "kind", "size_gib", "virtual_machine_id", "tags"),
        internal=("stamp_id", "host_id"),
        subscription="subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    stamp_id: Mapped[str] = mapped_column(ForeignKey("stamps.id"))
    name: Mapped[str]
    kind: Mapped[str]
    size_gib: Mapped[int] = mapped_column(BigInteger)
    virtual_machine_id: Mapped[str | None] = mapped_column(ForeignKey("virtual_machines.id"), default=None)
    position: Mapped[int | None] = mapped_column(default=None)
    """Where it is plugged in; 0 is the root disk."""
    volume: Mapped[str | None] = mapped_column(default=None)
    """Its name in a host's storage pool; None until a data disk is attached for the first time."""
    host_id: Mapped[str | None] = mapped_column(ForeignKey("hosts.id"), default=None, index=True)
    """The host that has the volume of a disk which belongs to no machine. An attached disk is where its machine is."""
    transition: Mapped[str | None] = mapped_column(default=None)
    """What an operation is doing with it."""
    operation_id: Mapped[str | None] = id_column()
    """That operation."""
    state: Mapped[str]
    """Derived from the above and kept, so that lists can filter by it."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("virtual_machine_id", "position"),
        Index("uq_disks_data_name", "subscription_id", "name", unique=True, **_only_data_disks()),
        Index(None, "subscription_id", "created_at"),
        Index(None, "subscription_id", "state"),
    )
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class CheckpointRow(Table):
    """A state of a virtual machine that it can be brought back to."""

    __tablename__ = "checkpoints"
    __audited__ = Audited("checkpoint", ("name", "description", "virtual_machine_id", "with_memory"))

    id: Mapped[str] = id_column(primary_key=True)
    """Also its name on the host."""
    virtual_machine_id: Mapped[str] = mapped_column(ForeignKey("virtual_machines.id"))
    name: Mapped[str]
    description: Mapped[str]
    parent_id: Mapped[str | None] = id_column()
    """The checkpoint that the machine descended from when this one was taken."""
    with_memory: Mapped[bool]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """What its memory takes up; None until it is taken."""
    state: Mapped[str]
    operation_id: Mapped[str | None] = id_column()
    """The operation that works on it."""
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("virtual_machine_id", "name"),)
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ConsoleTokenRow(Table):
    """A right to open one console once, soon."""

    __tablename__ = "console_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the token; it has 256 random bits, so a slow hash would add nothing."""
    virtual_machine_id: Mapped[str] = mapped_column(ForeignKey("virtual_machines.id", ondelete="CASCADE"), index=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    kind: Mapped[str]
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), default=None)
    """The holder's sign-in session; None when they came with an API token or a certificate."""
    api_token_id: Mapped[str | None] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), default=None)
    client_certificate_id: Mapped[str | None] = mapped_column(
        ForeignKey("client_certificates.id", ondelete="CASCADE"), default=None
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class TrafficReadingRow(Table):
    """A guest's network counters on a host when they were last recorded as usage."""

    __tablename__ = "traffic_readings"

    virtual_machine_id: Mapped[str] = id_column(primary_key=True)
    host_id: Mapped[str] = id_column(primary_key=True)
    received: Mapped[int] = mapped_column(BigInteger)
    sent: Mapped[int] = mapped_column(BigInteger)
    processor_ns: Mapped[int] = mapped_column(BigInteger)
    """Tells a guest that was started anew from one that ran on."""
    counted_to: Mapped[datetime] = mapped_column(index=True)


class UnmanagedGuestRow(Table):
    """A guest on a host that belongs to no virtual machine we know."""

    __tablename__ = "unmanaged_guests"

    host_id: Mapped[str] = mapped_column(ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True)
    guest_id: Mapped[str] = id_column(primary_key=True)
    title: Mapped[str]
    power_state: Mapped[str]
    made_by_zaffre: Mapped[bool]
    """It carries our labels: the remains of something deleted, or another site's."""
    first_seen_at: Mapped[datetime] = mapped_column(index=True)
    last_seen_at: Mapped[datetime]
