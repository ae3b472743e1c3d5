"""What one is told of one's own account."""

from support.cloud import SimulatedCloud
from zaffre.identity.permissions import TENANT_PERMISSIONS, Permission


async def test_everybody_is_told_what_they_may_do(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    me = await tenant.client.get("/accounts/me")
    assert (me["email"], me["acting_for"]) == (tenant.email, None)
    assert me["permissions"] == sorted(TENANT_PERMISSIONS)
    assert (await cloud.admin.get("/accounts/me"))["permissions"] == sorted(Permission)
    renamed = await tenant.client.patch("/accounts/me", {"name": "Other"})
    assert (renamed["name"], renamed["permissions"]) == ("Other", me["permissions"])
