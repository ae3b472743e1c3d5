"""Asking a program about a change: one signed question, over a connection that was looked at, within bounds.

The status decides: below 300 approves, from 400 on refuses. A redirection is followed nowhere and approves nothing, and
what proxies say of a program that is away (408, 429, 502, 503, 504) is no answer of the program's.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import httpcore
from pydantic import SecretStr

from zaffre.foundation.outbound.guarded import guarded_pool, is_tls_failure
from zaffre.foundation.outbound.targets import TargetRefused, Targets
from zaffre.foundation.settings import ProviderSettings
from zaffre.management.webhooks.signatures import signed_headers

REASON_CHARACTERS = 500
READ_BYTES = 16_384
"""As much of an answer is read."""
POOLS = 64
"""Kept for programs with certificates of their own, because reading certificates takes longer than most questions."""
USER_AGENT = "Zaffre-Approvals/1"
NO_ANSWERS = frozenset({408, 429, 502, 503, 504})


class AskOutcome(StrEnum):
    """What came of a question."""

    APPROVED = "approved"
    REFUSED = "refused"
    SILENT = "silent"
    """There was no answer that counts."""


class AskTrigger(StrEnum):
    """Why a program was asked."""

    IN_LINE = "in_line"
    """Whoever wants the change waits for the answer."""
    COURIER = "courier"
    """The change request waits."""
    TRIAL = "trial"


@dataclass(frozen=True)
class Question:
    """What a program is asked."""

    program_id: str
    program_name: str
    url: str
    ca_certificates: str | None
    timeout_s: float
    when_silent: str
    keys: Sequence[SecretStr]
    message_id: str
    """The same each time that the same is asked: the change request's id."""
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What came of asking."""

    outcome: AskOutcome
    duration_ms: int
    status: int | None = None
    error: str | None = None
    """Why there is no answer: `timeout`, `no_connection`, `tls`, `broken_off`, `target_refused` or `no_verdict`."""
    reason: str = ""
    """What the program said: plain text of bounded length."""


@dataclass
class _Line:
    """The way to programs whose certificates are alike."""

    pool: httpcore.AsyncConnectionPool
    users: int = 0
    """Questions that are under way."""


class Asking:
    """Sends questions; keeps no connection."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.targets = Targets(settings, "providers.allow_networks")
        self._connections = settings.connections
        self._lines: dict[str | None, _Line] = {}
        """By certificates, the one that was used last at the end."""

    async def ask(self, question: Question, at: datetime, within_s: float | None = None) -> Verdict:
        """Ask, and return what came of it: within the time that the program has, and within `within_s` if given."""
        began_s = time.monotonic()
        seen: list[int] = []
        content = bytearray()
        error = None
        timeout_s = question.timeout_s if within_s is None else min(question.timeout_s, within_s)
        try:
            self.targets.check_url(question.url)
            async with asyncio.timeout(timeout_s):
                await self._exchange(question, at, timeout_s, seen, content)
        except TargetRefused:
            error = "target_refused"
        except (TimeoutError, httpcore.TimeoutException):
            error = "timeout"
        except httpcore.ConnectError as failure:
            error = "tls" if is_tls_failure(failure) else "no_connection"
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError):
            error = "broken_off"
        duration_ms = round((time.monotonic() - began_s) * 1000)
        # A status that came before the rest was broken off is an answer; only its reason is cut short.
        if seen:
            return _verdict(seen[0], bytes(content), duration_ms)
        return Verdict(AskOutcome.SILENT, duration_ms, error=error)

    async def close(self) -> None:
        """Let go of connections."""
        lines = list(self._lines.values())
        self._lines.clear()
        for line in lines:
            await line.pool.aclose()

    async def _exchange(
        self, question: Question, at: datetime, timeout_s: float, seen: list[int], content: bytearray
    ) -> None:
        body = json.dumps(question.content, separators=(",", ":")).encode()
        sent: dict[bytes | str, bytes | str] = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Accept": "application/json, text/plain",
            **signed_headers(question.message_id, body, at, question.keys),
        }
        extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)}
        async with (
            self._line(question.ca_certificates) as pool,
            pool.stream("POST", question.url, headers=sent, content=body, extensions=extensions) as response,
        ):
            seen.append(response.status)
            async for part in response.aiter_stream():
                content += part[: READ_BYTES - len(content)]
                if len(content) >= READ_BYTES:
                    break

    @asynccontextmanager
    async def _line(self, ca_certificates: str | None) -> AsyncGenerator[httpcore.AsyncConnectionPool]:
        """Lend the way to programs with these certificates; it stays open until its last user is done."""
        line = self._lines.pop(ca_certificates, None) or self._new_line(ca_certificates)
        self._lines[ca_certificates] = line
        line.users += 1
        try:
            yield line.pool
        finally:
            line.users -= 1
            await self._make_room()

    def _new_line(self, ca_certificates: str | None) -> _Line:
        return _Line(guarded_pool(self.targets, connections=self._connections, ca_pem=ca_certificates))

    async def _make_room(self) -> None:
        """Let go of what nobody uses and was not used for longest, down to as many as are kept."""
        idle = [certificates for certificates, line in self._lines.items() if not line.users]
        surplus = max(0, len(self._lines) - POOLS)
        for line in [self._lines.pop(each) for each in idle[:surplus]]:
            await line.pool.aclose()


def _verdict(status: int, content: bytes, duration_ms: int) -> Verdict:
    reason = _reason(content)
    if 200 <= status < 300:
        return Verdict(AskOutcome.APPROVED, duration_ms, status, reason=reason)
    if status >= 400 and status not in NO_ANSWERS:
        return Verdict(AskOutcome.REFUSED, duration_ms, status, reason=reason)
    return Verdict(AskOutcome.SILENT, duration_ms, status, "no_verdict", reason)


def _reason(content: bytes) -> str:
    """Return what an answer says for people: a field of its JSON, or its text; markup says nothing."""
    text = content.decode(errors="replace").strip()
    if text.startswith(("{", "[", "<", '"')):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        fields = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
        found = [fields.get(name) for name in ("reason", "detail", "title")]
        text = next((each for each in found if isinstance(each, str) and each), "")
    shown = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    return shown.strip()[:REASON_CHARACTERS]
