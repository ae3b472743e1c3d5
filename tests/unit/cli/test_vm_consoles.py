"""Consoles from the command line, as processes of their own with real streams."""

import asyncio
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support.command_line import Person
from support.rfb import Viewer
from support.server_process import ZAFFRE, clean_environment


@pytest.fixture
def console(tenant: Person) -> Person:
    """A tenant with a machine `web` that is up."""
    tenant.does("vm create web --image tiny --size tiny --no-network")
    tenant.does("vm wait web --ready")
    return tenant


@contextmanager
def zaffre(person: Person, *words: str, **streams: Any) -> Iterator["subprocess.Popen[bytes]"]:
    command = [*ZAFFRE, *words]
    with subprocess.Popen(command, env=clean_environment(**person.environment), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def shown(descriptor: int, words: bytes, within_s: float = 60.0) -> bytes:
    """Read a terminal until it shows the words."""
    seen = b""
    ends_s = time.monotonic() + within_s
    while words not in seen:
        assert select.select([descriptor], [], [], max(0.0, ends_s - time.monotonic()))[0], seen
        seen += os.read(descriptor, 4096)
    return seen


def test_commands_can_be_piped_through_a_serial_console(console: Person) -> None:
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with zaffre(console, "vm", "console", "web", **streams) as process:
        out, err = process.communicate(b"\recho piped $USER\r", timeout=60)
    assert b"\r\npiped $USER\r\n" in out
    assert process.returncode == 0, err


def test_a_terminal_becomes_the_serial_line_until_the_escape_key(console: Person) -> None:
    ours, theirs = pty.openpty()
    with zaffre(console, "vm", "console", "web", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown(ours, b"Ctrl+] leaves")
        os.write(ours, b"\r")
        shown(ours, b"# ")
        os.write(ours, b"\x03echo from here\r")
        assert b"^C" in shown(ours, b"\r\nfrom here\r\n")
        os.write(ours, b"\x1d")
        shown(ours, b"The console is closed.")
        assert process.wait(20) == 0
    os.close(ours)


def test_a_console_says_why_it_ended(console: Person) -> None:
    ours, theirs = pty.openpty()
    with zaffre(console, "vm", "console", "web", stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown(ours, b"leaves")
        console.does("vm stop web --yes")
        shown(ours, b"The virtual machine is off.")
        assert process.wait(20) == 0
    os.close(ours)
    refused = console.types("vm console web")
    assert refused.code != 0
    assert "Only one that is on has a console." in refused.err


def test_a_vnc_viewer_finds_the_screen_on_a_port_of_this_computer(console: Person) -> None:
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with zaffre(console, "vm", "console", "web", "--graphical", **streams) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        for _ in range(2):  # one viewer after the other
            asyncio.run(_look(int(line.rpartition(":")[2])))
        process.send_signal(signal.SIGINT)
        process.wait(20)


async def _look(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def write(content: bytes) -> None:
        writer.write(content)
        await writer.drain()

    viewer = Viewer(lambda: reader.read(65_536), write)
    await viewer.say_hello()
    assert viewer.title == "web"
    before = await viewer.until(lambda screen: screen.colours > 1)
    await viewer.type("\n")
    await viewer.until(lambda screen: screen != before)
    writer.close()
