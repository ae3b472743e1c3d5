"""What can be found. A new noun gets an entry; those of tenants come first, because most searches are for them."""

import re
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from zaffre.compute.tables import SshKeyRow, VirtualMachineRow
from zaffre.edge.search import Source
from zaffre.fabric.images import ImageState
from zaffre.fabric.tables import CloudRow, HostRow, ImageRow, StampRow
from zaffre.foundation.operations.tables import OperationRow
from zaffre.identity import Permission
from zaffre.identity.tables import AccountRow
from zaffre.management.plans import PlanState
from zaffre.management.tables import PlanRow, SubscriptionRow
from zaffre.network.tables import LogicalNetworkRow, PortRow, SubnetRow, VmNetworkRow


def _of_network(column: Any) -> ColumnElement[Any]:
    return select(column).where(VmNetworkRow.id == SubnetRow.vm_network_id).scalar_subquery()


def _of_owner(column: Any) -> ColumnElement[Any]:
    return select(column).where(VirtualMachineRow.id == PortRow.owner_id).scalar_subquery()


_FIRST_ADDRESS = (
    select(PortRow.address)
    .where(PortRow.owner_id == VirtualMachineRow.id)
    .order_by(PortRow.position)
    .limit(1)
    .scalar_subquery()
)

MACHINES = Source(
    "virtual_machine",
    Permission.MACHINE_READ,
    VirtualMachineRow.id,
    VirtualMachineRow.name,
    facts=(VirtualMachineRow.state, _FIRST_ADDRESS),
    key=VirtualMachineRow.name_key,
    contained=(VirtualMachineRow.tag_text,),
    subscription=VirtualMachineRow.subscription_id,
)
ADDRESSES = Source(
    "virtual_machine",
    Permission.MACHINE_READ,
    PortRow.owner_id,
    _of_owner(VirtualMachineRow.name),
    facts=(_of_owner(VirtualMachineRow.state), PortRow.address),
    key=PortRow.address_key,
    contained=(PortRow.mac,),
    subscription=PortRow.subscription_id,
    looks_like=re.compile(r"^[0-9a-f.:]*[.:][0-9a-f.:]*$"),
)
"""Virtual machines by the addresses of their ports."""

SOURCES = (
    MACHINES,
    ADDRESSES,
    Source(
        "vm_network",
        Permission.NETWORK_READ,
        VmNetworkRow.id,
        VmNetworkRow.name,
        facts=(VmNetworkRow.state,),
        key=VmNetworkRow.name_key,
        subscription=VmNetworkRow.subscription_id,
    ),
    Source(
        "subnet",
        Permission.NETWORK_READ,
        SubnetRow.id,
        SubnetRow.name,
        facts=(SubnetRow.cidr, _of_network(VmNetworkRow.name)),
        contained=(SubnetRow.cidr,),
        subscription=_of_network(VmNetworkRow.subscription_id),
    ),
    Source(
        "subscription",
        Permission.SUBSCRIPTION_READ,
        SubscriptionRow.id,
        SubscriptionRow.name,
        facts=(SubscriptionRow.state,),
        key=SubscriptionRow.name_key,
        subscription=SubscriptionRow.id,
    ),
    Source(
        "ssh_key",
        Permission.MACHINE_READ,
        SshKeyRow.id,
        SshKeyRow.name,
        facts=(SshKeyRow.fingerprint,),
        contained=(SshKeyRow.fingerprint,),
        subscription=SshKeyRow.subscription_id,
    ),
    Source(
        "image",
        Permission.MACHINE_READ,
        ImageRow.id,
        ImageRow.name,
        facts=(ImageRow.kind, ImageRow.state),
        contained=(ImageRow.description,),
        subscription=ImageRow.owner_subscription_id,
        shared=and_(ImageRow.owner_subscription_id.is_(None), ImageRow.state == ImageState.AVAILABLE),
    ),
    Source(
        "plan",
        Permission.PLAN_READ,
        PlanRow.id,
        PlanRow.name,
        facts=(PlanRow.state,),
        contained=(PlanRow.description,),
        for_tenants=(PlanRow.state == PlanState.PUBLIC,),
        whole=Permission.PLAN_READ_ALL,
    ),
    Source(
        "operation",
        Permission.OPERATION_READ,
        OperationRow.id,
        OperationRow.kind,
        facts=(OperationRow.state, OperationRow.resource_name),
        subscription=OperationRow.subscription_id,
        by_id_only=True,
    ),
    Source(
        "account",
        Permission.ACCOUNT_READ,
        AccountRow.id,
        AccountRow.email,
        facts=(AccountRow.name, AccountRow.state),
        key=AccountRow.email_key,
        contained=(AccountRow.name,),
        administrators_only=True,
    ),
    Source(
        "host",
        Permission.FABRIC_READ,
        HostRow.id,
        HostRow.name,
        facts=(HostRow.state, HostRow.hostname),
        contained=(HostRow.hostname, HostRow.uri, HostRow.provider_address),
        administrators_only=True,
    ),
    Source("stamp", Permission.FABRIC_READ, StampRow.id, StampRow.name, administrators_only=True),
    Source(
        "cloud",
        Permission.FABRIC_READ,
        CloudRow.id,
        CloudRow.name,
        facts=(CloudRow.description,),
        administrators_only=True,
    ),
    Source(
        "logical_network",
        Permission.FABRIC_READ,
        LogicalNetworkRow.id,
        LogicalNetworkRow.name,
        facts=(LogicalNetworkRow.driver, LogicalNetworkRow.address),
        contained=(LogicalNetworkRow.address,),
        administrators_only=True,
    ),
)
