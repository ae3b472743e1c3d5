"""Sending a subscription's own images in pieces."""

from pathlib import Path

import httpx
import pytest

from support.cloud import qcow2
from support.command_line import Person
from support.server_process import ServerProcess
from zaffre.client import ImageState, NewOwnImageBody
from zaffre.client.resources import images


class Breaking(httpx.BaseTransport):
    """Breaks every other piece off, sometimes after it has arrived."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.pieces = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            self.pieces += 1
            if self.pieces % 4 == 1:
                raise httpx.WriteError("broke before it was sent")
            if self.pieces % 4 == 3:
                self.inner.handle_request(request).read()
                raise httpx.ReadError("the answer was lost")
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "image.qcow2"
    path.write_bytes(qcow2() + b"\7" * 100_000)
    return path


def test_an_upload_goes_on_where_it_broke_off(
    served: ServerProcess, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "PIECE_BYTES", 50_000)
    reached: list[int] = []
    client, subscription = served.tenant(transport=Breaking())
    with client:
        own = subscription.images
        made = own.create(NewOwnImageBody(name="mine", size_bytes=file.stat().st_size))
        filled = own.upload(made.id, file, lambda sent, _size: reached.append(sent))
        assert filled.state is ImageState.AVAILABLE
        assert reached == sorted(reached)
        assert reached[-1] == file.stat().st_size
        assert own.delete(made.id).wait().name == "mine"


def test_a_tenant_uploads_an_image_from_the_command_line(served: ServerProcess, tmp_path: Path, file: Path) -> None:
    person = Person(tmp_path)
    person.signs_up(served, "lines@zaffre.example")
    person.does("subscription create shop --plan Starter")
    assert "Image mine is available" in person.does(f"image create mine --file {file}").err
    assert "mine" in person.does("image list").out
    assert "is deleted" in person.does("image delete mine --yes").err
