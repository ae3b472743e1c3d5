"""The route that looks at a machine before it becomes a host."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from zaffre.edge.host_preflight import Check, CheckName, Preflight
from zaffre.edge.site import Site
from zaffre.fabric.api import NewHostBody
from zaffre.fabric.drivers.hypervisor import Accelerator
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires

administration = APIRouter(tags=["fabric"], route_class=PlainRoute)

GONE_POLL_S = 0.5

Found = TypeVar("Found")


class PreflightCheckView(View):
    """What was found about one thing."""

    name: CheckName
    title: str
    """What should be so."""
    ok: bool
    detail: str
    """What was found; of something that was not looked at, why."""
    remedy: str | None

    @classmethod
    def of(cls, check: Check) -> "PreflightCheckView":
        """Shape a check."""
        return cls.model_validate(check)


class PreflightFactsView(View):
    """What the machine is."""

    hostname: str
    engine_uuid: str
    engine_version: str
    vcpus: int
    memory_mib: int
    storage_gib: int
    storage_free_gib: int
    accelerator: Accelerator | None
    """How guests would run; null when that was not found out."""


class PreflightView(View):
    """What would be in the way of adding a host."""

    checks: list[PreflightCheckView]
    """In the order in which they were made."""
    facts: PreflightFactsView | None
    """Null when the host did not answer."""

    @classmethod
    def of(cls, found: Preflight) -> "PreflightView":
        """Shape what was found."""
        facts = None if found.facts is None else {**vars(found.facts), "accelerator": found.accelerator}
        return cls(
            checks=[PreflightCheckView.of(check) for check in found.checks],
            facts=None if facts is None else PreflightFactsView.model_validate(facts),
        )


@administration.post("/hosts/preflight", dependencies=[requires(Permission.FABRIC_WRITE)])
async def preflight_host(body: NewHostBody, request: Request) -> PreflightView:
    """Look at a machine that is to become a host, and say what would be in the way. Nothing is changed."""
    site: Site = request.app.state.site
    looking = site.preflight.look(request.state.actor, body.to_host())
    return PreflightView.of(await _while_asked(request, looking))


async def _while_asked(request: Request, looking: Coroutine[Any, Any, Found]) -> Found:
    """Return what is found; stop looking when nobody waits for it any more.

    Raises:
        ClientDisconnect: the client went away.
    """
    task = asyncio.create_task(looking)
    try:
        while not (await asyncio.wait({task}, timeout=GONE_POLL_S))[0]:
            if await request.is_disconnected():
                raise ClientDisconnect
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
