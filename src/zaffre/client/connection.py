"""One face of a Zaffre server: sends requests, signs them, tries again, and turns refusals into errors."""

import ssl
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr, ValidationError

from zaffre.client.clock import Clock
from zaffre.client.credentials import Credentials
from zaffre.client.models import RefreshBody, TokensView
from zaffre.client.problems import ZaffreError, error_of, local_problem, unreachable
from zaffre.client.retries import TRY_AGAIN, RetryPolicy
from zaffre.client.wire import Wire

READING = ("GET", "HEAD")
ViewT = TypeVar("ViewT", bound=Wire)


@dataclass(frozen=True)
class Call:
    """A request before it is signed."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes | None = None
    stream: Callable[[], Iterator[bytes]] | None = None
    """Makes the body anew for each try, where it is too large to be held."""
    read_timeout_s: float | None = None
    """How long the answer may stay silent, where that is not the usual."""
    persistent: bool = True
    """Whether to try again by itself when no answer comes."""


class Connection:
    """The API at one base URL."""

    def __init__(
        self,
        url: str,
        http: httpx.Client,
        credentials: Credentials,
        retries: RetryPolicy,
        clock: Clock,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Speak to the server at `url`.

        Args:
            url: scheme, host and port.
            http: sends the requests.
            credentials: signs them; shared by all connections of a client.
            retries: when to send again.
            clock: tells the time and waits.
            trust: whom WebSockets trust, where that is not the usual.
        """
        self.url = url.rstrip("/")
        self.credentials = credentials
        self.retries = retries
        self.clock = clock
        self.trust = trust
        self._http = http

    def ask(
        self,
        method: str,
        path: str,
        body: Wire | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        if_match: int | None = None,
        signed: bool = True,
        read_timeout_s: float | None = None,
    ) -> httpx.Response:
        """Send a request and return its answer.

        Args:
            method: the HTTP method.
            path: on the server, with its query if it is a nextLink.
            body: what to send; only fields that were set are sent.
            parameters: the query; those that are None are left out.
            if_match: the generation that the resource must still have.
            signed: whether to say who asks.
            read_timeout_s: how long the server may stay silent, where that is not the usual.

        Raises:
            ZaffreError: the server refused.
            Unreachable: no server answered.
        """
        headers = {} if method in READING else {"Idempotency-Key": str(uuid.uuid4())}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = body.model_dump_json(exclude_unset=True, by_alias=True).encode()
        query = {name: str(value) for name, value in (parameters or {}).items() if value is not None}
        return self.send(Call(method, path, query, headers, content, read_timeout_s=read_timeout_s), signed=signed)

    def send(self, call: Call, *, signed: bool = True) -> httpx.Response:
        """Send a prepared request and return its answer, read.

        Raises:
            ZaffreError: the server refused.
            Unreachable: no server answered.
        """
        with self.open(call, signed=signed, whole=True) as response:
            return response

    @contextmanager
    def open(self, call: Call, *, signed: bool = True, whole: bool = False) -> Generator[httpx.Response]:
        """Send a prepared request and give out its answer while that still comes in.

        Args:
            call: the request.
            signed: whether to say who asks.
            whole: read all of the answer first, so that one which breaks off counts as a failed try.

        Raises:
            ZaffreError: the server refused.
            Unreachable: no server answered, or the answer broke off.
        """
        response = self._signed(call, read=whole) if signed else self._persistent(call, None, read=whole)
        try:
            if not response.is_success:
                response.read()
                raise error_of(response)
            yield response
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error
        finally:
            response.close()

    def patient(self) -> "Connection":
        """Return a connection that waits out a restart of the server."""
        return Connection(self.url, self._http, self.credentials, self.retries.patient(), self.clock, self.trust)

    def get(self, path: str, view: type[ViewT], parameters: Mapping[str, Any] | None = None) -> ViewT:
        """Read a resource.

        Raises:
            ZaffreError: the server refused.
            Unreachable: no server answered.
        """
        return parsed(self.ask("GET", path, parameters=parameters), view)

    def _signed(self, call: Call, *, read: bool) -> httpx.Response:
        """Send a signed request; if the token turns out to be bad, renew it and send the same once more."""
        bearer = self.credentials.bearer
        if self.credentials.due(self.clock.now()):
            bearer = self._renewed(bearer)
        response = self._persistent(call, bearer, read=read)
        if response.status_code != 401 or not self.credentials.renewable:
            return response
        response.close()
        return self._persistent(call, self._renewed(bearer), read=read)

    def _renewed(self, spent: str | None) -> str | None:
        """Return the access token that follows one which is not good any more."""
        self.credentials.renew(spent, self._exchange)
        return self.credentials.bearer

    def _persistent(self, call: Call, bearer: str | None, *, read: bool) -> httpx.Response:
        """Send a request until it is answered with anything but "not now", or patience is at its end."""
        attempt = 0
        while True:
            attempt += 1
            answer = self._once(call, bearer, read=read)
            response = answer if isinstance(answer, httpx.Response) else None
            if response is not None and response.status_code not in TRY_AGAIN:
                return response
            delay_s = self.retries.delay_s(attempt, self.clock.chance(), response)
            if delay_s is None or not call.persistent:
                break
            if response is not None:
                response.close()
            self.clock.sleep(delay_s)
        if isinstance(answer, httpx.Response):
            return answer
        raise unreachable(self.url, answer) from None

    def _once(self, call: Call, bearer: str | None, *, read: bool) -> httpx.Response | httpx.TransportError:
        response = None
        try:
            response = self._http.send(self._request(call, bearer), stream=True)
            if read:
                response.read()
        except httpx.TransportError as error:
            if response is not None:
                response.close()
            return error
        return response

    def _request(self, call: Call, bearer: str | None) -> httpx.Request:
        headers = dict(call.headers)
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        timeout = self._http.timeout
        if call.read_timeout_s is not None:
            timeout = httpx.Timeout(**{**timeout.as_dict(), "read": call.read_timeout_s})
        return self._http.build_request(
            call.method,
            f"{self.url}{call.path}",
            params=dict(call.parameters) or None,
            headers=headers,
            content=call.stream() if call.stream else call.content,
            timeout=timeout,
        )

    def _exchange(self, refresh_token: str) -> TokensView:
        body = RefreshBody(refresh_token=SecretStr(refresh_token))
        return parsed(self.ask("POST", "/sessions/refresh", body, signed=False), TokensView)


def parsed(response: httpx.Response, view: type[ViewT]) -> ViewT:
    """Return what an answer holds.

    Raises:
        ZaffreError: it is not what the API's description promises.
    """
    try:
        return view.model_validate_json(response.content)
    except ValidationError as error:
        raise strange_answer(response, error) from None


def strange_answer(response: httpx.Response, cause: Exception | str) -> ZaffreError:
    """Return the error for an answer that the client cannot make sense of.

    What the answer holds is not repeated: it may be a token.
    """
    faults = cause.errors(include_input=False, include_url=False)[:3] if isinstance(cause, ValidationError) else []
    places = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults]
    reason = "; ".join(places) or str(cause)
    return ZaffreError(
        local_problem(
            "strange_answer",
            "The server's answer makes no sense",
            f"{response.request.method} {response.url}: {reason}",
            "Check that the address is Zaffre's and that client and server are not too many versions apart.",
        )
    )
