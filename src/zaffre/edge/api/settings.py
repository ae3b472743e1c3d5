"""The route that shows the settings in effect."""

from fastapi import APIRouter, Request

from zaffre.edge.site import Site
from zaffre.foundation.effective_settings import effective_settings
from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import PlainRoute
from zaffre.foundation.http.wire import View
from zaffre.identity import Permission, requires

administration = APIRouter(tags=["settings"], route_class=PlainRoute)


class SettingView(View):
    """A setting in effect."""

    key: str
    """Dotted, as in the file and after --set."""
    value: str
    """As text; a secret is not shown."""
    origin: str
    """`default`, the file's path, the variable, or `--set`."""
    secret: bool


@administration.get("/settings", dependencies=[requires(Permission.FABRIC_READ)])
async def list_settings(request: Request) -> Page[SettingView]:
    """List the settings that the answering process runs with, and where each comes from."""
    site: Site = request.app.state.site
    views = [SettingView.model_validate(setting) for setting in effective_settings(site.settings)]
    return Page[SettingView](value=views)
