"""Rate limits: how many requests one caller, and one address, may send.

Token buckets in the memory of each process: a bucket fills steadily and holds as much as may come at once. What is left
is told with every answer in the header fields of draft-ietf-httpapi-ratelimit-headers, so that programs need not find
out by being refused.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import DomainError
from zaffre.foundation.http.problems import problem_response
from zaffre.foundation.settings import RateLimitSettings

WINDOW_S = 60
REMEMBERED = 50_000
"""Buckets of so many callers are kept; those longest unused are forgotten, which at worst fills them."""
IPV6_PREFIX = 64
"""As much of an IPv6 address as names a customer: each has more addresses than can be counted."""
VERDICTS = "rate_verdicts"


class TooManyRequests(DomainError):
    """The caller, or the address, has sent as much as it may for now."""

    code = "service.rate_limited"
    title = "Too many requests"
    status = 429
    transient = True

    def __init__(self, verdict: "Verdict") -> None:
        super().__init__(
            f"This {verdict.policy} may send {verdict.quota} requests a minute.",
            remedy=f"Try again in {verdict.wait_s} s, and spread requests: see the RateLimit header of every answer.",
        )


@dataclass(frozen=True)
class Verdict:
    """What one limit says of one request."""

    policy: str
    quota: int
    """Requests in a minute."""
    left: int
    """As many may come at once now."""
    wait_s: int
    """Until there is room for one more (0 when there is); as a header, until the bucket is full again."""
    full_in_s: int
    passed: bool


@dataclass
class _Bucket:
    tokens: float
    at_s: float


@dataclass
class Limit:
    """One kind of limit, with a bucket for each who is held to it."""

    policy: str
    quota: int
    burst: int
    clock: Clock
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict[str, _Bucket])

    def take(self, who: str) -> Verdict:
        """Take a token from somebody's bucket, if there is one."""
        now_s, rate = self.clock.monotonic_s(), self.quota / WINDOW_S
        bucket = self._buckets.setdefault(who, _Bucket(self.burst, now_s))
        self._buckets.move_to_end(who)
        bucket.tokens = min(self.burst, bucket.tokens + (now_s - bucket.at_s) * rate)
        bucket.at_s = now_s
        passed = bucket.tokens >= 1
        bucket.tokens -= 1 if passed else 0
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        wait_s = 0 if bucket.tokens >= 1 else max(1, math.ceil((1 - bucket.tokens) / rate))
        full_in_s = math.ceil((self.burst - bucket.tokens) / rate)
        return Verdict(self.policy, self.quota, int(bucket.tokens), wait_s, full_in_s, passed)


class RateLimits:
    """The limits of one face in one process."""

    def __init__(self, settings: RateLimitSettings, clock: Clock) -> None:
        share = settings.processes
        self._callers = Limit(
            "caller", max(1, settings.caller_per_minute // share), max(1, settings.caller_burst // share), clock
        )
        self._addresses = Limit(
            "address", max(1, settings.address_per_minute // share), max(1, settings.address_burst // share), clock
        )

    def of_address(self, address: str | None) -> Verdict:
        """Count a request of an address, before anything else is looked at."""
        return self._addresses.take(network_of(address))

    def of_caller(self, caller_id: str) -> Verdict:
        """Count a request of somebody who is known."""
        return self._callers.take(caller_id)


class RateLimited:
    """Wraps a face: holds addresses to their limit, and tells with each answer what is left."""

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        verdicts: list[Verdict] = state.setdefault(VERDICTS, [])
        client: tuple[str, int] | None = scope.get("client")
        verdicts.append(self._limits.of_address(client[0] if client else None))

        async def tell(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                refused = message["status"] == TooManyRequests.status
                message["headers"] = [*message.get("headers", []), *_headers(verdicts, refused=refused)]
            await send(message)

        if verdicts[0].passed:
            await self._app(scope, receive, tell)
        elif scope["type"] == "http":
            await problem_response(TooManyRequests(verdicts[0]), state.get("request_id"))(scope, receive, tell)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "Too many requests."})


def network_of(address: str | None) -> str:
    """Return what an address is counted as: itself, or with IPv6 the network that one customer has."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def _headers(verdicts: Sequence[Verdict], *, refused: bool) -> list[tuple[bytes, bytes]]:
    """Return the header fields, as structured fields (RFC 9651)."""
    policies = ", ".join(f'"{each.policy}";q={each.quota};w={WINDOW_S}' for each in verdicts)
    left = ", ".join(f'"{each.policy}";r={each.left};t={each.full_in_s}' for each in verdicts)
    told = [(b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode())]
    waits_s = [each.wait_s for each in verdicts if not each.passed]
    return [*told, (b"retry-after", str(max(waits_s)).encode())] if refused and waits_s else told
