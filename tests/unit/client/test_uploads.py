"""Sending images."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.cloud import qcow2
from support.scripted_api import ID, InstantClock, Routes, ok
from support.server_process import ServerProcess
from zaffre.client import ImageState, NewImageBody, Unreachable, Zaffre, ZaffreError
from zaffre.client.resources.images import CHUNK_BYTES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "image.qcow2"
    path.write_bytes(qcow2() + b"\0" * (2 * CHUNK_BYTES))
    return path


def image(state: str, sha256: str | None = None) -> dict[str, object]:
    return {
        "id": ID,
        "generation": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "name": "i",
        "description": "",
        "default_user": "root",
        "minimum_memory_mib": 128,
        "minimum_disk_gib": 1,
        "state": state,
        "kind": "disk",
        "owner_subscription_id": None,
        "announced_size_bytes": None,
        "format": "qcow2",
        "sha256": sha256,
        "size_bytes": None,
        "virtual_size_bytes": None,
        "tags": {},
    }


class BreaksOnce(httpx.BaseTransport):
    """Breaks the first upload off half-way."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.broken = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and not self.broken:
            self.broken = True
            request.stream = Half(request.stream)
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


class Half(httpx.SyncByteStream):
    def __init__(self, whole: object) -> None:
        self.whole = whole

    def __iter__(self) -> Iterator[bytes]:
        for number, chunk in enumerate(self.whole):  # type: ignore[arg-type]
            if number:
                raise httpx.WriteError("broken pipe")
            yield chunk


def test_an_upload_tells_how_far_it_is(served: ServerProcess, file: Path) -> None:
    with served.admin() as client:
        made = client.admin.images.create(NewImageBody(name="told"))
        told: list[tuple[int, int]] = []
        filled = client.admin.images.upload(made.id, file, lambda sent, size: told.append((sent, size)))
        size_bytes = file.stat().st_size
        assert filled.state is ImageState.AVAILABLE
        assert filled.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert [sent for sent, _ in told] == [CHUNK_BYTES, 2 * CHUNK_BYTES, size_bytes]
        assert {size for _, size in told} == {size_bytes}
        assert client.admin.images.delete(made.id).wait().name == "told"


def test_an_upload_that_breaks_off_is_sent_again(served: ServerProcess, file: Path) -> None:
    with served.admin(transport=BreaksOnce()) as client:
        made = client.admin.images.create(NewImageBody(name="broken"))
        assert client.admin.images.upload(made.id, file).state is ImageState.AVAILABLE


def test_an_upload_whose_answer_was_lost_is_not_sent_again(file: Path) -> None:
    lost, sha256 = httpx.ReadError("reset"), hashlib.sha256(file.read_bytes()).hexdigest()
    api = Routes({f"PUT /images/{ID}/content": lost, f"GET /images/{ID}": ok(image("available", sha256))})
    url = "http://zaffre.example"
    client = Zaffre(url, admin_url=url, transport=api, clock=InstantClock())
    assert client.admin.images.upload(ID, file).sha256 == sha256
    assert api.requests == [f"PUT /images/{ID}/content", f"GET /images/{ID}"]


def test_an_upload_that_breaks_off_twice_is_given_up(file: Path) -> None:
    api = Routes(
        {f"PUT /images/{ID}/content": httpx.WriteError("pipe"), f"GET /images/{ID}": ok(image("awaiting_content"))}
    )
    url = "http://zaffre.example"
    with pytest.raises(Unreachable):
        Zaffre(url, admin_url=url, transport=api, clock=InstantClock()).admin.images.upload(ID, file)
    assert api.requests.count(f"PUT /images/{ID}/content") == 2


def test_a_file_that_is_no_image_is_refused(served: ServerProcess, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("hello " * 100)
    with served.admin() as client:
        made = client.admin.images.create(NewImageBody(name="text"))
        with pytest.raises(ZaffreError) as caught:
            client.admin.images.upload(made.id, text)
        assert caught.value.status == 400
        assert client.admin.images.get(made.id).state is ImageState.AWAITING_CONTENT


def test_an_image_is_imported_from_the_server(served: ServerProcess) -> None:
    with served.admin() as client:
        made = client.admin.images.create(NewImageBody(name="imported"))
        filled = client.admin.images.import_file(made.id, str(served.image_file)).wait()
        assert filled.state is ImageState.AVAILABLE
