"""A resource provider of its own process: object buckets, sold through Zaffre's plans.

It stores nothing but the buckets' names and sizes, and shows everything else that a provider has to do: it describes
itself, believes nobody but the site that it is registered with, counts what it makes against Zaffre's quotas before it
makes it, does everything twice without harm, deletes what ends, and says what was used. See README.md, and
docs/guide/resource-providers.md for the contract.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import sqlite3
import ssl
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NAME = "buckets"
TABLES = """
CREATE TABLE IF NOT EXISTS subscriptions (id TEXT PRIMARY KEY, number INTEGER, state TEXT, quota TEXT);
CREATE TABLE IF NOT EXISTS buckets (
    id TEXT PRIMARY KEY, subscription_id TEXT, name TEXT, gib INTEGER, state TEXT, created_at TEXT, metered_to REAL,
    UNIQUE (subscription_id, name)
);
CREATE TABLE IF NOT EXISTS usage (position INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT);
"""
DELETED_AT_ONCE = 20
"""Buckets that one request of Zaffre's deletes; with more, it is asked to come again."""

DESCRIPTION: dict[str, Any] = {
    "contract": 1,
    "name": NAME,
    "version": "1.0",
    "title": {"en": "Object buckets", "de": "Objektspeicher"},
    "description": "Buckets for objects, by name and size.",
    "dimensions": [
        {
            "name": "buckets_count",
            "title": {"en": "Buckets", "de": "Behälter"},
            "unit": "count",
            "default": 5,
            "maximum": 1000,
        },
        {
            "name": "buckets_gib",
            "title": {"en": "Bucket storage", "de": "Speicher in Behältern"},
            "unit": "GiB",
            "default": 100,
            "maximum": 100_000,
        },
    ],
    "meters": [
        {
            "name": "buckets_gib_hours",
            "title": {"en": "Bucket storage", "de": "Speicher in Behältern"},
            "unit": "GiB-hour",
        }
    ],
    "collections": [
        {
            "name": "buckets",
            "type": "bucket",
            "title": {"en": "Buckets", "de": "Behälter"},
            "singular": {"en": "Bucket", "de": "Behälter"},
            "columns": [
                {"name": "gib", "title": {"en": "Size in GiB", "de": "Größe in GiB"}, "kind": "number"},
                {
                    "name": "state",
                    "title": {"en": "State", "de": "Zustand"},
                    "kind": "choice",
                    "choices": [
                        {"value": "ready", "title": {"en": "Ready", "de": "Bereit"}},
                        {"value": "suspended", "title": {"en": "Suspended", "de": "Ausgesetzt"}},
                    ],
                },
                {"name": "created_at", "title": {"en": "Created", "de": "Angelegt"}, "kind": "instant"},
            ],
            "form": [
                {
                    "name": "name",
                    "title": {"en": "Name", "de": "Name"},
                    "required": True,
                    "minimum": 3,
                    "maximum": 63,
                    "pattern": "^[a-z0-9-]+$",
                    "hint": {"en": "Lower case, digits and hyphens", "de": "Kleinbuchstaben, Ziffern und Striche"},
                },
                {
                    "name": "gib",
                    "title": {"en": "Size in GiB", "de": "Größe in GiB"},
                    "kind": "number",
                    "required": True,
                    "minimum": 1,
                    "maximum": 1000,
                },
            ],
            "change_form": [
                {
                    "name": "gib",
                    "title": {"en": "Size in GiB", "de": "Größe in GiB"},
                    "kind": "number",
                    "required": True,
                    "minimum": 1,
                    "maximum": 1000,
                }
            ],
            "searchable": True,
        }
    ],
}

Endpoint = Callable[[Request, bytes, dict[str, Any]], Awaitable[Response]]


class Refused(Exception):
    """Something is refused, with the problem that says why."""

    def __init__(self, status: int, code: str, detail: str, remedy: str, target: str | None = None) -> None:
        super().__init__(detail)
        self.response = JSONResponse(
            {"status": status, "code": code, "title": code, "detail": detail, "remedy": remedy, "target": target},
            status_code=status,
            media_type="application/problem+json",
        )


