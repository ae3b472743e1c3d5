"""Signing in with an account elsewhere: through a real OpenID provider, and against one that means harm."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from support.cloud import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    PASSWORD,
    Answer,
    Client,
    SimulatedCloud,
    cloud_settings,
    running_cloud,
)
from support.openid_provider import CLIENT_ID, CLIENT_SECRET, openid_provider
from zaffre.edge.faces import Face
from zaffre.foundation.database import Database
from zaffre.foundation.settings import FederationSettings
from zaffre.identity.federation.conversation import Conversation
from zaffre.identity.tables import AccountRow

PORTAL = "http://127.0.0.1:30081"
REDEEM = "/federated-sign-ins/redeem"
IDENTITIES = "/accounts/me/identities"
FLAGS = "parts=api", "federation.allow_networks=127.0.0.0/8,::1/128", "federation.allow_plain_http=true"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid_provider([f"{PORTAL}/signed-in"]) as issuer:
        yield issuer


@pytest.fixture
async def cloud(database: Database, tmp_path: Path) -> AsyncIterator[SimulatedCloud]:
    url = database.url if not database.is_sqlite else ""
    async with running_cloud(cloud_settings(tmp_path, url, *FLAGS), furnished=False) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        yield cloud


async def provider(cloud: SimulatedCloud, issuer: str, **fields: Any) -> Any:
    body = {"name": "Example", "issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return await cloud.admin.post("/identity-providers", body | fields)


async def visit(url: str, name: str) -> dict[str, str]:
    """Sign in at the real provider as a browser does; returns what it sends back to the portal."""
    async with httpx.AsyncClient(follow_redirects=False) as browser:
        answer = await browser.get(url)
        while not answer.headers.get("location", "").startswith(PORTAL):
            if answer.is_redirect:
                answer = await browser.get(answer.next_request.url)  # type: ignore[union-attr]
            else:
                assert answer.status_code == 200, answer.text
                answer = await browser.post(answer.url, data={"name": name} if name else {"refuse": "yes"})
        return brought(answer.headers["location"])


def brought(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def begin(client: Client, provider_id: str, path: str = "/federated-sign-ins", **body: str) -> str:
    return (await client.post(path, {"provider_id": provider_id, **body}))["authorization_url"]


async def sign_in(cloud: SimulatedCloud, provider_id: str, name: str) -> tuple[Client, Answer]:
    """Go all the way through the real provider; returns the browser and the last answer."""
    browser = cloud.client(Face.TENANT)
    back = await visit(await begin(browser, provider_id), name)
    return browser, await browser.ask("POST", REDEEM, back)


def signed_in(cloud: SimulatedCloud, answer: Answer) -> Client:
    assert answer.status == 200, answer.body
    return cloud.client(Face.TENANT, answer.body["tokens"]["access_token"])


async def verify(cloud: SimulatedCloud, email: str) -> None:
    """Note that an address is proved, as a link in mail would."""
    from sqlalchemy import update

    from zaffre.foundation.actor import system_actor

    async with cloud.units.write(system_actor("test")) as work:
        found = update(AccountRow).where(AccountRow.email == email).values(verified_at=work.clock.now())
        await work.session.execute(found.execution_options(synchronize_session=False))


async def test_somebody_new_gets_an_account_and_comes_back_to_it(cloud: SimulatedCloud, issuer: str) -> None:
    made = await provider(cloud, issuer, new_people="create")
    assert made["has_client_secret"]
    assert "client_secret" not in made
    assert {"portal": "tenant", "url": f"{PORTAL}/signed-in"} in made["redirect_urls"]
    trial = await cloud.admin.post(f"/identity-providers/{made['id']}/test")
    assert trial["issuer"] == issuer
    assert trial["keys"] >= 1
    assert "RS256" in trial["algorithms"]
    options = await cloud.client(Face.TENANT).get("/sign-in-options")
    assert options["identity_providers"] == [{"id": made["id"], "name": "Example"}]

    _, answer = await sign_in(cloud, made["id"], "ada")
    ada = signed_in(cloud, answer)
    me = await ada.get("/accounts/me")
    assert (me["email"], me["name"], me["role"], me["has_password"]) == (
        "ada@people.example",
        "Ada Person",
        "tenant",
        False,
    )
    assert me["verified_at"] is not None
    assert [each["signed_in_with"] for each in (await ada.get("/sessions"))["value"]] == ["Example"]
    _, again = await sign_in(cloud, made["id"], "ada")
    assert again.body["tokens"]["account_id"] == me["id"]

    # Nobody gets in with a password that the account does not have, and the last way in stays.
    for password in ("nobody's password", "x"):
        refused = await cloud.client().ask("POST", "/sessions", {"email": me["email"], "password": password})
        assert refused.status == 401
    changing = {"current_password": "nobody's password", "new_password": "another password"}
    assert (await ada.ask("POST", "/accounts/me/password", changing)).status == 400
    (identity,) = (await ada.get(IDENTITIES))["value"]
    assert (identity["provider_name"], identity["email"]) == ("Example", me["email"])
    assert (await ada.ask("DELETE", f"{IDENTITIES}/{identity['id']}")).body["code"] == "identity.last_way_in"
    used = await cloud.admin.ask("DELETE", f"/identity-providers/{made['id']}")
    assert (used.status, used.body["code"]) == (409, "resource.in_use")

    # Disabled, it signs nobody in, and ends what began there.
    await cloud.admin.patch(f"/identity-providers/{made['id']}", {"enabled": False})
    refresh = {"refresh_token": answer.body["tokens"]["refresh_token"]}
    assert (await cloud.client().ask("POST", "/sessions/refresh", refresh)).status == 401
    gone = await cloud.client(Face.TENANT).ask("POST", "/federated-sign-ins", {"provider_id": made["id"]})
    assert gone.status == 404
    records = (await cloud.admin.get("/audit-records?$filter=resource_type eq 'identity_provider'"))["value"]
    assert CLIENT_SECRET not in json.dumps(records)
    assert len(records) == 2


async def test_an_address_links_only_when_both_sides_have_verified_it(cloud: SimulatedCloud, issuer: str) -> None:
    made = await provider(cloud, issuer, new_people="link_or_create", email_domains=["people.example"])
    for name in ("bea", "unverified-eve"):
        body = {"email": f"{name}@people.example", "name": name, "password": PASSWORD}
        await cloud.client().post("/accounts", body)
    _, squatted = await sign_in(cloud, made["id"], "bea")
    assert (squatted.status, squatted.body["code"]) == (401, "identity.not_admitted")
    await verify(cloud, "bea@people.example")
    await verify(cloud, "unverified-eve@people.example")
    _, linked = await sign_in(cloud, made["id"], "bea")
    assert (await signed_in(cloud, linked).get("/accounts/me"))["has_password"] is True
    _, unverified = await sign_in(cloud, made["id"], "unverified-eve")
    assert unverified.body["code"] == "identity.not_admitted"
    assert "verified" in unverified.body["detail"]
    _, unverified = await sign_in(cloud, made["id"], "unverified-zoe")
    assert unverified.body["code"] == "identity.not_admitted"
    await cloud.admin.patch(f"/identity-providers/{made['id']}", {"email_domains": ["other.example"]})
    _, stranger = await sign_in(cloud, made["id"], "cleo")
    assert stranger.body["code"] == "identity.not_admitted"
    assert "admitted" in stranger.body["detail"]
    _, known = await sign_in(cloud, made["id"], "bea")
    assert known.status == 200
    await cloud.admin.patch(f"/identity-providers/{made['id']}", {"new_people": "refuse", "email_domains": []})
    _, stranger = await sign_in(cloud, made["id"], "cleo")
    assert stranger.body["code"] == "identity.not_admitted"
    _, refused = await sign_in(cloud, made["id"], "")
    assert refused.body["code"] == "identity.provider_refused"
    assert "did not agree" in refused.body["detail"]


async def test_one_links_and_unlinks_identities_of_ones_own(cloud: SimulatedCloud, issuer: str) -> None:
    made = await provider(cloud, issuer)
    emails = [f"{name}@zaffre.example" for name in ("dora", "emil")]
    for email in emails:
        await cloud.client().post("/accounts", {"email": email, "name": "D", "password": PASSWORD})
    dora, emil = [await cloud.sign_in(email, PASSWORD, Face.TENANT) for email in emails]
    wrong = await dora.ask("POST", IDENTITIES, {"provider_id": made["id"], "current_password": "wrong"})
    assert wrong.body["target"] == "current_password"
    token = await dora.post("/api-tokens", {"name": "program"})
    program = cloud.client(Face.TENANT, token["token"])
    body = {"provider_id": made["id"], "current_password": PASSWORD}
    assert (await program.ask("POST", IDENTITIES, body)).status == 400

    back = await visit(await begin(dora, made["id"], IDENTITIES, current_password=PASSWORD), "dora")
    emil.http.cookies = dora.http.cookies
    assert (await emil.ask("POST", REDEEM, back)).body["code"] == "identity.sign_in_not_good"
    back = await visit(await begin(dora, made["id"], IDENTITIES, current_password=PASSWORD), "dora")
    linked = await dora.post(REDEEM, back)
    assert linked["tokens"] is None
    _, answer = await sign_in(cloud, made["id"], "dora")
    assert answer.body["tokens"]["account_id"] == (await dora.get("/accounts/me"))["id"]
    back = await visit(await begin(emil, made["id"], IDENTITIES, current_password=PASSWORD), "dora")
    assert (await emil.ask("POST", REDEEM, back)).body["code"] == "identity.linked_elsewhere"
    await dora.delete(f"{IDENTITIES}/{linked['identity_id']}")
    _, answer = await sign_in(cloud, made["id"], "dora")
    assert answer.body["code"] == "identity.not_admitted"
    assert (await dora.ask("DELETE", f"{IDENTITIES}/{linked['identity_id']}")).status == 404
    await cloud.admin.delete(f"/identity-providers/{made['id']}")


async def test_a_second_factor_is_asked_for_where_the_provider_is_set_up_so(cloud: SimulatedCloud, issuer: str) -> None:
    made = await provider(cloud, issuer, new_people="create")
    _, answer = await sign_in(cloud, made["id"], "fay")
    fay = signed_in(cloud, answer)
    secret = (await fay.post("/accounts/me/second-factor", {}))["secret"]
    device = pyotp.TOTP(secret)
    codes = (await fay.post("/accounts/me/second-factor/confirm", {"code": device.now()}))["recovery_codes"]
    _, answer = await sign_in(cloud, made["id"], "fay")
    assert answer.status == 200
    await cloud.admin.patch(f"/identity-providers/{made['id']}", {"asks_second_factor": True})
    browser = cloud.client(Face.TENANT)
    back = await visit(await begin(browser, made["id"]), "fay")
    asked = await browser.ask("POST", REDEEM, back)
    assert (asked.status, asked.body["code"]) == (401, "identity.code_needed")
    second = {"state": back["state"]}
    wrong = await browser.ask("POST", REDEEM, second | {"second_factor_code": "000000"})
    assert wrong.body["code"] == "identity.code_wrong"
    thief = cloud.client(Face.TENANT)
    stolen = await thief.ask("POST", REDEEM, second | {"second_factor_code": codes[0]})
    assert stolen.body["code"] == "identity.sign_in_not_good"
    done = await browser.ask("POST", REDEEM, second | {"second_factor_code": codes[0]})
    assert (await signed_in(cloud, done).get("/accounts/me"))["name"] == "Fay Person"
    over = await browser.ask("POST", REDEEM, second | {"second_factor_code": codes[1]})
    assert over.body["code"] == "identity.sign_in_not_good"


async def test_a_sign_in_comes_back_once_to_the_browser_that_began_it(cloud: SimulatedCloud, issuer: str) -> None:
    made = await provider(cloud, issuer, new_people="create")
    browser, other = cloud.client(Face.TENANT), cloud.client(Face.TENANT)
    back = await visit(await begin(browser, made["id"]), "gil")
    assert (await other.ask("POST", REDEEM, back)).body["code"] == "identity.sign_in_not_good"
    await begin(other, made["id"])
    assert (await other.ask("POST", REDEEM, back)).body["code"] == "identity.sign_in_not_good"
    answers = await asyncio.gather(*(browser.ask("POST", REDEEM, back) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 410, 410, 410]


async def test_the_settings_say_where_providers_may_be(api: SimulatedCloud) -> None:
    body = {"name": "Inside", "client_id": "x"}
    for issuer in ("http://idp.example", "https://10.0.0.1", "https://127.1", "https://user@idp.example"):
        refused = await api.admin.ask("POST", "/identity-providers", body | {"issuer": issuer})
        assert refused.status == 400, issuer
    inside = await api.admin.post("/identity-providers", body | {"issuer": "https://localhost:1"})
    trial = await api.admin.ask("POST", f"/identity-providers/{inside['id']}/test")
    assert trial.body["code"] == "identity_provider.unreachable"
    assert "private" in trial.body["detail"]
    again = await api.admin.ask("POST", "/identity-providers", body | {"issuer": "https://localhost:1"})
    assert again.body["code"] == "resource.name_taken"


@dataclass
class Hostile:
    """A provider that answers as it is told."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    claims: dict[str, Any] = field(default_factory=dict)
    """What its next ID token says other than it should."""
    published: list[RSAKey] = field(default_factory=list)
    discovery: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    asked: list[str] = field(default_factory=list)
    algorithm: str = "RS256"
    issuer: str = "http://hostile.example"

    async def ask(self, party: Any, method: str, url: str, headers: Any = None, content: bytes | None = None) -> Any:
        self.asked.append(url)
        if url.endswith("openid-configuration"):
            pages = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return {"issuer": self.issuer} | {k: self.issuer + v for k, v in pages.items()} | self.discovery
        if url.endswith("/keys"):
            return KeySet([*self.published] or [self.key]).as_dict(private=False)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "mallory", "iat": now, "exp": now + 60}
        claims |= {"nonce": self.nonce, "email": "admin@zaffre.example", "email_verified": True, "name": "M"}
        key: Any = self.key if self.algorithm != "HS256" else OctKey.import_key(CLIENT_SECRET.ljust(32))
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return {"id_token": jwt.encode(header, claims | self.claims, key, algorithms=[self.algorithm])}


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Hostile:
    it = Hostile()
    monkeypatch.setattr(Conversation, "_ask", lambda _self, *arguments, **options: it.ask(*arguments, **options))
    return it


