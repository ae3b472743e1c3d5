"""What a subscription's plan offers for virtual machines."""

from zaffre.fabric import Clouds
from zaffre.fabric.tables import CloudRow
from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller
from zaffre.management import Subscriptions
from zaffre.management.quotas import NotInPlan

PROVIDER_NAME = "virtual_machines"


async def offered_cloud(work: UnitOfWork, caller: Caller, subscription_id: str) -> CloudRow:
    """Return the cloud that a subscription's plan offers.

    Raises:
        NotInPlan: the plan offers none.
    """
    service = await Subscriptions(work, caller).service(subscription_id, PROVIDER_NAME)
    if service is None:
        raise NotInPlan("virtual_machines")
    return await Clouds(work).get(str(service.settings["cloud_id"]))
