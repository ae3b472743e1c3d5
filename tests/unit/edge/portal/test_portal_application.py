"""The portals as a browser meets them."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from zaffre.edge.faces import Face
from zaffre.edge.portal import PortalApplication, PortalFiles


async def face(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand in for a face: says which path it was asked for."""
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.send_text(scope["path"])
        await socket.close()
        return
    body = f"{scope['method']} {scope['path']} {scope['raw_path'].decode()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "tenant.html").write_text('<script nonce="__CSP_NONCE__" src="/assets/tenant-1.js"></script>')
    (tmp_path / "assets/tenant-1.js").write_text("plain")
    (tmp_path / "assets/tenant-1.js.gz").write_bytes(b"gzipped")
    (tmp_path / "assets/tenant-1.js.br").write_bytes(b"brotlied")
    (tmp_path / "zaffre.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def portal(built: Path) -> PortalApplication:
    return PortalApplication(Face.TENANT, face, PortalFiles(built))


async def get(portal: PortalApplication, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(portal), base_url="http://portal") as client:
        request = client.build_request(method, path, headers=headers)
        return await client.send(request, stream=True)


async def raw(response: httpx.Response) -> bytes:
    return b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize("path", ["/", "/subscriptions/1/virtual-machines", "/apiary"])
async def test_every_address_within_the_portal_is_answered_with_its_page(portal: PortalApplication, path: str) -> None:
    response = await get(portal, path)
    assert response.status_code == 200
    assert b"tenant-1.js" in await raw(response)
    assert response.headers["cache-control"] == "no-store"


async def test_a_page_allows_only_its_own_scripts_and_styles(portal: PortalApplication) -> None:
    first, second = await get(portal, "/"), await get(portal, "/")
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"style-src 'self' 'nonce-([\w-]+)'", policy)
    assert nonce is not None
    assert f'nonce="{nonce[1]}"'.encode() in await raw(first)
    assert policy != second.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert first.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br", "br", b"brotlied"),
        ("gzip", "gzip", b"gzipped"),
        ("identity", None, b"plain"),
    ],
)
async def test_files_are_sent_as_they_were_compressed(
    portal: PortalApplication, accepted: str, encoding: str | None, content: bytes
) -> None:
    response = await get(portal, "/assets/tenant-1.js", **{"accept-encoding": accepted})
    assert response.headers.get("content-encoding") == encoding
    assert await raw(response) == content
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in response.headers["cache-control"]


async def test_files_without_a_hash_in_their_name_are_asked_for_again(portal: PortalApplication) -> None:
    assert (await get(portal, "/zaffre.svg")).headers["cache-control"] == "no-cache"


async def test_a_script_that_is_gone_is_not_answered_with_the_page(portal: PortalApplication) -> None:
    assert (await get(portal, "/assets/tenant-0.js")).status_code == 404


@pytest.mark.parametrize("path", ["/..%2f..%2fetc/passwd", "/assets/..%2f..%2fsecret.key"])
async def test_nothing_outside_of_the_built_files_is_served(portal: PortalApplication, built: Path, path: str) -> None:
    (built.parent / "secret.key").write_text("secret")
    assert b"secret" not in await raw(await get(portal, path))


async def test_files_that_are_built_again_are_found_without_a_restart(portal: PortalApplication, built: Path) -> None:
    (built / "assets/tenant-2.js").write_text("newer")
    (built / ".stamp").write_text("another")
    assert await raw(await get(portal, "/assets/tenant-2.js")) == b"newer"


async def test_pages_can_only_be_read(portal: PortalApplication) -> None:
    assert (await get(portal, "/", "POST")).status_code == 405


async def test_below_api_the_face_answers_as_on_its_own_port(portal: PortalApplication) -> None:
    response = await get(portal, "/api/subscriptions/a%20b?$top=1", "DELETE")
    assert await raw(response) == b"DELETE /subscriptions/a b /subscriptions/a%20b"
    assert await raw(await get(portal, "/api")) == b"GET / /"


async def shaken_hands(portal: PortalApplication, path: str) -> list[Message]:
    """Return what a WebSocket's client is told."""
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        told.append(message)

    scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": [], "query_string": b"token=t"}
    await portal(scope, receive, send)
    return told


async def test_websockets_below_api_reach_the_face(portal: PortalApplication) -> None:
    told = await shaken_hands(portal, "/api/consoles")
    assert [message.get("text") for message in told] == [None, "/consoles", None]
    assert [message["type"] for message in await shaken_hands(portal, "/consoles")] == ["websocket.close"]


async def test_a_portal_that_was_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    portal = PortalApplication(Face.ADMIN, face, PortalFiles(tmp_path))
    response = await get(portal, "/")
    assert response.status_code == 503
    assert b"scripts/portal" in await raw(response)
    assert (await get(portal, "/api/healthz")).status_code == 200