class Zaffre:
    """The site that this program is registered with."""

    def __init__(self, http: httpx.AsyncClient, access_key_file: Path) -> None:
        self._http = http
        self._access_key_file = access_key_file
        self._keys = KeySet([])

    async def verify(self, request: Request, body: bytes) -> dict[str, Any]:
        """Return what the request's token says, or refuse: only Zaffre asks anything of this program.

        The token must be signed with a key that the site publishes, be for this program, not be older than a minute,
        and be about this very request: method, path with query, and body.
        """
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            try:
                decoded = jwt.decode(token, self._keys, algorithms=["ES256"])
            except (JoseError, ValueError):
                await self._fetch_keys()  # the site may have rotated them
                decoded = jwt.decode(token, self._keys, algorithms=["ES256"])
        except (JoseError, ValueError):
            raise Refused(401, "token.invalid", "The token is not the site's.", "Check the registration.") from None
        claims: dict[str, Any] = decoded.claims
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        expected = {"iss": "zaffre", "aud": NAME, "htm": request.method, "htu": target, "body_sha256": digest}
        wrong = [name for name, value in expected.items() if claims.get(name) != value]
        if wrong or not claims["iat"] - 60 <= time.time() <= claims["exp"] + 5:
            raise Refused(401, "token.invalid", f"The token is not for this request ({wrong}).", "Check the clocks.")
        return claims

    async def reserve(self, bucket: sqlite3.Row) -> None:
        """Count a bucket against its subscription's quota; refused when the quota does not allow it."""
        body = {
            "id": bucket["id"],
            "subscription_id": bucket["subscription_id"],
            "resource_type": "bucket",
            "name": bucket["name"],
            "amounts": {"buckets_count": 1, "buckets_gib": bucket["gib"]},
        }
        answer = await self._ask("POST", "/providers/self/quota-reservations", json=body)
        if answer.status_code >= 400:
            told = answer.json()
            raise Refused(answer.status_code, told["code"], told["detail"], told["remedy"], told.get("target"))

    async def release(self, bucket_id: str) -> None:
        """Give back what a bucket counted."""
        (await self._ask("DELETE", f"/providers/self/quota-reservations/{bucket_id}")).raise_for_status()

    async def reserved(self) -> set[str]:
        """Return the ids of all that counts."""
        found: set[str] = set()
        path: str | None = "/providers/self/quota-reservations?$top=1000"
        while path is not None:
            page = (await self._ask("GET", path)).raise_for_status().json()
            found |= {each["id"] for each in page["value"]}
            path = page["@odata.nextLink"]
        return found

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        key = self._access_key_file.read_text().strip()
        try:
            return await self._http.request(method, path, headers={"Authorization": f"Bearer {key}"}, **options)
        except httpx.HTTPError as error:
            raise Refused(503, "zaffre.away", f"Zaffre cannot be asked: {error}.", "Try again.") from None

    async def _fetch_keys(self) -> None:
        try:
            answer = (await self._http.get("/.well-known/jwks.json")).raise_for_status()
        except httpx.HTTPError as error:
            raise Refused(503, "zaffre.away", f"Its keys cannot be fetched: {error}.", "Try again.") from None
        self._keys = KeySet.import_key_set(answer.json())


