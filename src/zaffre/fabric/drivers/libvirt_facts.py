"""What guests' agents say, through libvirt.

An agent is a program in the guest, and nobody can make it answer. libvirt asks one question at a time, each in two
steps: it finds out whether anybody speaks the agent's protocol at all, and then asks. Both have a time limit.

Each asking has a connection of its own. On the host's shared one, other calls would now and then wait for the agent
too: in libvirt before 9.1, a call that is made while another waits for its answer can be left unsent until that comes.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import libvirt

from zaffre.fabric.drivers.guest_facts import (
    GuestFacts,
    filesystem_of,
    filesystems_of,
    interfaces_of,
    line_of,
    system_of,
)
from zaffre.fabric.drivers.hypervisor import GuestMissing, HostAddress, HostUnreachable, HypervisorRefused
from zaffre.fabric.drivers.libvirt_errors import has_code, is_connection_error, words
from zaffre.fabric.drivers.libvirt_events import ensure_event_loop
from zaffre.fabric.drivers.libvirt_workers import DetachedCall, call_soon
from zaffre.foundation.errors import DomainError

_AT_ONCE = 2
"""Guests of one host that are asked at a time."""

_TURN_DEADLINE_S = 15.0
_ASK_DEADLINE_S = 15.0
_KEEP_ALIVE_INTERVAL_S = 5
_KEEP_ALIVE_COUNT = 2

_ANSWER_TIMEOUT_S = 3
_NO_MORE_QUESTIONS_S = 2.5
"""After this long nothing more is asked. It is less than one answer may take, because libvirt reports an answer that
did not come in time like a question that the agent does not know. In all an agent gets less than 9 s."""

_QUESTIONS = (
    libvirt.VIR_DOMAIN_GUEST_INFO_OS,
    libvirt.VIR_DOMAIN_GUEST_INFO_HOSTNAME,
    libvirt.VIR_DOMAIN_GUEST_INFO_INTERFACES,
    libvirt.VIR_DOMAIN_GUEST_INFO_FILESYSTEM,
)
"""Asked one by one: together, one that an agent does not know would cost the answers to all."""

_SILENT = frozenset(
    {
        libvirt.VIR_ERR_AGENT_UNRESPONSIVE,  # not there, or it does not answer
        libvirt.VIR_ERR_AGENT_UNSYNCED,  # it answers something else
        libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,  # the guest has no channel for one
        libvirt.VIR_ERR_OPERATION_INVALID,  # the guest has gone off
        libvirt.VIR_ERR_OPERATION_TIMEOUT,  # libvirt is at something else with the guest, or with its agent
    }
)

_ADDRESSES_READ = 256
"""Of an interface or of interfaces; more are not even looked at."""


class GuestAgents:
    """The agents of one host's guests; to be used on one event loop."""

    def __init__(self, address: HostAddress) -> None:
        self._address = address
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, guest_id: str) -> GuestFacts | None:
        """Ask a guest's agent; None when nobody answers.

        Raises:
            GuestMissing: there is no such guest.
            HostUnreachable: the host does not answer, or the agents of other guests took up all the time.
        """
        name = self._address.name
        try:
            async with asyncio.timeout(_TURN_DEADLINE_S):
                await self._turns.acquire()
        except TimeoutError:
            raise HostUnreachable(name, "the agents of its guests keep it waiting") from None
        # The turn ends with the thread, which may outlast our patience: there are never more threads than turns.
        end_turn = partial(call_soon, asyncio.get_running_loop(), self._turns.release)
        asking = DetachedCall(f"{name}-agent", partial(_ask, self._address, guest_id, end_turn), lambda _: None)
        with contextlib.suppress(TimeoutError):
            return await asking.result(_ASK_DEADLINE_S)
        raise HostUnreachable(name, f"it took longer than {_ASK_DEADLINE_S:g} s to ask guest {guest_id} about itself")


def facts_from(said: Mapping[str, Any]) -> GuestFacts:
    """Return what libvirt's names and values (see `virDomainGetGuestInfo`) mean."""
    return GuestFacts(
        system=system_of(said.get("os.name"), said.get("os.version"), said.get("os.pretty-name")),
        kernel=line_of(said.get("os.kernel-release")),
        hostname=line_of(said.get("hostname")),
        interfaces=interfaces_of(
            (said.get(f"{each}.name"), said.get(f"{each}.hwaddr"), _addresses(said, each)) for each in _each(said, "if")
        ),
        filesystems=filesystems_of(
            filesystem_of(
                said.get(f"{each}.mountpoint"),
                said.get(f"{each}.fstype"),
                said.get(f"{each}.total-bytes"),
                said.get(f"{each}.used-bytes"),
            )
            for each in _each(said, "fs")
        ),
    )


def _ask(address: HostAddress, guest_id: str, end_turn: Callable[[], object]) -> GuestFacts | None:
    """Ask over a connection of our own. Blocks."""
    connection: libvirt.virConnect | None = None
    try:
        ensure_event_loop()
        connection = libvirt.open(address.uri)
        connection.setKeepAlive(_KEEP_ALIVE_INTERVAL_S, _KEEP_ALIVE_COUNT)
        said = answers(connection.lookupByUUIDString(guest_id))
        return facts_from(said) if said else None
    except libvirt.libvirtError as error:
        failure = _translated(error, address, guest_id, reached=connection is not None)
    finally:
        if connection is not None:
            with contextlib.suppress(libvirt.libvirtError):  # it may have broken
                connection.close()
        end_turn()
    raise failure


def answers(domain: libvirt.virDomain, monotonic_s: Callable[[], float] = time.monotonic) -> dict[str, Any]:
    """Return what a running domain's agent answers, by libvirt's names; nothing when it does not. Blocks."""
    ends_s = monotonic_s() + _NO_MORE_QUESTIONS_S
    said: dict[str, Any] = {}
    try:
        domain.agentSetResponseTimeout(_ANSWER_TIMEOUT_S)
        for question in _QUESTIONS:
            if monotonic_s() < ends_s:
                said |= _answer(domain, question)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _SILENT:
            raise
    return said


def _answer(domain: libvirt.virDomain, question: int) -> dict[str, Any]:
    """Return the answer to one question; nothing when the agent does not know it."""
    try:
        return domain.guestInfo(question)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (*_SILENT, libvirt.VIR_ERR_NO_DOMAIN) or is_connection_error(error):
            raise
        return {}


def _addresses(said: Mapping[str, Any], interface: str) -> list[object]:
    return [said.get(f"{each}.addr") for each in _each(said, f"{interface}.addr")]


def _each(said: Mapping[str, Any], name: str) -> Iterator[str]:
    count = said.get(f"{name}.count", 0)
    return (f"{name}.{index}" for index in range(min(count, _ADDRESSES_READ)))


def _translated(error: libvirt.libvirtError, address: HostAddress, guest_id: str, *, reached: bool) -> DomainError:
    if not reached or is_connection_error(error):
        return HostUnreachable(address.name, words(error))
    if has_code(error, libvirt.VIR_ERR_NO_DOMAIN):
        return GuestMissing(address.name, guest_id)
    return HypervisorRefused(address.name, f"ask guest {guest_id} about itself", words(error))
