"""Speaking to programs: signed, over connections that were looked at, within bounds of time and size."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httpcore

from zaffre.foundation.clock import Clock
from zaffre.foundation.errors import DomainError, InvalidInput
from zaffre.foundation.ids import IdSource
from zaffre.foundation.outbound.guarded import guarded_pool, is_tls_failure
from zaffre.foundation.outbound.targets import TargetRefused, Targets
from zaffre.foundation.secrets import Keyring, SealedSecret
from zaffre.foundation.settings import ProviderSettings
from zaffre.management.external.signing import OnBehalf, Signer
from zaffre.management.external.tables import ResourceProviderRow

KEEP_ALIVE_S = 15.0
USER_AGENT = "Zaffre-Providers/1"
DETAIL_CHARACTERS = 500


class ProviderUnreachable(DomainError):
    """A program gave no answer that can be used."""

    code = "provider.unreachable"
    title = "The resource provider does not answer"
    status = 502

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(
            f"Resource provider {name} could not be asked: {cause}.",
            remedy="Try again in a moment. Its operator sees the cause under its health.",
            target=name,
        )
        self.cause = cause


class ProviderTimedOut(ProviderUnreachable):
    """A program took longer than it may."""

    code = "provider.timeout"
    title = "The resource provider took too long"
    status = 504


class ProviderRefused(DomainError):
    """A program said no."""

    code = "provider.refused"
    title = "The resource provider refused"
    status = 409

    def __init__(self, name: str, answer: "Answer") -> None:
        told = answer.problem
        super().__init__(
            told.get("detail") or f"Resource provider {name} answered with status {answer.status}.",
            remedy=told.get("remedy") or "Correct what was asked for.",
            target=told.get("target") or name,
        )


@dataclass(frozen=True)
class Answer:
    """What a program answered."""

    status: int
    body: Any
    """Its JSON; None when there was none."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def told(self) -> dict[str, Any]:
        """What it says, when that is an object; else nothing."""
        return told(self.body)

    @property
    def good(self) -> bool:
        """Whether it did as it was asked."""
        return 200 <= self.status < 300

    @property
    def problem(self) -> Mapping[str, str]:
        """What it says of why it did not, as far as that is text of a bearable length."""
        found = self.told
        names = ("code", "title", "detail", "remedy", "target")
        return {name: found[name][:DETAIL_CHARACTERS] for name in names if isinstance(found.get(name), str)}


