"""Tables of the fabric."""

from datetime import datetime

from sqlalchemy import BigInteger, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column
from zaffre.foundation.tags import Tagged


class StampRow(Table):
    """A management scale unit: hosts, their storage and one network plane."""

    __tablename__ = "stamps"
    __audited__ = Audited("stamp", ("name", "vcpu_ratio", "storage_ratio", "memory_reserve_mib"))

    id: Mapped[str] = id_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    vcpu_ratio: Mapped[float]
    """Virtual processors handed out per processor of a host."""
    storage_ratio: Mapped[float]
    """Disk handed out per disk of a host; above 1 because disks are thin."""
    memory_reserve_mib: Mapped[int]
    """Memory of each host that guests do not get."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class HostRow(Table):
    """A machine that runs guests."""

    __tablename__ = "hosts"
    __audited__ = Audited(
        "host",
        (
            "stamp_id",
            "name",
            "driver",
            "uri",
            "pool_path",
            "integration_bridge",
            "provider_address",
            "migration_uri",
            "state",
        ),
    )

    id: Mapped[str] = id_column(primary_key=True)
    stamp_id: Mapped[str] = mapped_column(ForeignKey("stamps.id"))
    name: Mapped[str] = mapped_column(unique=True)
    driver: Mapped[str]
    uri: Mapped[str] = mapped_column(unique=True)
    pool_path: Mapped[str]
    integration_bridge: Mapped[str]
    provider_address: Mapped[str | None]
    migration_uri: Mapped[str | None] = mapped_column(default=None)
    """How the other hosts of the stamp reach its hypervisor; None: they cannot, so it takes over no running guest."""
    state: Mapped[str]
    """What the operator wants of it."""
    connected: Mapped[bool] = mapped_column(default=False)
    """Whether it answered last; observed."""
    problem: Mapped[str | None] = mapped_column(default=None)
    """Why it does not answer."""
    observed_at: Mapped[datetime | None] = mapped_column(default=None)
    accelerator: Mapped[str | None] = mapped_column(default=None)
    engine_uuid: Mapped[str | None] = mapped_column(unique=True, default=None)
    engine_version: Mapped[str | None] = mapped_column(default=None)
    hostname: Mapped[str | None] = mapped_column(default=None)
    vcpus: Mapped[int] = mapped_column(default=0)
    memory_mib: Mapped[int] = mapped_column(BigInteger, default=0)
    storage_gib: Mapped[int] = mapped_column(BigInteger, default=0)
    storage_free_gib: Mapped[int] = mapped_column(BigInteger, default=0)
    vcpus_capacity: Mapped[int] = mapped_column(default=0)
    memory_capacity_mib: Mapped[int] = mapped_column(BigInteger, default=0)
    storage_capacity_gib: Mapped[int] = mapped_column(BigInteger, default=0)
    vcpus_reserved: Mapped[int] = mapped_column(default=0)
    memory_reserved_mib: Mapped[int] = mapped_column(BigInteger, default=0)
    storage_reserved_gib: Mapped[int] = mapped_column(BigInteger, default=0)
    memory_share: Mapped[float | None] = mapped_column(
        Computed("CAST(memory_reserved_mib AS DOUBLE PRECISION) / NULLIF(memory_capacity_mib, 0)", persisted=True)
    )
    """How much of its memory is reserved; kept by the database, so that an index can be in its order."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)
    """Counts changes by operators; observations and reservations do not count."""

    __table_args__ = (Index(None, "stamp_id", "memory_share", "id"),)


class ReservationRow(Table):
    """Room that a guest holds on a host. The hosts' `*_reserved` columns are the sums of these."""

    __tablename__ = "reservations"

    resource_id: Mapped[str] = id_column(primary_key=True)
    host_id: Mapped[str] = mapped_column(ForeignKey("hosts.id"), index=True)
    subscription_id: Mapped[str] = id_column()
    vcpus: Mapped[int]
    memory_mib: Mapped[int]
    storage_gib: Mapped[int]
    group_id: Mapped[str | None] = id_column()
    """Guests of one group are kept on different hosts as far as possible."""
    exclusive_group_id: Mapped[str | None] = id_column()
    """The same group when its guests must never share a host: the constraint below is what forbids it."""
    created_at: Mapped[datetime]

    __table_args__ = (
        Index(None, "subscription_id", "host_id"),
        Index(None, "group_id", "host_id"),
        UniqueConstraint("exclusive_group_id", "host_id"),
    )


class CloudRow(Table):
    """The slice of a stamp that plans offer."""

    __tablename__ = "clouds"
    __audited__ = Audited("cloud", ("stamp_id", "name", "description"))

    id: Mapped[str] = id_column(primary_key=True)
    stamp_id: Mapped[str] = mapped_column(ForeignKey("stamps.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ImageRow(Tagged, Table):
    """An image of the library: the site's, which every tenant may use, or one that a subscription owns."""

    __tablename__ = "images"
    __audited__ = Audited(
        "image",
        (
            "owner_subscription_id",
            "name",
            "kind",
            "description",
            "default_user",
            "minimum_memory_mib",
            "minimum_disk_gib",
            "state",
            "sha256",
            "tags",
        ),
        subscription="owner_subscription_id",
    )

    id: Mapped[str] = id_column(primary_key=True)
    owner_subscription_id: Mapped[str | None] = mapped_column(ForeignKey("subscriptions.id"), default=None)
    name: Mapped[str]
    kind: Mapped[str]
    """A disk to start from, or an ISO to put into a drive."""
    description: Mapped[str]
    default_user: Mapped[str]
    minimum_memory_mib: Mapped[int]
    minimum_disk_gib: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    format: Mapped[str]
    sha256: Mapped[str | None] = mapped_column(default=None)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    virtual_size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    announced_size_bytes: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """How much content is to come."""
    announced_sha256: Mapped[str | None] = mapped_column(default=None)
    """What the content must turn out to be."""
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("owner_subscription_id", "name"),
        Index(
            "uq_images_site_name",
            "name",
            unique=True,
            sqlite_where=text("owner_subscription_id IS NULL"),
            postgresql_where=text("owner_subscription_id IS NULL"),
        ),
    )
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class ImageUseRow(Table):
    """Somebody's disk is an overlay of this image, so it must stay."""

    __tablename__ = "image_uses"

    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"), primary_key=True)
    user_id: Mapped[str] = id_column(primary_key=True)

    __table_args__ = (Index(None, "user_id"),)


class ImageCopyRow(Table):
    """A host has the whole content of this image. Written only after the last byte has arrived."""

    __tablename__ = "image_copies"

    host_id: Mapped[str] = mapped_column(ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"), primary_key=True)
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "image_id"),)


class CleanupRow(Table):
    """Something that must go from a host that did not answer when it should have gone."""

    __tablename__ = "cleanups"

    id: Mapped[str] = id_column(primary_key=True)
    host_id: Mapped[str] = mapped_column(ForeignKey("hosts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """`guest` or `volume`."""
    name: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("host_id", "kind", "name"),)


class MeasurementRow(Table):
    """Samples of the hosts and guests of one drawer, packed; see `fabric.measurements`."""

    __tablename__ = "measurements"

    drawer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    began_at_s: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Unix time of the round, or at which the folded span begins."""
    writer: Mapped[str] = mapped_column(primary_key=True)
    """The worker that measured; empty for a folded row."""
    folded: Mapped[bool]
    content: Mapped[bytes]

    __table_args__ = (Index(None, "folded", "began_at_s"),)
