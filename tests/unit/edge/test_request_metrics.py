"""Metrics of requests name routes, whose number is known, and never what was asked for, which anybody can choose."""

import re

import pytest

from support.cloud import SimulatedCloud
from zaffre.edge.faces import Face, build_face, declared_routes

LABELS = re.compile(r'zaffre_http_requests_total\{face="(\w+)",method="(\w+)",route="([^"]*)",status="(\w+)"\}')


def counted(cloud: SimulatedCloud, face: Face) -> set[tuple[str, str]]:
    """Return the methods and routes that have been counted for a face."""
    found = LABELS.findall(cloud.site.metrics.render().decode())
    return {(method, route) for of_face, method, route, _ in found if of_face == face}


@pytest.mark.parametrize("face", list(Face))
async def test_every_route_is_counted_under_its_template(api: SimulatedCloud, face: Face) -> None:
    before = counted(api, face)
    declared = {(method, route.path) for method, route in declared_routes(build_face(face, api.site.providers))}
    for method, path in declared:
        await api.client(face).ask(method, re.sub(r"\{[^}]*\}", "something-chosen", path))
    assert counted(api, face) - before == declared - before


@pytest.mark.parametrize("face", list(Face))
async def test_what_is_no_route_is_counted_under_one_label(api: SimulatedCloud, face: Face) -> None:
    before = counted(api, face)
    client = api.client(face)
    for path in ("/nowhere", "/subscriptions/1/nowhere", "/healthz/", "//", "/%00", "/operations/1/2/3"):
        assert (await client.ask("GET", path)).status == 404, path
    assert counted(api, face) - before == {("GET", "(none)")}


async def test_a_method_that_a_route_lacks_is_counted_under_a_template(api: SimulatedCloud) -> None:
    answer = await api.client().ask("PUT", "/subscriptions/something-chosen/virtual-machines")
    assert answer.status == 405
    assert counted(api, Face.PUBLIC) == {("PUT", "/subscriptions/{subscription_id}/virtual-machines")}
