"""The portals, as the server sees them: built files, and the face of the API that they are clients of.

Each portal is served on a port of its own: the files from `assets/` (built by `scripts/portal`, carried by the wheel)
and, below `/api`, the very face that also has its own port. Portal and API thus share one origin: no other site's pages
can call the API with a visitor's credentials, and no CORS rule has to say so.
"""

from zaffre.edge.portal.application import PortalApplication
from zaffre.edge.portal.files import PortalFiles

__all__ = ["PortalApplication", "PortalFiles"]