def told(value: Any) -> dict[str, Any]:
    """Return an object of JSON; an empty one when it is something else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any] | None:
    """Return an array of JSON; None when it is something else."""
    return cast("list[Any]", value) if isinstance(value, list) else None


@dataclass(frozen=True)
class Address:
    """Where a program is, and how it proves that it is the one."""

    name: str
    url: str
    ca_certificates: str | None

    @property
    def path(self) -> str:
        """The path that comes before those of the contract."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """Scheme and host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class Line:
    """Connections to one program, with the key that signs what it is asked."""

    def __init__(self, address: Address, signer: Signer, targets: Targets, settings: ProviderSettings) -> None:
        """Prepare to speak; nothing is connected yet.

        Raises:
            InvalidInput: its certificates are none.
        """
        self._address = address
        self._signer = signer
        self._targets = targets
        self._settings = settings
        try:
            self._pool = guarded_pool(
                targets,
                connections=settings.connections,
                keep_alive_s=KEEP_ALIVE_S,
                ca_pem=address.ca_certificates,
            )
        except (ssl.SSLError, ValueError):
            raise InvalidInput(
                "The certificates cannot be read.",
                remedy="Give one or more certificates in PEM: -----BEGIN CERTIFICATE----- …",
                target="ca_certificates",
            ) from None

    async def ask(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        on_behalf: OnBehalf | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Ask for something and return the answer: what was asked for, or why the program refuses it.

        Args:
            method: of HTTP.
            path: below the program's address, with its query.
            content: the body, as JSON; None for none.
            on_behalf: the tenant whose request it is; None: Zaffre's own.
            headers: to send besides those of every request.
            timeout_s: how long it may take; None: as the settings say.

        Raises:
            ProviderUnreachable: there was no answer, or none that can be used.
        """
        body = b"" if content is None else json.dumps(content, separators=(",", ":")).encode()
        target = self._address.path + path
        token = self._signer.token(method, target, body, on_behalf)
        sent = {"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": USER_AGENT}
        sent |= {"Content-Type": "application/json"} if body else {}
        answer = await self._exchange(
            method, target, sent | dict(headers or {}), body, timeout_s or self._settings.timeout_s
        )
        if not (answer.good or (400 <= answer.status < 500 and answer.status not in (401, 403))):
            cause = f"it answered with status {answer.status}"
            detail = answer.problem.get("detail")
            raise ProviderUnreachable(self._address.name, f"{cause} ({detail})" if detail else cause)
        return answer

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.aclose()

    async def _exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> Answer:
        name = self._address.name
        try:
            self._targets.check_url(self._address.url)
            async with asyncio.timeout(timeout_s):
                return await self._read(method, target, headers, body, timeout_s)
        except TargetRefused as refusal:
            raise ProviderUnreachable(name, refusal.detail.rstrip(".")) from None
        except (TimeoutError, httpcore.TimeoutException):
            raise ProviderTimedOut(name, f"it did not answer within {timeout_s:g} s") from None
        except httpcore.ConnectError as failure:
            cause = "its certificate is not trusted" if is_tls_failure(failure) else "no connection can be made"
            raise ProviderUnreachable(name, cause) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise ProviderUnreachable(name, "the connection was broken off") from None

    async def _read(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> Answer:
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)}
        url, limit = self._address.origin + target, self._settings.answer_limit_bytes
        sent: dict[bytes | str, bytes | str] = {**headers}
        content = bytearray()
        async with self._pool.stream(method, url, headers=sent, content=body, extensions=extensions) as response:
            async for part in response.aiter_stream():
                content += part
                if len(content) > limit:
                    raise ProviderUnreachable(self._address.name, f"its answer is larger than {limit} bytes")
        received = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers}
        return Answer(response.status, self._parsed(bytes(content), response.status), received)

    def _parsed(self, content: bytes, status: int) -> Any:
        if not content:
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            if status >= 400:
                return None  # the status says enough
            raise ProviderUnreachable(self._address.name, "its answer is not JSON") from None


class Lines:
    """The lines of one process, opened when they are needed and anew when an address or a key has changed."""

    def __init__(self, settings: ProviderSettings, keyring: Keyring, clock: Clock, ids: IdSource) -> None:
        self.settings = settings
        self.targets = Targets(settings, "providers.allow_networks")
        self._keyring = keyring
        self._clock = clock
        self._ids = ids
        self._lines: dict[str, tuple[Any, Line]] = {}
        self._replaced: list[Line] = []

    def to(self, row: ResourceProviderRow) -> Line:
        """Return the line to a program.

        Raises:
            InvalidInput: its certificates are none.
        """
        state = (row.name, row.url, row.ca_certificates, row.sealed_key)
        known = self._lines.get(row.id)
        if known is not None and known[0] == state:
            return known[1]
        private = self._keyring.open(SealedSecret(row.sealed_key))
        signer = Signer(row.name, private, self._clock, self._ids)
        line = Line(Address(row.name, row.url, row.ca_certificates), signer, self.targets, self.settings)
        if known is not None:
            self._replaced.append(known[1])  # it ends its requests by itself
        self._lines[row.id] = (state, line)
        return line

    async def close(self) -> None:
        """Let go of all connections."""
        for line in (*self._replaced, *(line for _, line in self._lines.values())):
            await line.close()
        self._lines.clear()
        self._replaced.clear()
