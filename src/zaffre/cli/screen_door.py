"""A port of this computer behind which a machine's screen is, for viewers that know VNC but not Zaffre."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from zaffre.cli.refusals import UsageProblem
from zaffre.client import Console, ZaffreError

_VIEWERS = 4
_READ_BYTES = 65_536
_ACCEPT_S = 0.5


class ScreenDoor:
    """Listens on loopback and gives every viewer that comes a console of its own."""

    def __init__(self, opener: Callable[[], Console], port: int = 0) -> None:
        """Listen.

        Args:
            opener: opens one more console.
            port: where; 0 for any that is free.

        Raises:
            UsageProblem: the port is taken.
        """
        self._open = opener
        try:
            self._listener = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise UsageProblem(f"Port {port} cannot be used: {error.strerror}.", "Choose another --port.") from None
        self._listener.settimeout(_ACCEPT_S)
        self._places = threading.BoundedSemaphore(_VIEWERS)
        self._closed = threading.Event()

    @property
    def port(self) -> int:
        """Where viewers find it."""
        return self._listener.getsockname()[1]

    def serve(self, say: Callable[[str], None]) -> None:
        """Let viewers in until the door is closed; `say` is told why consoles ended or could not be opened."""
        while not self._closed.is_set():
            try:
                viewer, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:  # closed
                return
            if not self._places.acquire(blocking=False):
                viewer.close()
                continue
            threading.Thread(target=self._show, args=(viewer, say), name="viewer", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._closed.set()
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _show(self, viewer: socket.socket, say: Callable[[str], None]) -> None:
        try:
            with viewer, self._open() as console:
                threading.Thread(target=_to_machine, args=(viewer, console), name="to machine", daemon=True).start()
                with contextlib.suppress(OSError):  # the viewer went
                    while content := console.read():
                        viewer.sendall(content)
                if console.end is not None:
                    say(console.end)
        except ZaffreError as refusal:
            say(str(refusal))
        finally:
            self._places.release()


def _to_machine(viewer: socket.socket, console: Console) -> None:
    with contextlib.suppress(OSError):  # the viewer went, or the other thread let go of it
        while content := viewer.recv(_READ_BYTES):
            console.write(content)
    console.close()
