"""Open consoles: bytes to and from a virtual machine over a WebSocket."""

import ssl
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx

from zaffre.client.problems import ZaffreError, error_of, local_problem, unreachable

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

_OPEN_TIMEOUT_S = 30.0
_MESSAGE_BYTES = 65_536
"""Longest message that a server takes."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Console:
    """An open console. One thread may read while another writes. Close it, or use it in a `with` block."""

    def __init__(self, socket: "ClientConnection", release: ExitStack) -> None:
        """Use a WebSocket, which `release` closes; `open_console` makes one."""
        self._socket = socket
        self._release = release
        self.end: str | None = None
        """Why the server ended the console, in its words; None while it has not, and when there is nothing to say."""
        self.end_code: int | None = None
        """The same as a number, for example 4002 when the machine was switched off."""

    def read(self, timeout_s: float | None = None) -> bytes:
        """Return what comes from the machine, waiting for it; nothing at the end, of which `end` tells more.

        Raises:
            TimeoutError: nothing came within `timeout_s` seconds.
        """
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - slow to load, and most programs do without

        try:
            content = self._socket.recv(timeout_s)
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                self.end, self.end_code = closed.rcvd.reason or None, closed.rcvd.code
            return b""
        return content.encode() if isinstance(content, str) else content

    def write(self, content: bytes) -> None:
        """Send to the machine. After the end it goes nowhere; `read` tells of the end."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - as above

        for start in range(0, len(content), _MESSAGE_BYTES):
            try:
                self._socket.send(content[start : start + _MESSAGE_BYTES])
            except ConnectionClosed:
                return

    def close(self) -> None:
        """Let go of the console."""
        self._release.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_console(url: str, path: str, bearer: str | None, trust: ssl.SSLContext | None) -> Console:
    """Open the console that a token stands for.

    Args:
        url: of the API that gave the token out.
        path: with the token, as that API gave it.
        bearer: proves who its holder is.
        trust: whom to trust, where that is not the usual.

    Raises:
        ZaffreError: the server refused.
        Unreachable: no server answered.
    """
    from websockets.exceptions import InvalidHandshake, InvalidStatus  # noqa: PLC0415 - as above
    from websockets.sync.client import connect  # noqa: PLC0415
    from websockets.typing import Subprotocol  # noqa: PLC0415

    options: dict[str, Any] = {"proxy": None} if urlsplit(url).hostname in _LOOPBACK else {}
    if trust is not None and url.startswith("https"):
        options["ssl"] = trust
    address = f"ws{url.removeprefix('http')}{path}"
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    release = ExitStack()
    try:
        opening = connect(
            address,
            additional_headers=headers,
            subprotocols=[Subprotocol("binary")],
            compression=None,
            open_timeout=_OPEN_TIMEOUT_S,
            legacy=False,  # only the other way to say it is deprecated
            **options,
        )
        return Console(release.enter_context(opening), release)
    except InvalidStatus as refused:
        answer, where = refused.response, path.partition("?")[0]  # the rest is secret
        request = httpx.Request("GET", f"{url}{where}")
        raise error_of(httpx.Response(answer.status_code, content=bytes(answer.body or b""), request=request)) from None
    except InvalidHandshake as strange:
        raise _no_websockets(url, strange) from None
    except (OSError, TimeoutError) as error:
        raise unreachable(url, error) from None


def _no_websockets(url: str, cause: Exception) -> ZaffreError:
    return ZaffreError(
        local_problem(
            "no_websockets",
            "The server does not speak WebSocket",
            f"{url} answered strangely to the request for a console: {cause}.",
            "Check what stands between it and you: a proxy must let WebSockets through.",
            target=url,
        )
    )
