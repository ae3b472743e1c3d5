"""The route of `$metadata`."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from zaffre.edge.metadata import Schema, as_json, as_xml
from zaffre.foundation.http.collections import Collections
from zaffre.foundation.http.routing import PlainRoute
from zaffre.identity import signed_in

shared = APIRouter(tags=["odata"], route_class=PlainRoute)


@shared.get(
    "/$metadata",
    response_class=Response,
    responses={
        200: {
            "description": "CSDL 4.01",
            "content": {"application/xml": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
        }
    },
    dependencies=[signed_in()],
)
async def get_metadata(
    request: Request,
    wanted: Annotated[
        Literal["xml", "json", "application/xml", "application/json"] | None,
        Query(alias="$format", description="What `Accept` says otherwise; XML when neither does"),
    ] = None,
) -> Response:
    """Describe the collections of this face, in OData's CSDL."""
    schema: Schema | None = getattr(request.app.state, "odata_schema", None)
    if schema is None:
        schema = request.app.state.odata_schema = Schema(Collections.of(request.app))
    accepted = request.headers.get("Accept", "")
    prefers_json = "application/json" in accepted and "xml" not in accepted
    if wanted in ("json", "application/json") or (wanted is None and prefers_json):
        return Response(json.dumps(as_json(schema)), media_type="application/json", headers=ODATA_VERSION)
    return Response(as_xml(schema), media_type="application/xml", headers=ODATA_VERSION)


ODATA_VERSION = {"OData-Version": "4.01"}
