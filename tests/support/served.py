"""A simulated cloud served on real loopback ports, for clients that no one here wrote."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy.ext.asyncio import create_async_engine

from support.cloud import SimulatedCloud, cloud_settings, running_cloud
from zaffre.edge.faces import Face
from zaffre.foundation.database import Table
from zaffre.foundation.http.sockets import MESSAGE_BYTES

START_DEADLINE_S = 60.0


@dataclass
class ServedCloud:
    """Where the cloud is, and what to sign in with."""

    cloud: SimulatedCloud
    urls: dict[Face, str]
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Any, timeout_s: float = 60.0) -> Any:
        """Run a coroutine of the cloud's helpers in the cloud's own event loop, from the test's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout_s)


@contextmanager
def served_cloud(directory: Path, url: str = "", *flags: str, furnished: bool = True) -> Iterator[ServedCloud]:
    """Serve a cloud from a thread until the block ends."""
    ready = threading.Event()
    box: dict[str, Any] = {}

    async def main() -> None:
        settings = cloud_settings(directory, url, *flags)
        engine = create_async_engine(settings.database_url)
        async with engine.begin() as connection:
            await connection.run_sync(Table.metadata.create_all)
        await engine.dispose()
        async with running_cloud(settings, furnished=furnished) as cloud:
            servers = {face: _server(cloud, face) for face in Face}
            tasks = [asyncio.create_task(server._serve()) for server in servers.values()]
            await asyncio.gather(*map(_started, servers.values(), tasks))
            urls = {face: _url(server) for face, server in servers.items()}
            box["served"] = ServedCloud(cloud, urls, asyncio.get_running_loop())
            box["stop"] = asyncio.Event()
            ready.set()
            await box["stop"].wait()
            for server in servers.values():
                server.should_exit = True
            await asyncio.gather(*tasks)

    def thread() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            box["error"] = error
            ready.set()
            raise

    runner = threading.Thread(target=thread, name="served cloud", daemon=True)
    runner.start()
    assert ready.wait(60), "the cloud did not come up"
    if "error" in box:
        raise RuntimeError("the cloud did not come up") from box["error"]
    try:
        yield box["served"]
    finally:
        box["served"].loop.call_soon_threadsafe(box["stop"].set)
        runner.join(30)
        assert not runner.is_alive(), "the cloud did not go down"


@asynccontextmanager
async def serving(cloud: SimulatedCloud, face: Face = Face.PUBLIC) -> AsyncIterator[str]:
    """Serve one face of a cloud that runs in this event loop; yields its URL."""
    server = _server(cloud, face)
    task = asyncio.create_task(server._serve())
    try:
        await _started(server, task)
        yield _url(server)
    finally:
        server.should_exit = True
        await task


async def _started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(START_DEADLINE_S):
        while not server.started:
            assert not task.done(), "the server did not start"
            await asyncio.sleep(0.01)


def _server(cloud: SimulatedCloud, face: Face) -> uvicorn.Server:
    config = uvicorn.Config(
        cloud.apps[face],
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
    )
    return uvicorn.Server(config)


def _url(server: uvicorn.Server) -> str:
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