async def attempt(cloud: SimulatedCloud, hostile: Hostile, provider_id: str, **changes: Any) -> Answer:
    hostile.claims = changes
    browser = cloud.client(Face.TENANT)
    asked = brought(await begin(browser, provider_id))
    hostile.nonce = asked["nonce"]
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    return await browser.ask("POST", REDEEM, {"state": asked["state"], "code": "x"})


async def test_what_a_hostile_provider_signs_proves_nothing(cloud: SimulatedCloud, hostile: Hostile) -> None:
    made = (await provider(cloud, hostile.issuer, new_people="link_or_create"))["id"]
    now = int(time.time())
    spoiled: list[dict[str, Any]] = [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody else"},
        {"aud": [CLIENT_ID, "somebody else"]},
        {"aud": CLIENT_ID, "azp": "somebody else"},
        {"iss": "http://other.example"},
        {"exp": now - 120},
        {"iat": now + 600},
        {"sub": ""},
        {"sub": 7},
    ]
    for changes in spoiled:
        answer = await attempt(cloud, hostile, made, **changes)
        assert (answer.status, answer.body["code"]) == (401, "identity.proof_not_good"), changes
    hostile.algorithm = "HS256"
    assert (await attempt(cloud, hostile, made)).body["code"] == "identity.proof_not_good"
    hostile.algorithm = "RS256"
    # Somebody who runs the site is not linked because of an address, and an address that is not verified links nobody.
    assert (await attempt(cloud, hostile, made)).body["code"] == "identity.not_admitted"
    for verified in (False, None, "yes", "false"):
        answer = await attempt(cloud, hostile, made, email="new@zaffre.example", email_verified=verified)
        assert answer.body["code"] == "identity.not_admitted"
    assert (await attempt(cloud, hostile, made, email="m@zaffre.example")).status == 200


