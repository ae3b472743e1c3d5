"""Routes of compute: virtual machines, what they are made from, keys, and the operator's view of all of them."""

from zaffre.compute.api import (
    availability_sets,
    catalogue,
    checkpoints,
    consoles,
    disks,
    guest_facts,
    images,
    machine_ports,
    metrics,
    migrations,
    serial_logs,
    ssh_keys,
    unmanaged_guests,
    virtual_machines,
)
from zaffre.compute.api.services import PROVIDER_NAME

TENANT_ROUTERS = (
    virtual_machines.tenant,
    consoles.tenant,
    consoles.sockets,
    checkpoints.tenant,
    disks.tenant,
    serial_logs.tenant,
    guest_facts.tenant,
    catalogue.tenant,
    images.tenant,
    images.uploads,
    ssh_keys.tenant,
    availability_sets.tenant,
    machine_ports.tenant,
    metrics.tenant,
)
ADMIN_ROUTERS = (
    virtual_machines.administration,
    migrations.administration,
    catalogue.administration,
    unmanaged_guests.administration,
    metrics.administration,
)

__all__ = ["ADMIN_ROUTERS", "PROVIDER_NAME", "TENANT_ROUTERS"]
