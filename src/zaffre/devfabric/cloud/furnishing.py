"""Furnishing a site as its provider would, through the admin API: stamp, hosts, network, cloud, images, sizes, a plan.

Everything is found by name before it is made, so furnishing a furnished site changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zaffre.client import (
    HostView,
    ImageState,
    ImageView,
    NewCloudBody,
    NewHostBody,
    NewImageBody,
    NewLogicalNetworkBody,
    NewPlanBody,
    NewSizeBody,
    NewStampBody,
    NotFound,
    PlannedServiceBody,
    PlanState,
    PlanView,
    Query,
    Zaffre,
)
from zaffre.devfabric.progress import Progress

STAMP = "development"
PLAN = "starter"
SIZES = {"tiny": (1, 128), "small": (1, 1024), "medium": (2, 4096)}
"""Name to processors and MiB of memory."""
QUOTA = {"virtual_machines": 20, "vcpus": 40, "memory_mib": 65_536, "disk_gib": 500}
NETWORK_QUOTA = {"vm_networks": 5}
MEMORY_RESERVE_MIB = 1024
VCPU_RATIO = 32.0
"""Guests on a developer's machine mostly sleep, and it may have two processors."""


@dataclass(frozen=True)
class FabricToUse:
    """What the site shall be furnished with."""

    hosts: Sequence[NewHostBody]
    """Their `stamp_id` is filled in."""
    network_driver: str
    network_address: str
    underlay_mtu: int


@dataclass(frozen=True)
class ImageToOffer:
    """An image file of this machine to put into the library."""

    name: str
    title: str
    default_user: str
    minimum_memory_mib: int
    minimum_disk_gib: int
    file: Path


class Furnishing:
    """A provider's first hour, in seconds."""

    def __init__(self, client: Zaffre, progress: Progress) -> None:
        self._admin = client.admin
        self._progress = progress

    def furnish(self, fabric: FabricToUse, images: Sequence[ImageToOffer]) -> PlanView:
        """Make whatever is missing; returns the plan that tenants subscribe to."""
        with self._progress.step("Create the stamp with its network and cloud"):
            stamp_id = self._stamp()
            network_id = self._network(stamp_id, fabric)
            cloud_id = self._cloud(stamp_id)
            self._sizes()
        with self._progress.step(f"Add {_counted(len(fabric.hosts))}, running a test guest on each"):
            self._hosts(stamp_id, fabric.hosts)
        for image in images:
            with self._progress.step(f"Import the image {image.name}"):
                self._image(image)
        with self._progress.step(f"Offer the plan {PLAN}"):
            return self._plan(cloud_id, network_id)

    def hosts(self) -> Sequence[HostView]:
        """Return the site's hosts."""
        return list(self._admin.hosts.all())

    def _stamp(self) -> str:
        try:
            return self._admin.stamps.find_item(STAMP).id
        except NotFound:
            body = NewStampBody(name=STAMP, memory_reserve_mib=MEMORY_RESERVE_MIB, vcpu_ratio=VCPU_RATIO)
            return self._admin.stamps.create(body).id

    def _network(self, stamp_id: str, fabric: FabricToUse) -> str:
        try:
            return self._admin.logical_networks.find_item(STAMP).id
        except NotFound:
            body = NewLogicalNetworkBody(
                stamp_id=stamp_id,
                name=STAMP,
                driver=fabric.network_driver,
                address=fabric.network_address,
                underlay_mtu=fabric.underlay_mtu,
            )
            return self._admin.logical_networks.create(body).id

    def _cloud(self, stamp_id: str) -> str:
        try:
            return self._admin.clouds.find_item(STAMP).id
        except NotFound:
            return self._admin.clouds.create(NewCloudBody(stamp_id=stamp_id, name=STAMP)).id

    def _sizes(self) -> None:
        known = {size.name for size in self._admin.sizes.all()}
        for name, (vcpus, memory_mib) in SIZES.items():
            if name not in known:
                self._admin.sizes.create(NewSizeBody(name=name, vcpus=vcpus, memory_mib=memory_mib))

    def _hosts(self, stamp_id: str, hosts: Sequence[NewHostBody]) -> None:
        """Add the missing hosts side by side, and wait for those that are still being added."""
        known = {host.name for host in self._admin.hosts.all()}
        missing = [host for host in hosts if host.name not in known]
        accepted = [self._admin.hosts.add(host.model_copy(update={"stamp_id": stamp_id})) for host in missing]
        for host in accepted:
            host.wait()
        for host in list(self._admin.hosts.all(Query("state eq 'adding'"))):
            for operation in list(self._admin.operations.all(Query(f"resource_id eq {host.id}"))):
                self._admin.operations.wait(operation.id)

    def _image(self, image: ImageToOffer) -> ImageView:
        try:
            found = self._admin.images.find_item(image.name)
        except NotFound:
            found = self._admin.images.create(
                NewImageBody(
                    name=image.name,
                    description=image.title,
                    default_user=image.default_user,
                    minimum_memory_mib=image.minimum_memory_mib,
                    minimum_disk_gib=image.minimum_disk_gib,
                )
            )
        if found.state is ImageState.AWAITING_CONTENT:
            found = self._admin.images.import_file(found.id, str(image.file)).wait()
        return found

    def _plan(self, cloud_id: str, network_id: str) -> PlanView:
        try:
            plan = self._admin.plans.find_item(PLAN)
        except NotFound:
            services = [
                PlannedServiceBody(provider="virtual_machines", settings={"cloud_id": cloud_id}, quota=_limits(QUOTA)),
                PlannedServiceBody(
                    provider="networks",
                    settings={"logical_network_id": network_id},
                    quota=_limits(NETWORK_QUOTA),
                ),
            ]
            plan = self._admin.plans.create(NewPlanBody(name=PLAN, description="To begin with", services=services))
        return plan if plan.state is PlanState.PUBLIC else self._admin.plans.publish(plan.id)


def _limits(quota: Mapping[str, int]) -> dict[str, int | None]:
    return dict(quota)


def _counted(hosts: int) -> str:
    return "a host" if hosts == 1 else f"{hosts} hosts"
