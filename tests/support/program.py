"""The sample resource provider in the test's process: over real HTTP, with means to make it misbehave."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from support.cloud import SimulatedCloud
from zaffre.edge.faces import Face

EXAMPLE = Path(__file__).parents[2] / "examples" / "buckets" / "buckets.py"
SETTINGS = ("providers.allow_networks=127.0.0.1/32", "providers.allow_plain_http=true")
QUICK = ("providers.look_interval_s=0.1", "providers.health_interval_s=0.2", "providers.usage_interval_s=0.2")


def example() -> Any:
    """Import the sample program."""
    if "buckets_example" not in sys.modules:
        spec = importlib.util.spec_from_file_location("buckets_example", EXAMPLE)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules["buckets_example"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["buckets_example"]


@dataclass
class Program:
    """The running program, and what it was asked."""

    app: ASGIApp
    buckets: Any
    url: str = ""
    access_key_file: Path = Path()
    away: bool = False
    """Whether it answers nothing but 503."""
    refusals: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """What to answer instead, by `METHOD path-ending`."""
    hanging: set[str] = field(default_factory=set)
    """Path endings that are not answered."""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path with query, headers."""
    swept: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it has released, once in its life, what is reserved in its name and is none of its buckets."""

    def times(self, method: str, ending: str) -> int:
        return sum(each[0] == method and each[1].partition("?")[0].endswith(ending) for each in self.asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((method, path + ("?" + scope["query_string"].decode()).rstrip("?"), headers))
        if any(path.endswith(ending) for ending in self.hanging):
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        found = [answer for key, answer in self.refusals.items() if f"{method} {path}".endswith(key)]
        if self.away or found:
            status, content = found[0] if found else (503, {"detail": "It is being repaired."})
            await JSONResponse(content, status_code=status)(scope, receive, send)
            return
        await self.app(scope, receive, send)


@asynccontextmanager
async def running_program(cloud: SimulatedCloud, directory: Path) -> AsyncIterator[Program]:
    """Run the sample program until the block ends."""
    module = example()
    key_file = directory / "access-key"
    transport = httpx.ASGITransport(cloud.apps[Face.ADMIN])
    zaffre = module.Zaffre(httpx.AsyncClient(transport=transport, base_url="http://zaffre"), key_file)
    buckets = module.Buckets(directory / "buckets.sqlite", zaffre)
    program = Program(module.application(buckets, zaffre, 3600), buckets, access_key_file=key_file)
    key_file.write_text("zpk_none")
    sweep = buckets.sweep

    async def sweep_and_tell() -> None:
        await sweep()
        program.swept.set()

    buckets.sweep = sweep_and_tell
    config = uvicorn.Config(program, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    program.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield program
    finally:
        server.should_exit = True
        await serving


async def registered(cloud: SimulatedCloud, program: Program) -> Any:
    """Register the program, and give it its key."""
    made = await cloud.admin.post("/resource-providers", {"name": "buckets", "url": program.url})
    program.access_key_file.write_text(made["access_key"])
    return made


async def plan_with_buckets(cloud: SimulatedCloud, **quota: int | None) -> str:
    """Publish a plan that sells buckets and nothing else."""
    service = {"provider": "buckets", "settings": {}, "quota": quota}
    plan = await cloud.admin.post("/plans", {"name": f"plan {next(cloud.numbers)}", "services": [service]})
    await cloud.admin.patch(f"/plans/{plan['id']}", {"state": "public"})
    return str(plan["id"])
