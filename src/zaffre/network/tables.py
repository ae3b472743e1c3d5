"""Tables of the network."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from zaffre.foundation.audit.declaration import Audited
from zaffre.foundation.database import Table, id_column, search_key
from zaffre.foundation.tags import Tagged


class LogicalNetworkRow(Table):
    """The provider's network of a stamp: its network plane, and the pools that tenants' networks draw from."""

    __tablename__ = "logical_networks"
    __audited__ = Audited(
        "logical_network", ("stamp_id", "name", "driver", "address", "underlay_mtu", "first_mac", "last_mac")
    )

    id: Mapped[str] = id_column(primary_key=True)
    stamp_id: Mapped[str] = mapped_column(ForeignKey("stamps.id"), unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    driver: Mapped[str]
    address: Mapped[str]
    """Where the plane's databases are, as its driver writes it."""
    underlay_mtu: Mapped[int]
    first_mac: Mapped[int] = mapped_column(BigInteger)
    last_mac: Mapped[int] = mapped_column(BigInteger)
    """Where the search for a free MAC starts; goes round, so that an address given back rests as long as possible."""
    next_vsid: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)
    generation: Mapped[int] = mapped_column(default=1)


class VmNetworkRow(Tagged, Table):
    """A tenant's isolated network (routing domain)."""

    __tablename__ = "vm_networks"
    __audited__ = Audited(
        "vm_network", ("name", "tags"), internal=("logical_network_id",), subscription="subscription_id"
    )

    id: Mapped[str] = id_column(primary_key=True)
    """Also the RDID on the plane."""
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    logical_network_id: Mapped[str] = mapped_column(ForeignKey("logical_networks.id"), index=True)
    name: Mapped[str]
    name_key: Mapped[str] = search_key("name")
    state: Mapped[str]
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        UniqueConstraint("subscription_id", "name"),
        Index(None, "subscription_id", "created_at"),
        Index(None, "name_key", "id"),
    )
    __mapper_args__ = {"version_id_col": generation}  # noqa: RUF012 - SQLAlchemy's documented declaration


class SubnetRow(Table):
    """A virtual subnet of a VM network."""

    __tablename__ = "subnets"
    __audited__ = Audited("subnet", ("vm_network_id", "name", "cidr", "gateway", "dns_servers"), internal=("vsid",))

    id: Mapped[str] = id_column(primary_key=True)
    vm_network_id: Mapped[str] = mapped_column(ForeignKey("vm_networks.id"))
    logical_network_id: Mapped[str] = mapped_column(ForeignKey("logical_networks.id"))
    name: Mapped[str]
    state: Mapped[str]
    vsid: Mapped[int]
    cidr: Mapped[str]
    gateway: Mapped[str]
    gateway_mac: Mapped[str]
    mtu: Mapped[int]
    dns_servers: Mapped[list[str]]
    next_host: Mapped[int] = mapped_column(BigInteger)
    """Host number at which the search for a free address starts; goes round."""
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("vm_network_id", "name"), UniqueConstraint("logical_network_id", "vsid"))


class PortRow(Table):
    """A guest's attachment to a subnet."""

    __tablename__ = "ports"
    __audited__ = Audited(
        "port", ("subnet_id", "owner_id", "position", "mac", "address"), name=None, subscription="subscription_id"
    )

    id: Mapped[str] = id_column(primary_key=True)
    subnet_id: Mapped[str] = mapped_column(ForeignKey("subnets.id"))
    vm_network_id: Mapped[str] = mapped_column(ForeignKey("vm_networks.id"), index=True)
    logical_network_id: Mapped[str] = mapped_column(ForeignKey("logical_networks.id"))
    subscription_id: Mapped[str] = id_column()
    owner_id: Mapped[str] = id_column()
    """The virtual machine."""
    position: Mapped[int]
    """Order among its owner's ports, from 0."""
    mac: Mapped[str]
    address: Mapped[str]
    address_key: Mapped[str] = search_key("address")
    wanted: Mapped[bool] = mapped_column(default=False)
    """Whether the plane shall have it: set when its owner is being built, cleared when it goes."""
    requested_chassis: Mapped[list[str]] = mapped_column(default=list)
    """The only hosts that may bind it, by name: while its owner moves from the first to the second. Empty: any."""
    up: Mapped[bool] = mapped_column(default=False)
    """Whether a host passes its traffic; observed."""
    chassis: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("subnet_id", "address"),
        UniqueConstraint("logical_network_id", "mac"),
        Index(None, "owner_id", "position"),
        Index(None, "address_key", "owner_id"),
        Index(None, "logical_network_id", "id"),
    )
