"""What the fabric needs at run time, made once per process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from zaffre.fabric.hypervisors import Hypervisors
from zaffre.fabric.image_copies import ImageCopies
from zaffre.fabric.library import Library
from zaffre.fabric.uploads import Uploads
from zaffre.foundation.work import UnitsOfWork


@dataclass(frozen=True)
class FabricServices:
    """Doors, library and copies of one process; an app keeps it as `app.state.fabric`."""

    units: UnitsOfWork
    hypervisors: Hypervisors
    library: Library
    copies: ImageCopies
    uploads: Uploads


def _services(request: Request) -> FabricServices:
    return request.app.state.fabric


Fabric = Annotated[FabricServices, Depends(_services)]
