"""What every hypervisor driver must tell of its guests' own words: one suite for libvirt and for its simulated twin."""

import asyncio
import uuid

import pytest

from support.hypervisor_contract import HypervisorLab
from zaffre.fabric.drivers.hypervisor import GuestMissing, GuestSpec, Hypervisor

SILENCE_LASTS_S = 8.0
"""Longer than a driver waits for an agent that says nothing."""


class FactsContract:
    """The suite. A subclass lives in a module with the fixtures `lab`, `host`, `guest` and `shell`."""

    async def test_a_guest_that_is_up_says_what_it_is(self, host: Hypervisor, shell: GuestSpec):
        for _ in range(2):
            facts = await host.guest_facts(shell.id)
            assert facts.system.title == f"{facts.system.name} {facts.system.version}"
            assert facts.kernel[0].isdigit()
            assert facts.hostname
            assert facts.interfaces == ()
            [root] = facts.filesystems
            assert root.mountpoint == "/"
            assert 0 < root.used_bytes < root.total_bytes

    async def test_a_paused_or_stopped_guest_says_nothing(self, host: Hypervisor, shell: GuestSpec):
        await host.pause(shell.id)
        async with asyncio.timeout(2.0):
            assert await host.guest_facts(shell.id) is None
            await host.start(shell.id)
        assert await host.guest_facts(shell.id) is not None
        await host.stop(shell.id)
        assert await host.guest_facts(shell.id) is None

    async def test_a_guest_that_is_not_there_cannot_be_asked(self, host: Hypervisor):
        with pytest.raises(GuestMissing):
            await host.guest_facts(str(uuid.uuid4()))

    async def test_an_agent_that_never_answers_is_given_up_and_holds_up_nobody(
        self, lab: HypervisorLab, host: Hypervisor, shell: GuestSpec
    ):
        await lab.silence_agent(shell.id)
        asking = asyncio.create_task(host.guest_facts(shell.id))
        await asyncio.sleep(0.2)
        async with asyncio.timeout(2.0):
            assert (await host.observe(shell.id)).ready
            await host.retitle(shell.id, "Asked")
            await host.pause(shell.id)
            await host.start(shell.id)
        async with asyncio.timeout(SILENCE_LASTS_S):
            assert await asking is None
        assert (await host.observe(shell.id)).title == "Asked"
