"""What the network needs at run time, made once per process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from zaffre.network.planes import NetworkPlanes


@dataclass(frozen=True)
class NetworkServices:
    """Doors to the planes of one process; an app keeps it as `app.state.network`."""

    planes: NetworkPlanes


def _services(request: Request) -> NetworkServices:
    return request.app.state.network


Network = Annotated[NetworkServices, Depends(_services)]
