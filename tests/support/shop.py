"""A small face of its own: routes that do and fail to do things, behind the conventions that all faces share."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.params import Depends as DependsParameter
from starlette.responses import StreamingResponse

from zaffre.foundation.actor import ANONYMOUS, Actor, ActorKind
from zaffre.foundation.audit.refusals import Refusals
from zaffre.foundation.errors import Conflict
from zaffre.foundation.http.access import AccessRule
from zaffre.foundation.http.etags import IfMatch, check_generation, set_etag
from zaffre.foundation.http.problems import install_problem_handlers, request_id_of
from zaffre.foundation.http.routing import PlainRoute, RequestContext, TransactionalRoute, Work, accept
from zaffre.foundation.http.scope import RequestScope
from zaffre.foundation.http.wire import Body, Name
from zaffre.foundation.operations.operation import NewOperation
from zaffre.foundation.telemetry.metrics import Metrics
from zaffre.foundation.work import ResourceRef, UnitOfWork, UnitsOfWork

CUSTOMER = "0190c1a0-0000-7000-8000-00000000000c"
OTHER_CUSTOMER = "0190c1a0-0000-7000-8000-00000000000d"


class SoldOut(Conflict):
    """What the shop says when it refuses."""

    code = "shop.sold_out"


class Order(Body):
    """What is asked of the shop."""

    name: Name
    amount: int = 1


class _Everybody(AccessRule):
    async def check(self, request: Request) -> None:
        pass

    def describe(self) -> str:
        return "everybody"


Happening = Callable[[UnitOfWork], Awaitable[None]]


async def _nothing(_work: UnitOfWork) -> None:
    pass


class Shop:
    """The face, with a client, and knobs that say what its routes do."""

    def __init__(self, units: UnitsOfWork, **scope: int) -> None:
        self.units = units
        self.metrics = Metrics()
        self.sold = 0
        """How often the endpoint ran."""
        self.generation = 3
        self.happening: Happening = _nothing
        """What the endpoint does after it has recorded its sale."""
        self.slowly = asyncio.Event()
        app = FastAPI(redirect_slashes=False)
        install_problem_handlers(app)
        app.include_router(self._routes())
        app.include_router(self._plain_routes())
        app.state.context = RequestContext(units, self._identify, Refusals(units))
        limits = {"body_limit_bytes": 10_000, "concurrent": 50} | scope
        self.app = RequestScope(app, face="shop", ids=units.ids, metrics=self.metrics, **limits)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = CUSTOMER,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        """Send a request as somebody."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        sent = {**({"X-Customer": who} if who else {}), **(headers or {})}
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, json=body, headers=sent, **options)

    async def buy(self, name: str = "hat", key: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return await self.ask(
            "POST", "/orders", {"name": name}, headers=headers | options.pop("headers", {}), **options
        )

    async def _identify(self, request: Request) -> Actor:
        who = request.headers.get("X-Customer")
        request.state.caller = who
        if who is None:
            return Actor(ANONYMOUS.kind, ANONYMOUS.id, request_id_of(request))
        return Actor(ActorKind.ACCOUNT, who, request_id_of(request))

    def _routes(self) -> APIRouter:
        everybody: list[DependsParameter] = [Depends(_Everybody())]
        router = APIRouter(route_class=TransactionalRoute, dependencies=[])

        @router.post("/orders", status_code=201, dependencies=everybody)
        async def order(body: Order, work: Work, response: Response) -> dict[str, Any]:
            self.sold += 1
            number = self.sold
            work.emit("order.made", ResourceRef("order", str(number), body.name))
            await self.happening(work)
            response.headers["Location"] = f"/orders/{number}"
            response.headers["X-Other"] = "not kept"
            set_etag(response, number)
            return {"number": number, "name": body.name, "secret": f"voucher-{number}"}

        @router.put("/orders/{order_id}", dependencies=everybody)
        async def change(order_id: str, body: Order, work: Work, if_match: IfMatch) -> dict[str, Any]:
            check_generation(if_match, self.generation)
            self.sold += 1
            work.emit("order.changed", ResourceRef("order", order_id, body.name))
            return {"number": order_id}

        @router.delete("/orders/{order_id}", status_code=204, dependencies=everybody)
        async def cancel(order_id: str, work: Work) -> None:
            self.sold += 1
            work.emit("order.cancelled", ResourceRef("order", order_id))

        @router.get("/orders/{order_id}", dependencies=everybody)
        async def show(order_id: str, work: Work, response: Response) -> dict[str, str]:
            await self.happening(work)
            set_etag(response, self.generation)
            return {"number": order_id}

        @router.post("/deliveries", status_code=202, dependencies=everybody)
        async def deliver(work: Work, response: Response) -> dict[str, str]:
            operation = work.start(NewOperation("order.deliver"), ResourceRef("order", work.ids.new()))
            accept(response, operation.id)
            return {"operation": operation.id}

        return router

    def _plain_routes(self) -> APIRouter:
        everybody: list[DependsParameter] = [Depends(_Everybody())]
        router = APIRouter(route_class=PlainRoute)

        @router.post("/plain", dependencies=everybody)
        async def plain(body: Order) -> dict[str, str]:
            return {"name": body.name}

        @router.get("/slow", dependencies=everybody)
        async def slow() -> dict[str, str]:
            await self.slowly.wait()
            return {}

        @router.get("/broken-stream", dependencies=everybody)
        async def broken() -> Response:
            async def content():
                yield b"half of it"
                raise RuntimeError("the other half is secret")

            return StreamingResponse(content())

        @router.get("/echo", dependencies=everybody)
        async def echo(x_number: Annotated[int | None, Header()] = None) -> dict[str, int | None]:
            return {"number": x_number}

        return router
