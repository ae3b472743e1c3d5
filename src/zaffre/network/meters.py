"""What the network meters: how long VM networks are there."""

from collections.abc import Sequence

from zaffre.management.metering import Meter, ResourceUsage, Watched
from zaffre.network.tables import VmNetworkRow
from zaffre.network.vm_networks import NetworkState

NETWORK_HOURS = Meter("vm_network_hours", "VM networks", "hour")


def network_usage(row: VmNetworkRow) -> ResourceUsage | None:
    """Return what a VM network uses: time, from being ready to being gone."""
    if row.state == NetworkState.CREATING:
        return None
    return ResourceUsage(
        "vm_network",
        row.id,
        row.name,
        row.subscription_id,
        state="ready",
        amounts={NETWORK_HOURS.name: 1},
        tags=row.tags or {},
    )


WATCHED: Sequence[Watched] = (Watched(VmNetworkRow, frozenset({"state", "name", "tags"}), "vm_network", network_usage),)
"""Usages are made of rows of these."""
