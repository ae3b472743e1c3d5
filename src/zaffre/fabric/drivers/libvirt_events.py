"""libvirt's event loop, of which a process has exactly one.

libvirt keeps its event loop in process-wide state, and connections that are opened before it runs never get keep-alive
probes or events. This is the one place that accepts global state, because libvirt leaves no other.
"""

import threading

import libvirt

_starting = threading.Lock()
_thread: threading.Thread | None = None


def ensure_event_loop() -> None:
    """Start libvirt's event loop in a daemon thread, once; to be called before a connection is opened.

    Also stops libvirt from printing every error to standard error: errors are raised, and say what they have to say.
    """
    global _thread  # noqa: PLW0603 - see the module's docstring
    with _starting:
        if _thread is not None:
            return
        libvirt.registerErrorHandler(_say_nothing, None)
        libvirt.virEventRegisterDefaultImpl()
        _thread = threading.Thread(target=_run_for_ever, name="libvirt-events", daemon=True)
        _thread.start()


def _say_nothing(_context: object, _error: object) -> None:
    return


def _run_for_ever() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