async def test_keys_may_change_and_unknown_ones_are_asked_for_once_in_a_while(
    cloud: SimulatedCloud, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.site.identity.federation, "_clock", _Ahead(cloud.units.clock))
    made = (await provider(cloud, hostile.issuer, new_people="create"))["id"]
    assert (await attempt(cloud, hostile, made, email="m@zaffre.example")).status == 200
    old, hostile.key = hostile.key, RSAKey.generate_key(2048, {"kid": "second"})
    hostile.published = [old]
    ahead: Any = cloud.site.identity.federation._clock
    ahead.seconds = 10
    for _ in range(3):
        answer = await attempt(cloud, hostile, made, email="m@zaffre.example")
        assert answer.body["code"] == "identity.proof_not_good"
        assert "does not publish" in answer.body["detail"]
    assert sum(url.endswith("/keys") for url in hostile.asked) == 2
    ahead.seconds = 20
    hostile.published = [old, hostile.key]
    assert (await attempt(cloud, hostile, made, email="m@zaffre.example")).status == 200
    assert sum(url.endswith("/keys") for url in hostile.asked) == 3
    assert sum(url.endswith("openid-configuration") for url in hostile.asked) == 1


class _Ahead:
    """A clock that can be put ahead of another."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.seconds = clock, 0

    def now(self) -> Any:
        from datetime import timedelta

        return self.clock.now() + timedelta(seconds=self.seconds)


async def test_providers_that_cannot_be_used_are_said_to_be_so(cloud: SimulatedCloud, hostile: Hostile) -> None:
    made = (await provider(cloud, hostile.issuer))["id"]
    for spoiled in (
        {"issuer": "http://other.example"},
        {"token_endpoint": "https://10.0.0.1/token"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ):
        hostile.discovery = spoiled
        answer = await cloud.admin.ask("POST", f"/identity-providers/{made}/test")
        assert (answer.status, answer.body["code"]) == (502, "identity_provider.bad_answer"), spoiled
    hostile.discovery = {"authorization_response_iss_parameter_supported": True}
    await cloud.admin.post(f"/identity-providers/{made}/test")
    browser = cloud.client(Face.TENANT)
    asked = brought(await begin(browser, made))
    mixed = await browser.ask("POST", REDEEM, {"state": asked["state"], "code": "x", "iss": "http://other.example"})
    assert mixed.body["code"] == "identity.sign_in_not_good"


async def test_answers_are_bounded() -> None:

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * 1_000_000)
        writer.close()

    from zaffre.foundation.clock import SystemClock
    from zaffre.identity.federation.conversation import Party
    from zaffre.identity.federation.problems import ProviderMisbehaves, ProviderUnreachable

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = FederationSettings(allow_networks=("127.0.0.0/8",), allow_plain_http=True)  # type: ignore[arg-type]
    conversation = Conversation(settings, SystemClock())
    try:
        with pytest.raises(ProviderMisbehaves, match="too large"):
            await conversation.metadata(Party("P", url, "c", None))
        server.close()
        with pytest.raises(ProviderUnreachable):
            await conversation.metadata(Party("P", url, "c", None))
    finally:
        server.close()
        await conversation.close()
