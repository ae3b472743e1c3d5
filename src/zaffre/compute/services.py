"""What compute needs at run time, made once per process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from zaffre.compute.console_sessions import ConsoleSessions
from zaffre.compute.guest_facts import GuestFactsDesk
from zaffre.fabric import Hypervisors
from zaffre.foundation.work import UnitsOfWork


@dataclass(frozen=True)
class ComputeServices:
    """Ways to the hosts for requests; an app keeps it as `app.state.compute`."""

    units: UnitsOfWork
    hypervisors: Hypervisors
    consoles: ConsoleSessions
    guest_facts: GuestFactsDesk


def _services(request: Request) -> ComputeServices:
    return request.app.state.compute


Compute = Annotated[ComputeServices, Depends(_services)]
