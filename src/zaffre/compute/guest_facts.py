"""What guests say about themselves: asked when somebody looks, remembered for a moment, never stored."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from weakref import WeakValueDictionary

from zaffre.compute.states import Observed
from zaffre.compute.tables import VirtualMachineRow
from zaffre.fabric import Hypervisors
from zaffre.fabric.drivers.guest_facts import GuestFacts
from zaffre.foundation.clock import Clock

FRESH_S = 10.0
"""Who asks again this soon gets the same answer, so that pages that poll do not keep a guest busy."""

SILENCE_S = 30.0
"""The same for a guest that holds its agent's channel open and says nothing: waiting for it takes seconds."""

REMEMBERED = 1024
"""Most answers that are kept at a time; a few KiB each."""


class GuestSilence(StrEnum):
    """Why there are no facts about a guest."""

    NOT_RUNNING = "not_running"
    NO_AGENT = "no_agent"
    """No agent answers in it: it has none, or it has not started yet."""


@dataclass(frozen=True)
class Answer:
    """What a guest said, or why it said nothing."""

    facts: GuestFacts | None
    silence: GuestSilence | None
    """None exactly when there are facts."""
    observed_at: datetime


@dataclass(frozen=True)
class _Remembered:
    answer: Answer
    until_s: float


class GuestFactsDesk:
    """Asks guests about themselves, one question per guest at a time. A process keeps one."""

    def __init__(self, hypervisors: Hypervisors, clock: Clock) -> None:
        self._hypervisors = hypervisors
        self._clock = clock
        self._answers: OrderedDict[tuple[str, str], _Remembered] = OrderedDict()
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def ask(self, machine: VirtualMachineRow) -> Answer:
        """Return what the machine's guest says, or said a moment ago. To be called without a transaction.

        Raises:
            HostUnreachable: its host does not answer.
            GuestMissing: its host does not know it.
        """
        if machine.host_id is None or machine.observed != Observed.RUNNING:
            return Answer(None, GuestSilence.NOT_RUNNING, self._clock.now())
        guest = (machine.host_id, machine.id)
        async with self._asking.setdefault(guest, asyncio.Lock()):
            return self._recall(guest) or await self._ask(guest, held_open=machine.ready)

    async def _ask(self, guest: tuple[str, str], *, held_open: bool) -> Answer:
        host_id, machine_id = guest
        hypervisor = await self._hypervisors.get(host_id)
        facts = await hypervisor.guest_facts(machine_id)
        answer = Answer(facts, GuestSilence.NO_AGENT if facts is None else None, self._clock.now())
        lasts_s = SILENCE_S if facts is None and held_open else FRESH_S
        self._answers[guest] = _Remembered(answer, self._clock.monotonic_s() + lasts_s)
        self._answers.move_to_end(guest)
        while len(self._answers) > REMEMBERED:
            self._answers.popitem(last=False)
        return answer

    def _recall(self, guest: tuple[str, str]) -> Answer | None:
        remembered = self._answers.get(guest)
        if remembered is None or remembered.until_s <= self._clock.monotonic_s():
            return None
        return remembered.answer
