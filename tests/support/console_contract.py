"""What the consoles of every hypervisor driver must do: one suite for libvirt and for its simulated twin."""

import asyncio
import uuid

import pytest

from support.hypervisor_contract import EventLog, HypervisorLab, changed, read
from support.rfb import Viewer
from zaffre.fabric.drivers.console import ConsoleChannel, ConsoleKind, GuestOff
from zaffre.fabric.drivers.hypervisor import GuestMissing, GuestSpec, GuestState, Hypervisor

ENDS_WITHIN_S = 10.0


@pytest.fixture
async def shell(lab: HypervisorLab, host: Hypervisor, bootable_guest: GuestSpec) -> GuestSpec:
    """A guest that is up and offers a shell."""
    events = EventLog(host)
    await host.start(bootable_guest.id)
    await events.wait(changed(bootable_guest.id, GuestState.RUNNING, ready=True), lab.boot_deadline_s)
    return bootable_guest


async def hears(channel: ConsoleChannel, words: bytes, within_s: float = 60.0) -> bytes:
    """Read until the words have come; returns everything that came."""
    heard = b""
    async with asyncio.timeout(within_s):
        while words not in heard:
            part = await channel.read()
            assert part, f"the console ended; it said {heard!r}"
            heard += part
    return heard


async def ended(channel: ConsoleChannel) -> None:
    """Read to the end, which must come."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while await channel.read():
            pass


class ConsoleContract:
    """The suite. A subclass lives in a module with the fixtures `lab`, `host` and `bootable_guest`."""

    async def test_a_screen_shows_a_picture_and_a_key_changes_it(self, host: Hypervisor, shell: GuestSpec):
        channel = await host.open_console(shell.id, ConsoleKind.GRAPHICAL)
        viewer = Viewer(channel.read, channel.write)
        await viewer.say_hello()
        before = await viewer.until(lambda screen: screen.colours > 1)
        await viewer.type("\n")
        await viewer.until(lambda screen: screen != before)
        await channel.close()

    async def test_two_viewers_look_at_one_screen(self, host: Hypervisor, shell: GuestSpec):
        channels = [await host.open_console(shell.id, ConsoleKind.GRAPHICAL) for _ in range(2)]
        viewers = [Viewer(channel.read, channel.write) for channel in channels]
        for viewer in viewers:
            await viewer.say_hello()
            await viewer.until(lambda screen: screen.colours > 1)
        before = await viewers[0].screen()
        await viewers[1].type("\nclear\n")
        await viewers[0].until(lambda screen: screen != before)
        for channel in channels:
            await channel.close()

    async def test_a_serial_line_carries_both_ways_and_its_log_goes_on(self, host: Hypervisor, shell: GuestSpec):
        channel = await host.open_console(shell.id, ConsoleKind.SERIAL)
        await channel.write(b"\r")
        await hears(channel, b"# ")
        await channel.write(b"echo one-22\r")
        await hears(channel, b"\r\none-22\r\n")
        await channel.close()
        assert b"one-22" in await read(host, shell.serial_log_volume)

    async def test_a_serial_line_is_taken_by_whoever_opens_it_next(self, host: Hypervisor, shell: GuestSpec):
        first = await host.open_console(shell.id, ConsoleKind.SERIAL)
        second = await host.open_console(shell.id, ConsoleKind.SERIAL)
        await ended(first)
        await first.write(b"nobody hears this")
        await second.write(b"\r")
        await hears(second, b"# ")
        await first.close()
        await second.write(b"echo still here\r")
        await hears(second, b"\r\nstill here\r\n")
        await second.close()

    async def test_a_line_that_was_let_go_can_be_opened_again(self, host: Hypervisor, shell: GuestSpec):
        for _ in range(3):
            channel = await host.open_console(shell.id, ConsoleKind.SERIAL)
            await channel.write(b"\r")
            await hears(channel, b"# ")
            await channel.close()

    async def test_output_that_nobody_reads_is_bounded_and_the_newest_is_kept(self, host: Hypervisor, shell: GuestSpec):
        channel = await host.open_console(shell.id, ConsoleKind.SERIAL)
        await channel.write(b"\rseq 1 40000; echo the-end\r")
        await asyncio.sleep(0.5)
        await hears(channel, b"\r\nthe-end\r\n", 60.0)
        await channel.close()

    @pytest.mark.parametrize("kind", ConsoleKind)
    async def test_consoles_end_when_the_power_goes_off(self, host: Hypervisor, shell: GuestSpec, kind: ConsoleKind):
        channel = await host.open_console(shell.id, kind)
        await host.stop(shell.id)
        await ended(channel)
        await channel.close()

    @pytest.mark.parametrize("kind", ConsoleKind)
    async def test_a_guest_that_is_off_has_no_console(self, host: Hypervisor, guest: str, kind: ConsoleKind):
        with pytest.raises(GuestOff):
            await host.open_console(guest, kind)

    @pytest.mark.parametrize("kind", ConsoleKind)
    async def test_a_guest_that_is_not_there_has_no_console(self, host: Hypervisor, kind: ConsoleKind):
        with pytest.raises(GuestMissing):
            await host.open_console(str(uuid.uuid4()), kind)

    async def test_a_console_survives_a_reset(self, lab, host: Hypervisor, shell: GuestSpec):
        channel = await host.open_console(shell.id, ConsoleKind.GRAPHICAL)
        viewer = Viewer(channel.read, channel.write)
        await viewer.say_hello()
        await viewer.screen()
        await host.reset(shell.id)
        await viewer.until(lambda screen: screen.colours > 1, lab.boot_deadline_s)
        await channel.close()
