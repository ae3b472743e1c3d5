"""Tenants' own images: uploaded in pieces, counted, and nobody else's."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.cloud import Answer, SimulatedCloud, Tenant, qcow2
from support.media import iso
from support.waiting import until
from zaffre.fabric import uploads
from zaffre.fabric.tables import ImageRow
from zaffre.foundation.actor import system_actor

DISK = qcow2()
PIECE = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


async def made(tenant: Tenant, name: str = "mine", content: bytes = DISK, **fields: Any) -> Any:
    body = {"name": name, "kind": "disk", "format": "qcow2", "size_bytes": len(content)} | fields
    return await tenant.client.post(f"{tenant.base}/images", body)


def content_path(tenant: Tenant, image: Any) -> str:
    return f"{tenant.base}/images/{image['id']}/content"


async def send(tenant: Tenant, path: str, offset: int, content: Any, **headers: str) -> Answer:
    sent = {**PIECE, "Upload-Offset": str(offset), **headers}
    response = await tenant.client.http.patch(path, content=content, headers=sent)
    body = response.json() if response.content else None
    return Answer(response.status_code, body, response.headers)


async def offset_of(tenant: Tenant, path: str) -> tuple[str, str]:
    response = await tenant.client.http.head(path)
    assert response.status_code == 200
    return response.headers["Upload-Offset"], response.headers["Upload-Length"]


async def used_gib(tenant: Tenant) -> int:
    return (await tenant.usage())["library_gib"][0]


async def test_content_comes_in_pieces_and_makes_the_image_usable(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    image = await made(tenant, sha256=hashlib.sha256(DISK).hexdigest())
    assert (image["state"], image["owner_subscription_id"]) == ("awaiting_content", tenant.subscription_id)
    path = content_path(tenant, image)
    assert await offset_of(tenant, path) == ("0", str(len(DISK)))
    for start, end in ((0, 100), (100, 70_000), (70_000, len(DISK))):
        answer = await send(tenant, path, start, DISK[start:end])
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(end)), answer.body
        assert await offset_of(tenant, path) == (str(end), str(len(DISK)))
    filled = await tenant.client.get(f"{tenant.base}/images/{image['id']}")
    assert (filled["state"], filled["sha256"]) == ("available", hashlib.sha256(DISK).hexdigest())
    machine = await tenant.vm("from-mine", image_id=image["id"])
    assert machine["state"] == "running"
    assert (await tenant.client.ask("DELETE", f"{tenant.base}/images/{image['id']}")).status == 409


async def test_a_piece_that_does_not_fit_is_refused_and_told_where_to_go_on(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    path = content_path(tenant, await made(tenant))
    await send(tenant, path, 0, DISK[:1000])
    for offset in (0, 999, 1001):
        answer = await send(tenant, path, offset, b"x")
        assert (answer.status, answer.body["code"]) == (409, "upload.offset_mismatch")
    wrong = await send(tenant, path, 1000, b"x", **{"Content-Type": "application/octet-stream"})
    assert (wrong.status, wrong.body["code"]) == (415, "upload.wrong_type")
    assert (await send(tenant, path, 1000, b"x", **{"Tus-Resumable": "0.2.2"})).status == 412
    assert (await send(tenant, path, 1000, b"x", **{"Upload-Length": "7"})).status == 400
    too_much = await send(tenant, path, 1000, b"\0" * len(DISK))
    assert (too_much.status, too_much.body["code"]) == (413, "request.too_large")
    assert (await offset_of(tenant, path))[0] == "1000"


async def test_what_arrived_before_a_connection_broke_is_kept(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    path = content_path(tenant, await made(tenant))

    async def breaks() -> AsyncIterator[bytes]:
        yield DISK[:5000]
        raise ConnectionError("pulled")

    assert (await send(tenant, path, 0, breaks())).status == 500
    assert (await offset_of(tenant, path))[0] == "5000"
    answer = await send(tenant, path, 5000, DISK[5000:])
    assert answer.status == 204, answer.body


async def test_wrong_content_is_refused_as_soon_as_it_can_be_told_and_can_be_sent_anew(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    spoilt = bytearray(b"MZ" + DISK[2:])
    path = content_path(tenant, await made(tenant))
    early = await send(tenant, path, 0, bytes(spoilt[:50_000]))
    assert (early.status, early.body["code"]) == (400, "image.refused")
    assert (await offset_of(tenant, path))[0] == "0"
    assert (await send(tenant, path, 0, DISK)).status == 204
    hashed = content_path(tenant, await made(tenant, "hashed", sha256="0" * 64))
    other = await send(tenant, hashed, 0, DISK)
    assert (other.status, other.body["code"]) == (400, "image.refused")
    medium = content_path(tenant, await made(tenant, "medium", iso(), kind="iso", format="iso"))
    assert (await send(tenant, medium, 0, iso())).status == 204
    assert (
        await tenant.client.ask(
            "POST", f"{tenant.base}/images", {"name": "odd", "kind": "iso", "format": "qcow2", "size_bytes": 1}
        )
    ).status == 400


async def test_a_server_that_died_before_it_noted_the_last_byte_finishes_with_an_empty_piece(
    cloud: SimulatedCloud,
) -> None:
    tenant = await cloud.tenant()
    image = await made(tenant)
    path = content_path(tenant, image)
    cloud.site.library.upload_path(image["id"]).write_bytes(DISK)
    # It had even linked the content to its place.
    final = cloud.site.library.path(image["id"], hashlib.sha256(DISK).hexdigest())
    os.link(cloud.site.library.upload_path(image["id"]), final)
    assert (await offset_of(tenant, path))[0] == str(len(DISK))
    assert (await send(tenant, path, len(DISK), b"")).status == 204
    assert (await tenant.client.get(f"{tenant.base}/images/{image['id']}"))["state"] == "available"
    assert not cloud.site.library.upload_path(image["id"]).exists()


async def test_one_piece_of_an_image_comes_in_at_a_time(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    path = content_path(tenant, await made(tenant))
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield DISK[:10]
        begun.set()
        await go_on.wait()
        yield DISK[10:]

    first = asyncio.create_task(send(tenant, path, 0, slow()))
    await begun.wait()
    await asyncio.sleep(0.1)
    second = await send(tenant, path, 0, DISK)
    go_on.set()
    statuses = {(await first).status, second.status}
    assert statuses in ({204, 423}, {409, 204}), statuses


async def test_no_more_uploads_than_the_server_takes(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UPLOADS_AT_ONCE", 0)
    tenant = await cloud.tenant()
    answer = await send(tenant, content_path(tenant, await made(tenant)), 0, DISK)
    assert (answer.status, answer.body["code"]) == (503, "upload.too_many")


async def test_the_quota_is_claimed_when_an_image_is_made_and_exact_under_races(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant(await cloud.plan(library_gib=3))
    large = 2**30 + 1
    answers = await asyncio.gather(
        *(tenant.client.ask("POST", f"{tenant.base}/images", {"name": f"n{n}", "size_bytes": large}) for n in range(5))
    )
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"quota.exceeded"}
    assert await used_gib(tenant) == 2
    kept = next(answer.body for answer in answers if answer.status == 201)
    await tenant.client.accepted("DELETE", f"{tenant.base}/images/{kept['id']}")
    assert await used_gib(tenant) == 0
    too_large = {"name": "huge", "size_bytes": 2**45}
    refused = await tenant.client.ask("POST", f"{tenant.base}/images", too_large)
    assert (refused.status, refused.body["code"]) == (413, "request.too_large")


async def test_an_abandoned_upload_goes_and_gives_its_quota_back(
    cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await cloud.tenant()
    fresh, old = await made(tenant, "fresh"), await made(tenant, "old")
    for image in (fresh, old):
        await send(tenant, content_path(tenant, image), 0, DISK[:100])
    os.utime(cloud.site.library.upload_path(old["id"]), (0, 0))
    await cloud.site.uploads.sweep()
    assert await used_gib(tenant) == 2  # both were made just now
    monkeypatch.setattr(uploads, "ABANDONED_AFTER_S", -60.0)
    os.utime(cloud.site.library.upload_path(fresh["id"]), (2**32, 2**32))
    await cloud.site.uploads.sweep()

    async def gone() -> bool:
        names = [image["name"] for image in (await tenant.client.get(f"{tenant.base}/images"))["value"]]
        return names == ["fresh", "tiny"]

    await until(gone)
    assert await used_gib(tenant) == 1
    assert not cloud.site.library.upload_path(old["id"]).exists()


async def test_another_tenants_own_image_does_not_exist(cloud: SimulatedCloud) -> None:
    owner, stranger = await cloud.tenant(), await cloud.tenant()
    image = await made(owner, "secret")
    await send(owner, content_path(owner, image), 0, DISK)
    for base in (owner.base, stranger.base):
        for method, path in (
            ("GET", f"{base}/images/{image['id']}"),
            ("DELETE", f"{base}/images/{image['id']}"),
            ("HEAD", f"{base}/images/{image['id']}/content"),
        ):
            assert (await stranger.client.ask(method, path)).status == 404, (method, path)
        assert (await send(stranger, f"{base}/images/{image['id']}/content", 0, b"x")).status == 404
    assert (await stranger.ask_vm("thief", image_id=image["id"])).status == 404
    names = [each["name"] for each in (await stranger.client.get(f"{stranger.base}/images"))["value"]]
    assert names == ["tiny"]
    found = await stranger.client.get("/search", params={"q": "secret"})
    assert found["value"] == []
    assert [hit["name"] for hit in (await owner.client.get("/search", params={"q": "secret"}))["value"]] == ["secret"]
    # Names are each subscription's own, and the site's are nobody else's to delete.
    await made(stranger, "secret")
    assert (await owner.client.ask("POST", f"{owner.base}/images", {"name": "secret", "size_bytes": 1})).status == 409
    assert (await owner.client.ask("DELETE", f"{owner.base}/images/{cloud.image_id}")).status == 404


async def test_a_sites_image_takes_a_resumable_upload_too(cloud: SimulatedCloud) -> None:
    image = await cloud.admin.post("/images", {"name": "resumed"})
    path = f"/images/{image['id']}/content"
    head = await cloud.admin.http.head(path)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Defer-Length"]) == ("0", "1")
    unknown = await cloud.admin.http.patch(path, content=DISK[:10], headers={**PIECE, "Upload-Offset": "0"})
    assert unknown.json()["code"] == "upload.length_unknown"
    length = {"Upload-Length": str(len(DISK))}
    for start, end in ((0, 10), (10, len(DISK))):
        headers = {**PIECE, **length, "Upload-Offset": str(start)}
        answer = await cloud.admin.http.patch(path, content=DISK[start:end], headers=headers)
        assert answer.status_code == 204, answer.text
    assert (await cloud.admin.get(f"/images/{image['id']}"))["state"] == "available"


async def test_an_owner_is_written_down(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    image = await made(tenant)
    async with cloud.units.read(system_actor("test")) as work:
        row = await work.session.get_one(ImageRow, image["id"])
        assert row.owner_subscription_id == tenant.subscription_id
    listed = await cloud.admin.get(f"/images?$filter=owner_subscription_id eq {tenant.subscription_id}")
    assert [each["id"] for each in listed["value"]] == [image["id"]]
