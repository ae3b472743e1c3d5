"""Anything at all may be sent to any route; the answer is never a fault of ours (5xx), and is what OpenAPI says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from conftest import DATABASES, empty_database
from support.cloud import PASSWORD
from support.served import ServedCloud, served_cloud
from zaffre.edge.faces import Face
from zaffre.fabric.upload_api import PIECE

schemathesis.serializer.alias(PIECE, "application/octet-stream")

EXAMPLES = {"sqlite": 5, "postgresql": 4}
"""For each route. What differs between the databases is soon found; the rest is the same code for both."""
ENDLESS = {("get", "/events")}
SCHEMAS = {
    face: schemathesis.openapi.from_path(Path(__file__).parents[3] / "docs" / "api" / f"{face}.json")
    for face in (Face.ADMIN, Face.PUBLIC)
}


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCloud]:
    directory = tmp_path_factory.mktemp("site")
    with empty_database(request, directory) as url, served_cloud(directory, url) as served:
        yield served


@pytest.fixture(scope="module")
def examples(served: ServedCloud) -> int:
    return EXAMPLES["sqlite" if served.cloud.units.database.is_sqlite else "postgresql"]


async def furnish(cloud: Any) -> tuple[dict[str, str], dict[Face, str]]:
    """Make one of everything; returns ids for path parameters, and an access token for each face."""
    plan = await cloud.plan()
    tenant = await cloud.tenant(plan)
    network = await tenant.network()
    machine = await tenant.vm("machine", network)
    known = {
        "subscription_id": tenant.subscription_id,
        "machine_id": machine["id"],
        "network_id": network["id"],
        "subnet_id": network["subnets"][0]["id"],
        "operation_id": tenant.client.ended["id"],
        "plan_id": plan,
        "stamp_id": cloud.stamp_id,
        "host_id": cloud.hosts[0],
        "cloud_id": cloud.cloud_id,
        "image_id": cloud.image_id,
        "logical_network_id": cloud.logical_network_id,
    }
    public = await cloud.sign_in(tenant.email, PASSWORD)
    tokens = {Face.PUBLIC: public.http.headers["Authorization"], Face.ADMIN: cloud.admin.http.headers["Authorization"]}
    return known, tokens


@pytest.fixture(scope="module")
def known(served: ServedCloud) -> tuple[dict[str, str], dict[Face, str]]:
    return served.run(furnish(served.cloud))


def operations(face: Face) -> list[Any]:
    """Return the face's operations, destructive ones last, so that the others find something to work on."""
    found = [result.ok() for result in SCHEMAS[face].get_all_operations() if isinstance(result, Ok)]
    kept = [operation for operation in found if (operation.method, operation.path) not in ENDLESS]
    return sorted(kept, key=lambda operation: (operation.method == "delete", operation.path))


@pytest.mark.parametrize("face", [Face.PUBLIC, Face.ADMIN])
@pytest.mark.timeout(600)
# The cloud's own thread draws random numbers while the strategies run; they do not depend on them.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
def test_no_input_makes_the_server_fail(
    served: ServedCloud, known: tuple[dict[str, str], dict[Face, str]], examples: int, face: Face
) -> None:
    ids, tokens = known
    for operation in operations(face):
        named = {p.name for p in operation.path_parameters} & set(ids)
        strategies = [operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]
        if named and len(named) == len(list(operation.path_parameters)):
            chosen = {name: ids[name] for name in named}
            strategies.append(operation.as_strategy(GenerationMode.POSITIVE, path_parameters=chosen))
            strategies.append(operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=chosen))

        @seed(1)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(strategies))
        def send(case: Any) -> None:
            case.call_and_validate(
                base_url=served.urls[face],
                headers={**dict(case.headers or {}), "Authorization": tokens[face]},
                checks=[not_a_server_error],
                timeout=60,
            )

        send()
