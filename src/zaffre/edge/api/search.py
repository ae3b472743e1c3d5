"""Routes of searching everything at once."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, StringConstraints

from zaffre.edge.search import Hit, Search, Source
from zaffre.edge.search_sources import SOURCES
from zaffre.foundation.http.lists import Page
from zaffre.foundation.http.routing import TransactionalRoute, Work
from zaffre.foundation.http.wire import View, no_nul
from zaffre.identity import Caller, CurrentCaller, signed_in

tenant = APIRouter(tags=["search"], route_class=TransactionalRoute)
administration = APIRouter(tags=["search"], route_class=TransactionalRoute)

Wanted = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(no_nul),
    Query(description="A piece of a name or tag, or the beginning of a name, an id or an address"),
]
Top = Annotated[int, Query(alias="$top", ge=1, le=100, description="Largest number of hits")]


class SearchHitView(View):
    """Something that was found."""

    resource_type: str
    id: str
    name: str
    subscription_id: str | None
    """None for what belongs to the site."""
    subscription_name: str | None
    detail: str
    """What tells it from others of its name: its state, an address, a description."""

    @classmethod
    def of(cls, hit: Hit) -> "SearchHitView":
        """Shape a hit."""
        return cls.model_validate(hit)


@tenant.get("/search", dependencies=[signed_in()])
async def search(q: Wanted, work: Work, caller: CurrentCaller, top: Top = 20) -> Page[SearchHitView]:
    """Find one's things by a piece of their name or tags, or the beginning of their id or address."""
    sources = [source for source in SOURCES if not source.administrators_only]
    return await _page(sources, q, work, caller, top)


@administration.get("/search", dependencies=[signed_in()])
async def search_everything(q: Wanted, work: Work, caller: CurrentCaller, top: Top = 20) -> Page[SearchHitView]:
    """Find anything of the site that one may see; the best hits come first."""
    return await _page(list(SOURCES), q, work, caller, top)


async def _page(sources: list[Source], q: str, work: Work, caller: Caller, top: int) -> Page[SearchHitView]:
    hits = await Search(work, caller).find(sources, q, top)
    return Page[SearchHitView](value=[SearchHitView.of(hit) for hit in hits])