class Buckets:
    """What this program has, in a database of its own."""

    def __init__(self, path: Path, zaffre: Zaffre) -> None:
        self._db = sqlite3.connect(path)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(TABLES)
        self._zaffre = zaffre
        unfinished = self._db.execute("SELECT id FROM buckets WHERE state IN ('reserving', 'deleting')")
        self._left_behind = [row["id"] for row in unfinished]

    # What Zaffre tells and asks ----------------------------------------------------------------------------------

    async def describe(self, _request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """Say what this program is. Anybody may know; so it need not be signed."""
        return JSONResponse(DESCRIPTION)

    async def health(self, _request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """Say how it is."""
        count = self._one("SELECT count(*) AS n FROM buckets")["n"]
        return JSONResponse({"healthy": True, "sentence": f"It keeps {count} buckets"})

    async def subscription_changed(self, request: Request, body: bytes, _claims: dict[str, Any]) -> Response:
        """Take note of a subscription's change. What is older than what is known already changes nothing."""
        subscription_id, told = request.path_params["subscription_id"], json.loads(body)
        known = self._one("SELECT number FROM subscriptions WHERE id = ?", subscription_id)
        if known is not None and known["number"] > told["number"]:
            return JSONResponse({"state": "in_sync"})
        if told["kind"] == "deleted":
            return self._end(subscription_id)
        state = "suspended" if told["kind"] == "suspended" else "active"
        with self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)",
                (subscription_id, told["number"], state, json.dumps(told["service"]["quota"])),
            )
        return JSONResponse({"state": "in_sync"})

    async def apply_quotas(self, _request: Request, body: bytes, _claims: dict[str, Any]) -> Response:
        """Take note of new limits, or only say which of them are impossible."""
        told = json.loads(body)
        failures = [
            {"subscription_id": each["subscription_id"], "cause": "Storage without a limit cannot be had here."}
            for each in told["updates"]
            if each["quota"].get("buckets_gib", 0) is None
        ]
        refused = {each["subscription_id"] for each in failures}
        with self._db:
            for each in () if told["validate_only"] else told["updates"]:
                if each["subscription_id"] not in refused:
                    self._db.execute(
                        "UPDATE subscriptions SET quota = ?, number = ? WHERE id = ? AND number <= ?",
                        (json.dumps(each["quota"]), each["number"], each["subscription_id"], each["number"]),
                    )
        return JSONResponse({"failures": failures})

    async def usage(self, request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """Return what was used, after a cursor. Nothing is forgotten by being read."""
        after, limit = int(request.query_params.get("after") or 0), int(request.query_params["limit"])
        rows = self._db.execute(
            "SELECT position, record FROM usage WHERE position > ? ORDER BY position LIMIT ?", (after, limit)
        ).fetchall()
        cursor = rows[-1]["position"] if rows else after
        records = [json.loads(row["record"]) for row in rows]
        return JSONResponse({"records": records, "cursor": str(cursor), "more": len(rows) == limit})

    # What tenants do ---------------------------------------------------------------------------------------------

    async def list(self, request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """List the buckets of a subscription, a page at a time, by name."""
        query = request.query_params
        top = min(int(query.get("$top") or 50), 1000)
        words = f"%{query.get('$search', '').strip()}%"
        here = "FROM buckets WHERE subscription_id = ? AND state != 'reserving' AND name LIKE ?"
        mine = (request.path_params["subscription_id"], words)
        sql = f"SELECT * {here} AND name > ? ORDER BY name LIMIT ?"
        rows = self._db.execute(sql, (*mine, query.get("$skiptoken", ""), top + 1)).fetchall()
        page = {
            "value": [self._view(row) for row in rows[:top]],
            "next": rows[top - 1]["name"] if len(rows) > top else None,
            "count": self._one(f"SELECT count(*) AS n {here}", *mine)["n"],
        }
        return JSONResponse(page)

    async def show(self, request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """Show a bucket."""
        return JSONResponse(self._view(self._found(request)))

    async def create(self, request: Request, body: bytes, _claims: dict[str, Any]) -> Response:
        """Make a bucket: written down first, then counted by Zaffre, then there.

        Killed in between, it is swept away at the next start, and what it counted with it. Asked twice with the same
        idempotency key, it is made once: its id follows from the key.
        """
        subscription_id, wanted = request.path_params["subscription_id"], json.loads(body)
        name, gib = _checked(wanted, {"name", "gib"})
        key = request.headers.get("Idempotency-Key")
        bucket_id = str(uuid.uuid5(uuid.UUID(subscription_id), key) if key else uuid.uuid4())
        known = self._one("SELECT * FROM buckets WHERE id = ?", bucket_id)
        if known is not None and known["state"] != "reserving":
            return JSONResponse(self._view(known), status_code=201)
        row = (bucket_id, subscription_id, name, gib, "reserving", _now(), time.time())
        try:
            with self._db:
                self._db.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            raise Refused(409, "bucket.name_taken", f"There is a bucket {name!r}.", "Choose another.", "name") from None
        try:
            await self._zaffre.reserve(self._one("SELECT * FROM buckets WHERE id = ?", bucket_id))
        except Refused as refusal:
            if refusal.response.status_code < 500:  # else nobody knows whether it counts: the sweep finds out
                self._forget(bucket_id)
            raise
        with self._db:
            done = "UPDATE buckets SET state = 'ready', metered_to = ? WHERE id = ?"
            self._db.execute(done, (time.time(), bucket_id))
        return JSONResponse(self._view(self._one("SELECT * FROM buckets WHERE id = ?", bucket_id)), status_code=201)

    async def change(self, request: Request, body: bytes, _claims: dict[str, Any]) -> Response:
        """Give a bucket another size: a larger one is counted before, a smaller one after it is so."""
        row = self._found(request)
        _, gib = _checked({"name": row["name"], **json.loads(body)}, {"name", "gib"})
        bigger = dict(row) | {"gib": gib}
        if gib > row["gib"]:
            await self._zaffre.reserve(bigger)  # type: ignore[arg-type]
        with self._db:
            self._meter(row)
            self._db.execute("UPDATE buckets SET gib = ? WHERE id = ?", (gib, row["id"]))
        if gib < row["gib"]:
            await self._zaffre.reserve(bigger)  # type: ignore[arg-type]
        return JSONResponse(self._view(self._found(request)))

    async def delete(self, request: Request, _body: bytes, _claims: dict[str, Any]) -> Response:
        """Delete a bucket, then give back what it counted."""
        row = self._found(request)
        with self._db:
            self._meter(row)
            self._db.execute("UPDATE buckets SET state = 'deleting' WHERE id = ?", (row["id"],))
        await self._zaffre.release(row["id"])
        self._forget(row["id"])
        return Response(status_code=204)

    # By itself ---------------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Finish what a killed process left: what was not made yet is not made, and counts no more."""
        for bucket_id in self._left_behind:
            await self._zaffre.release(bucket_id)
            self._forget(bucket_id)
        reserved = await self._zaffre.reserved()
        # Read after that: what is being made at this moment has its row before it counts.
        kept = {row["id"] for row in self._db.execute("SELECT id FROM buckets")}
        for bucket_id in reserved - kept:
            await self._zaffre.release(bucket_id)

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def meter(self) -> None:
        """Record what all buckets used until now."""
        with self._db:
            for row in self._db.execute("SELECT * FROM buckets WHERE state != 'reserving'").fetchall():
                self._meter(row)

    def _meter(self, row: sqlite3.Row) -> None:
        began, ended = row["metered_to"], time.time()
        if ended - began < 0.001:
            return
        record = {
            "id": f"{row['id']}/{began:.3f}",
            "meter": "buckets_gib_hours",
            "subscription_id": row["subscription_id"],
            "resource_type": "bucket",
            "resource_id": row["id"],
            "resource_name": row["name"],
            "quantity": f"{row['gib'] * (ended - began) / 3600:.9f}",
            "began_at": _instant(began),
            "ended_at": _instant(ended),
        }
        self._db.execute("INSERT INTO usage (record) VALUES (?)", (json.dumps(record),))
        self._db.execute("UPDATE buckets SET metered_to = ? WHERE id = ?", (ended, row["id"]))

    def _end(self, subscription_id: str) -> Response:
        """Delete what a subscription has, some at a time. Zaffre itself gives back what that counted."""
        rows = self._db.execute("SELECT * FROM buckets WHERE subscription_id = ?", (subscription_id,)).fetchall()
        with self._db:
            for row in rows[:DELETED_AT_ONCE]:
                self._meter(row)
                self._db.execute("DELETE FROM buckets WHERE id = ?", (row["id"],))
            if len(rows) <= DELETED_AT_ONCE:
                self._db.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,))
                return JSONResponse({"state": "in_sync"})
        left = len(rows) - DELETED_AT_ONCE
        return JSONResponse({"state": "pending", "sentence": f"{left} buckets are left.", "retry_after_s": 0.5})

    def _found(self, request: Request) -> sqlite3.Row:
        mine = (request.path_params["id"], request.path_params["subscription_id"])
        row = self._one("SELECT * FROM buckets WHERE id = ? AND subscription_id = ? AND state != 'reserving'", *mine)
        if row is None:
            raise Refused(404, "bucket.not_found", f"There is no bucket {mine[0]}.", "List the buckets.")
        return row

    def _view(self, row: sqlite3.Row) -> dict[str, Any]:
        of = self._one("SELECT state FROM subscriptions WHERE id = ?", row["subscription_id"])
        state = "suspended" if of is not None and of["state"] == "suspended" else row["state"]
        return {
            "id": row["id"],
            "name": row["name"],
            "gib": row["gib"],
            "state": state,
            "created_at": row["created_at"],
        }

    def _forget(self, bucket_id: str) -> None:
        with self._db:
            self._db.execute("DELETE FROM buckets WHERE id = ?", (bucket_id,))

    def _one(self, sql: str, *values: Any) -> Any:
        return self._db.execute(sql, values).fetchone()


def application(buckets: Buckets, zaffre: Zaffre, meter_every_s: float) -> Starlette:
    """Put the program together."""

    def route(path: str, endpoint: Endpoint, method: str, *, open_to_all: bool = False) -> Route:
        async def answer(request: Request) -> Response:
            try:
                body = await request.body()
                claims = {} if open_to_all else await zaffre.verify(request, body)
                return await endpoint(request, body, claims)
            except Refused as refusal:
                return refusal.response

        return Route(path, answer, methods=[method])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(_sweep_at_last(buckets)), tasks.create_task(_meter(buckets, meter_every_s))]
            yield
            for task in keeping:
                task.cancel()
        buckets.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            route("/description", buckets.describe, "GET", open_to_all=True),
            route("/health", buckets.health, "GET", open_to_all=True),
            route("/quotas", buckets.apply_quotas, "POST"),
            route("/usage", buckets.usage, "GET"),
            route("/subscriptions/{subscription_id}", buckets.subscription_changed, "PUT"),
            route("/subscriptions/{subscription_id}/buckets", buckets.list, "GET"),
            route("/subscriptions/{subscription_id}/buckets", buckets.create, "POST"),
            route("/subscriptions/{subscription_id}/buckets/{id}", buckets.show, "GET"),
            route("/subscriptions/{subscription_id}/buckets/{id}", buckets.change, "PATCH"),
            route("/subscriptions/{subscription_id}/buckets/{id}", buckets.delete, "DELETE"),
        ],
    )


