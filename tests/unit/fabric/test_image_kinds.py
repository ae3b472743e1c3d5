"""Disks and ISOs in the library: each is taken for what it is."""

from typing import Any

import pytest

from support.cloud import SimulatedCloud, qcow2
from support.media import iso
from zaffre.fabric.image_header import ImageRefused
from zaffre.fabric.iso_header import read_iso_header


async def empty(cloud: SimulatedCloud, name: str, kind: str) -> Any:
    return await cloud.admin.post("/images", {"name": name, "kind": kind})


async def put(cloud: SimulatedCloud, image: Any, content: bytes) -> Any:
    response = await cloud.admin.http.put(f"/images/{image['id']}/content", content=content)
    return response.json()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an ISO 9660 medium"),
        (qcow2(), "not an ISO 9660 medium"),
        (iso(identifier=b"CD002"), "not an ISO 9660 medium"),
        (iso(block_bytes=3), "descriptor is damaged"),
        (iso(blocks=100)[: 50 * 2048], "204800 bytes and only 102400 arrived"),
    ],
)
def test_what_is_no_whole_iso_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        read_iso_header(content, len(content))


def test_a_whole_iso_is_taken() -> None:
    assert read_iso_header(iso(), len(iso())).virtual_size_bytes == len(iso())


async def test_an_image_is_checked_for_its_kind(cloud: SimulatedCloud) -> None:
    medium, disk = await empty(cloud, "installer", "iso"), await empty(cloud, "disk", "disk")
    assert (medium["kind"], medium["format"]) == ("iso", "iso")
    assert (disk["kind"], disk["format"]) == ("disk", "qcow2")
    for image, wrong in ((medium, qcow2()), (disk, iso())):
        assert (await put(cloud, image, wrong))["code"] == "image.refused"
    filled = await put(cloud, medium, iso())
    assert (filled["state"], filled["size_bytes"]) == ("available", len(iso()))
    assert (await put(cloud, disk, qcow2()))["state"] == "available"


async def test_a_virtual_machine_does_not_start_from_an_iso(cloud: SimulatedCloud) -> None:
    medium = await empty(cloud, "installer", "iso")
    await put(cloud, medium, iso())
    tenant = await cloud.tenant()
    refused = await tenant.ask_vm("web", image_id=medium["id"])
    assert (refused.status, refused.body["code"], refused.body["target"]) == (400, "image.wrong_kind", "image_id")
    assert (await tenant.usage())["virtual_machines"] == (0, 10)


async def test_tenants_find_images_by_their_kind(cloud: SimulatedCloud) -> None:
    medium = await empty(cloud, "installer", "iso")
    await put(cloud, medium, iso())
    tenant = await cloud.tenant()
    found = await tenant.client.get(f"{tenant.base}/images?$filter=kind eq 'iso'")
    assert [image["id"] for image in found["value"]] == [medium["id"]]


async def test_a_deleted_iso_is_gone_from_the_library(cloud: SimulatedCloud) -> None:
    medium = await empty(cloud, "installer", "iso")
    await put(cloud, medium, iso())
    directory = cloud.site.settings.library_directory
    assert list(directory.glob(f"{medium['id']}-*.iso"))
    await cloud.admin.accepted("DELETE", f"/images/{medium['id']}")
    assert not list(directory.glob(f"{medium['id']}*"))
