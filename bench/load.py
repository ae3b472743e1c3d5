"""Clients that cost little, so that what is measured is the server: connections that stay open, one thread each."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT_S = 60.0
IDLE_S = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back, and how long it took."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the decoded body."""
        return json.loads(self.body)


class Connection:
    """One connection to one face of the API."""

    def __init__(self, url: str, bearer: str | None = None) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
        self._used_s = time.perf_counter()
        self._headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    def get(self, path: str) -> Answer:
        """Ask."""
        return self._exchange("GET", path, None, {})

    def post(self, path: str, body: Any, *, bearer: str | None = None, prefer: str | None = None) -> Answer:
        """Send something as JSON."""
        headers = {"Content-Type": "application/json"}
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if prefer:
            headers["Prefer"] = prefer
        return self._exchange("POST", path, json.dumps(body).encode(), headers)

    def patch(self, path: str, body: Any) -> Answer:
        """Change something."""
        return self._exchange("PATCH", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def sign_in(self, email: str, password: str) -> str:
        """Open a session; returns its access token."""
        return str(self.post("/sessions", {"email": email, "password": password}).json()["access_token"])

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if time.perf_counter() - self._used_s > IDLE_S:
            self._http.close()  # the server may have hung up; the request connects again
        started_s = self._used_s = time.perf_counter()
        self._http.request(method, quote(path, safe="/?&=$"), body, self._headers | headers)
        answer = self._http.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started_s
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content, seconds)


@contextmanager
def connected(url: str, bearer: str | None = None) -> Iterator[Connection]:
    """Open a connection for a while."""
    connection = Connection(url, bearer)
    try:
        yield connection
    finally:
        connection.close()


def ask(
    url: str, bearer: str | None, count: int, clients: int, request: Callable[[Connection, int], Answer]
) -> list[Answer]:
    """Make `count` requests, numbered from 0, over as many connections as there are clients."""
    numbers = itertools.count()
    lock = threading.Lock()

    def client(_: int) -> list[Answer]:
        answers: list[Answer] = []
        with connected(url, bearer) as connection:
            while True:
                with lock:
                    number = next(numbers)
                if number >= count:
                    return answers
                answers.append(request(connection, number))

    with ThreadPoolExecutor(clients) as pool:
        return [answer for answers in pool.map(client, range(clients)) for answer in answers]


def read_seconds(url: str, bearer: str, count: int, clients: int, path: Callable[[int], str]) -> list[float]:
    """Read `count` paths over some connections at once; returns how long each took.

    Raises:
        RuntimeError: something else than the content was answered.
    """
    answers = ask(url, bearer, count, clients, lambda connection, number: connection.get(path(number)))
    bad = next((answer for answer in answers if answer.status != 200), None)
    if bad is not None:
        raise RuntimeError(f"answered {bad.status}: {bad.body.decode()}")
    return [answer.seconds for answer in answers]