async def _sweep_at_last(buckets: Buckets) -> None:
    """Sweep once Zaffre answers: before it is registered there is nothing to sweep."""
    while True:
        try:
            await buckets.sweep()
        except (Refused, httpx.HTTPError, OSError):
            await asyncio.sleep(1)
        else:
            return


async def _meter(buckets: Buckets, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        buckets.meter()


def _checked(wanted: dict[str, Any], names: set[str]) -> tuple[str, int]:
    name, gib = wanted.get("name"), wanted.get("gib")
    letters = set("abcdefghijklmnopqrstuvwxyz0123456789-")
    if not isinstance(name, str) or not 3 <= len(name) <= 63 or not set(name) <= letters or set(wanted) != names:
        raise Refused(400, "bucket.invalid", "Give a name and a size.", "A name has 3 to 63 of a-z, 0-9 and -.", "name")
    if not isinstance(gib, int) or isinstance(gib, bool) or not 1 <= gib <= 1000:
        raise Refused(400, "bucket.invalid", "The size must be a whole number.", "Choose 1 to 1000 GiB.", "gib")
    return name, gib


def _now() -> str:
    return _instant(time.time())


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(description="Object buckets for Zaffre")
    parser.add_argument("--zaffre", required=True, help="address of the admin API")
    parser.add_argument("--zaffre-ca", type=Path, help="certificate that vouches for it")
    parser.add_argument("--access-key-file", type=Path, required=True, help="file with the key from registering")
    parser.add_argument("--database", type=Path, default=Path("buckets.sqlite"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=30443)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--meter-every", type=float, default=300, metavar="SECONDS")
    options = parser.parse_args()
    trust = ssl.create_default_context(cafile=options.zaffre_ca and str(options.zaffre_ca))
    http = httpx.AsyncClient(base_url=options.zaffre, verify=trust, timeout=10.0)
    zaffre = Zaffre(http, options.access_key_file)
    app = application(Buckets(options.database, zaffre), zaffre, options.meter_every)
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
