"""The server process: one executable, every part of it or some."""

import asyncio
import fcntl
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import structlog
import uvicorn
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp

from zaffre.edge.drivers import available_drivers
from zaffre.edge.faces import Face, serve_face
from zaffre.edge.portal import PortalApplication, PortalFiles
from zaffre.edge.schema.migrate import migrate
from zaffre.edge.site import Site
from zaffre.foundation.clock import SystemClock
from zaffre.foundation.database import Database
from zaffre.foundation.http.sockets import MESSAGE_BYTES
from zaffre.foundation.ids import SystemIds
from zaffre.foundation.secrets import Keyring, KeyUnusable
from zaffre.foundation.settings import ApiSettings, Settings, SettingsError
from zaffre.foundation.telemetry.logs import configure_logs
from zaffre.foundation.work import UnitsOfWork
from zaffre.identity.tables import AccountRow
from zaffre.management.providers import ProviderRegistry

log = structlog.get_logger(__name__)

SHUTDOWN_GRACE_S = 5


async def serve(settings: Settings, on_ready: Callable[[], None] | None = None) -> None:
    """Run the parts that the settings name until SIGINT or SIGTERM.

    Raises:
        SettingsError: another server uses the state directory, or a port is taken.
    """
    configure_logs(settings.logging.level, settings.logging.format)
    settings.state_directory.mkdir(parents=True, exist_ok=True)
    lock = _lock(settings.state_directory / "server.lock")
    try:
        site = await open_site(settings)
        try:
            await site.start()
            await _serve_faces(site, on_ready)
        finally:
            await site.stop()
    finally:
        lock.close()


async def open_site(settings: Settings) -> Site:
    """Put a site together on its database, which is brought up to date first.

    Raises:
        SettingsError: the database or the key that seals secrets cannot be used.
    """
    clock = SystemClock()
    database = Database(settings.database_url, settings.database.pool_size)
    try:
        await migrate(database)
    except DBAPIError as error:
        raise SettingsError(f"database.url: the database cannot be used: {error.orig}") from None
    units = UnitsOfWork(database, clock, SystemIds(), await _keyring(settings, database))
    return Site(settings, units, available_drivers(settings.fabric, clock), ProviderRegistry.installed())


async def _keyring(settings: Settings, database: Database) -> Keyring:
    """Read the key, and make one only for a site that is new: what another key sealed would be lost without it."""
    path = settings.secret_key_path
    if not path.exists():
        async with database.transaction(write=False) as session:
            if await session.scalar(select(AccountRow.id).limit(1)) is not None:
                raise SettingsError(
                    f"secret_key_file: {path} is missing, and the database holds what it sealed; restore it"
                )
    try:
        return Keyring.at(path)
    except KeyUnusable as error:
        raise SettingsError(f"secret_key_file: {error}") from None


async def _serve_faces(site: Site, on_ready: Callable[[], None] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    servers = [_Server(door, site.settings) for door in _doors(site)]
    for server in servers:
        await server.start()
    # What is there by now stays. Looked over again with each full collection, it would hold everybody up.
    gc.collect()
    gc.freeze()
    log.info("serving", parts=site.settings.parts, ports={server.door.key: server.door.port for server in servers})
    if on_ready is not None:
        on_ready()
    await stop.wait()
    log.info("stopping")
    await asyncio.gather(*(server.stop() for server in servers))


@dataclass(frozen=True)
class _Door:
    """Something that listens on a port."""

    key: str
    """The setting that chooses the port."""
    port: int
    app: ASGIApp
    asks_for_certificates: bool = False


def _doors(site: Site) -> list[_Door]:
    """Put together what the settings' parts serve. A portal and the face it belongs to share one application."""
    parts, api, portal = site.settings.parts, site.settings.api, site.settings.portal
    if "api" not in parts and "portal" not in parts:
        return []
    admin, tenant = serve_face(Face.ADMIN, site), serve_face(Face.TENANT, site)
    doors: list[_Door] = []
    if "api" in parts:
        doors += [
            _Door("api.admin_port", api.admin_port, admin),
            _Door("api.tenant_port", api.tenant_port, tenant),
            _Door("api.public_port", api.public_port, serve_face(Face.PUBLIC, site), asks_for_certificates=True),
        ]
    if "portal" in parts:
        files = PortalFiles()
        doors += [
            _Door("portal.tenant_port", portal.tenant_port, PortalApplication(Face.TENANT, tenant, files)),
            _Door("portal.admin_port", portal.admin_port, PortalApplication(Face.ADMIN, admin, files)),
        ]
    return doors


class _Server:
    """One door's server. Our own signal handling ends all of them together, so uvicorn's is left out."""

    def __init__(self, door: _Door, settings: Settings) -> None:
        api = settings.api
        self.door = door
        self._host = api.host
        self._server = uvicorn.Server(
            uvicorn.Config(
                door.app,
                host=api.host,
                port=door.port,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
                timeout_keep_alive=30,
                ws_max_size=MESSAGE_BYTES,
                ws_per_message_deflate=False,
                h11_max_incomplete_event_size=65_536,
                **_conversation(door, api),
            )
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            SettingsError: the port is taken.
        """
        self._task = asyncio.create_task(self._server._serve())  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        while not self._server.started:
            if self._task.done():
                raise SettingsError(f"{self.door.key}: {self._host}:{self.door.port} cannot be listened on")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stop taking requests, let those under way finish, end streams."""
        self._server.should_exit = True
        if self._task is not None:
            with suppress(SystemExit, asyncio.CancelledError):
                await self._task


def _conversation(door: _Door, api: ApiSettings) -> dict[str, Any]:
    """Return how uvicorn talks at a door: in plain HTTP, with TLS, or with TLS that asks for a certificate, too."""
    plain = {"ws": "websockets-sansio"}
    if api.tls_certificate is None or api.tls_key is None:
        return plain
    if not door.asks_for_certificates:
        return {**plain, "ssl_certfile": api.tls_certificate, "ssl_keyfile": api.tls_key}
    # Loaded only where it is used: what runs without TLS needs none of it.
    from zaffre.edge.asking_tls import AskingContext  # noqa: PLC0415
    from zaffre.edge.peer_certificates import HttpWithCertificate, WebSocketWithCertificate  # noqa: PLC0415

    context = AskingContext.of(api.tls_certificate, api.tls_key)

    def asking(*_: object) -> AskingContext:
        return context

    return {
        "http": HttpWithCertificate,
        "ws": WebSocketWithCertificate,
        "ssl_context_factory": asking,
    }


def _lock(file: Path) -> IO[str]:
    """Make sure that this is the only server on its state directory."""
    handle = file.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise SettingsError(f"state_directory: another server is running on {file.parent}") from None
    return handle
