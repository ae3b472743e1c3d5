"""Everything that the network keeps for a subscription: listing it, and deleting it all."""

from sqlalchemy import exists, select

from zaffre.foundation.work import UnitOfWork
from zaffre.management import Holdings, SyncReport, deletions_in_work, holdings_of
from zaffre.network.tables import PortRow, VmNetworkRow
from zaffre.network.vm_networks import NetworkState, VmNetworks

AT_ONCE = 8
BATCH = 50


async def network_holdings(work: UnitOfWork, subscription_id: str) -> Holdings:
    """List a subscription's VM networks. Subnets and ports are parts of them."""
    return await holdings_of(
        work,
        "vm_network",
        "VM networks",
        (VmNetworkRow.id, VmNetworkRow.name, VmNetworkRow.state),
        VmNetworkRow.subscription_id == subscription_id,
    )


async def purge_networks(work: UnitOfWork, subscription_id: str) -> SyncReport:
    """Begin to delete the networks that nothing is attached to any more."""
    free = select(VmNetworkRow.id).where(
        VmNetworkRow.subscription_id == subscription_id,
        VmNetworkRow.state == NetworkState.READY,
        ~exists().where(PortRow.vm_network_id == VmNetworkRow.id),
    )
    ids = (await work.session.scalars(free.order_by(VmNetworkRow.id).limit(BATCH))).all()
    in_work = await deletions_in_work(work, ids)
    for network_id in [each for each in ids if in_work.may_begin(each)][:AT_ONCE]:
        await VmNetworks(work, subscription_id).delete(network_id)
    left = (await network_holdings(work, subscription_id)).count
    if not left:
        return SyncReport.done()
    return SyncReport.pending(" ".join([f"Left: {left} VM networks.", *list(in_work.failed.values())[:1]]))
