"""Routes of consoles: a request for a token, and the WebSocket that it opens."""

from datetime import datetime

from fastapi import APIRouter, WebSocket

from zaffre.compute.api.virtual_machines import CurrentMachine
from zaffre.compute.consoles import ConsoleTokens, NoSuchConsole
from zaffre.compute.services import ComputeServices
from zaffre.fabric.drivers.console import ConsoleKind
from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.routing import RequestContext, TransactionalRoute, Work
from zaffre.foundation.http.sockets import accept_binary, refuse
from zaffre.foundation.http.wire import Body, View
from zaffre.identity import Caller, CurrentCaller, Permission, requires
from zaffre.management import CurrentSubscription

tenant = APIRouter(tags=["virtual machines"], route_class=TransactionalRoute)
sockets = APIRouter()

_LONGEST_TOKEN = 100


class NewConsoleBody(Body):
    """A console to open."""

    kind: ConsoleKind


class ConsoleView(View):
    """A right to open a console, once."""

    token: str
    kind: ConsoleKind
    path: str
    """Of the WebSocket, from the root of this API."""
    expires_at: datetime


@tenant.post(
    "/subscriptions/{subscription_id}/virtual-machines/{machine_id}/consoles",
    status_code=201,
    dependencies=[requires(Permission.MACHINE_CONSOLE)],
)
async def create_console(
    body: NewConsoleBody, machine: CurrentMachine, subscription: CurrentSubscription, work: Work, caller: CurrentCaller
) -> ConsoleView:
    """Ask for a console of a running virtual machine.

    The answer's `path` is that of a WebSocket of this face. Its token is good once, for 60 seconds, for this machine
    and for the session (or API token) that asked. The handshake proves who it comes from as every request does:
    with `Authorization: Bearer …`, or, from a browser, by offering the subprotocols `binary` and
    `zaffre.bearer.<access token>`, of which the server selects `binary`. A token that is no good, or of another
    holder, is answered with 404.

    Both ways go binary messages of at most 65536 bytes. A graphical console speaks RFB 3.8 (VNC) without a password.
    A serial console is the bytes of the first serial port; whoever opens it takes it from whoever has it. The server
    closes with code 4001 when the right to the console has ended (within 5 seconds), 4002 when the machine is off,
    4003 when it has moved to another host, 4004 when somebody else opened the serial console, 4005 after a long time
    without traffic, 4006 when the host does not answer, 4007 when the host cannot give out this console, 4008 when too
    many are open, 4009 when the right could not be checked; the reason says so in words.
    """
    row, token = await ConsoleTokens(work, caller).issue(subscription, machine, body.kind)
    return ConsoleView(token=token, kind=body.kind, path=f"/consoles?token={token}", expires_at=row.expires_at)


@sockets.websocket("/consoles")
async def open_console(socket: WebSocket, token: str = "") -> None:
    """Serve a console to the holder of a token."""
    context: RequestContext = socket.app.state.context
    compute: ComputeServices = socket.app.state.compute
    actor = socket.state.actor = await context.identify(socket)
    caller: Caller | None = socket.state.caller
    try:
        if caller is None or not 0 < len(token) <= _LONGEST_TOKEN:
            raise NoSuchConsole
        compute.consoles.check_room()
        async with context.units.write(actor) as work:
            grant = await ConsoleTokens(work, caller).claim(token)
    except DomainError as refusal:
        await refuse(socket, refusal)
        return
    await accept_binary(socket)
    await compute.consoles.serve(socket, actor, caller, grant)
