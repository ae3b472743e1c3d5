"""A client of OData that is not ours reads $metadata of a running server and works with what it says."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from odata import ODataService

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD
from support.killable_server import KillableServer, killable_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KillableServer]:
    with killable_server(tmp_path) as server:
        yield server


def test_an_independent_client_finds_its_way(server: KillableServer) -> None:
    answer = requests.post(
        f"{server.admin_url}/sessions", json={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}, timeout=30
    )
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        service = ODataService(server.admin_url, session=session, reflect_entities=True, quiet_progress=True)
        assert {"plans", "virtual_machines", "logical_networks", "subscriptions", "hosts"} <= set(service.entities)
        tenant, scope = server.tenant()
        tenant.close()
        plans = service.entities["plans"]
        (starter,) = service.query(plans).filter(plans.name == "Starter").all()
        assert (starter.state, isinstance(starter.id, uuid.UUID | str)) == ("public", True)
        sizes = service.entities["sizes"]
        ordered = service.query(sizes).order_by(sizes.name.desc()).all()
        assert [size.name for size in ordered] == sorted((size.name for size in ordered), reverse=True)
        subscriptions = service.entities["subscriptions"]
        found = service.query(subscriptions).filter(subscriptions.plan_id == starter.id).expand(subscriptions.plan)
        (mine,) = found.all()
        assert (str(mine.id), mine.plan.name) == (scope.id, "Starter")
        networks = service.entities["logical_networks"]
        assert [found["name"] for found in service.query(networks).select(networks.name).all()]
        assert service.query(plans).get(starter.id).name == "Starter"
