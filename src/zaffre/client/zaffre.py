"""The client itself: where everything that the API offers begins."""

import ssl
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from zaffre.client.administration import Administration
from zaffre.client.clock import Clock
from zaffre.client.collection import Listing
from zaffre.client.connection import Connection
from zaffre.client.credentials import CertificateFiles, Credentials
from zaffre.client.models import LivenessView, MeterView
from zaffre.client.problems import ZaffreError, local_problem
from zaffre.client.resources.accounts import OwnAccount
from zaffre.client.resources.api_tokens import ApiTokens
from zaffre.client.resources.approvals import ChangeRequests
from zaffre.client.resources.client_certificates import ClientCertificates
from zaffre.client.resources.events import Events
from zaffre.client.resources.members import Invitations
from zaffre.client.resources.money import Statements
from zaffre.client.resources.operations import Operations
from zaffre.client.resources.plans import OfferedPlans
from zaffre.client.resources.search import Search
from zaffre.client.resources.sessions import Sessions
from zaffre.client.resources.subscriptions import Subscriptions, SubscriptionScope
from zaffre.client.retries import RetryPolicy

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Zaffre:
    """A Zaffre site, as one caller sees it. Close it, or use it in a `with` block. Threads may share it."""

    def __init__(
        self,
        url: str | None = None,
        *,
        admin_url: str | None = None,
        credentials: Credentials | None = None,
        ca_file: Path | None = None,
        certificate: CertificateFiles | None = None,
        user_agent: str = "zaffre-client-python",
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        retries: RetryPolicy | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Set out to talk to a site; nothing is sent yet.

        Args:
            url: of the public face, for example `https://cloud.example:30006`. An administrator may leave it out.
            admin_url: of the admin face, for `admin`.
            credentials: who calls; left out, sign in with `sessions.sign_in`.
            ca_file: certificates to trust besides the system's, for a site with its own authority.
            certificate: who calls, to the public face, where no credentials say so; it is registered there.
            user_agent: what the program calls itself; shown in the list of one's sessions.
            answer_timeout_s: how long the server may stay silent.
            retries: when requests are sent again.
            transport: carries the requests, for tests.
            clock: tells the time and waits, for tests.

        Raises:
            ZaffreError: no URL was given, or one that cannot be used; or the certificate cannot.
        """
        self.credentials = credentials or Credentials()
        self._urls = [_checked(given) for given in (url, admin_url) if given is not None]
        if not self._urls:
            raise _bad_url("", "No URL was given.")
        trust = _trust(ca_file, certificate)
        self._http = httpx.Client(
            transport=transport,
            verify=trust or True,
            timeout=httpx.Timeout(answer_timeout_s, connect=min(answer_timeout_s, CONNECT_TIMEOUT_S)),
            headers={"User-Agent": user_agent, "Accept": "application/json"},
            trust_env=not all(urlsplit(known).hostname in _LOOPBACK for known in self._urls),
        )
        policy, time = retries or RetryPolicy(), clock or Clock()
        self._public = Connection(self._urls[0], self._http, self.credentials, policy, time, trust)
        self._admin = (
            Connection(admin_url, self._http, self.credentials, policy, time, trust) if admin_url is not None else None
        )

    @cached_property
    def sessions(self) -> Sessions:
        """Signing in and out."""
        return Sessions(self._public)

    @cached_property
    def account(self) -> OwnAccount:
        """One's own account."""
        return OwnAccount(self._public)

    @cached_property
    def api_tokens(self) -> ApiTokens:
        """One's API tokens."""
        return ApiTokens(self._public)

    @cached_property
    def client_certificates(self) -> ClientCertificates:
        """One's client certificates."""
        return ClientCertificates(self._public)

    @cached_property
    def plans(self) -> OfferedPlans:
        """The plans on offer."""
        return OfferedPlans(self._public)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """One's subscriptions."""
        return Subscriptions(self._public)

    @cached_property
    def statements(self) -> Statements:
        """The closed statements that one's account got, those of ended subscriptions too."""
        return Statements(self._public)

    @cached_property
    def change_requests(self) -> ChangeRequests:
        """One's requests for changes that need an approval."""
        return ChangeRequests(self._public)

    @cached_property
    def invitations(self) -> Invitations:
        """The invitations that wait for one's answer."""
        return Invitations(self._public)

    @cached_property
    def operations(self) -> Operations:
        """One's operations."""
        return Operations(self._public)

    @cached_property
    def search(self) -> Search:
        """Finding one's things: call it with a text."""
        return Search(self._public)

    def meters(self) -> Sequence[MeterView]:
        """Return what is measured for billing."""
        return list(Listing(self._public, "/meters", MeterView).all())

    @cached_property
    def events(self) -> Events:
        """The events that one may see."""
        return Events(self._public)

    @cached_property
    def admin(self) -> Administration:
        """What only administrators may do.

        Raises:
            ZaffreError: the client was made without `admin_url`.
        """
        if self._admin is None:
            raise ZaffreError(
                local_problem(
                    "no_admin_url",
                    "The address of the admin API is not known",
                    "This needs the admin API, and only the public one is known.",
                    "Give the client an `admin_url`.",
                )
            )
        return Administration(self._admin)

    def subscription(self, subscription_id: str) -> SubscriptionScope:
        """Return what is inside a subscription."""
        return SubscriptionScope(self._public, subscription_id)

    def alive(self) -> LivenessView:
        """Ask whether the server answers, and which version it is. Needs no sign-in.

        Raises:
            Unreachable: it does not.
        """
        return self._public.get("/healthz", LivenessView)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _trust(ca_file: Path | None, certificate: CertificateFiles | None) -> ssl.SSLContext | None:
    if ca_file is None and certificate is None:
        return None
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if certificate is not None:
        certificate.load_into(context)
    return context


def _checked(url: str) -> str:
    """Return a URL that can be used.

    Raises:
        ZaffreError: it cannot.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise _bad_url(url, f"{url!r} is not the address of a server.")
    return url


def _bad_url(url: str, detail: str) -> ZaffreError:
    remedy = "Write it like https://cloud.example:30006."
    return ZaffreError(local_problem("bad_url", "The URL cannot be used", detail, remedy, target=url or None))
