"""Client certificates: which are accepted, whom they let in, and for how long."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.certificates import Holder, holder
from support.cloud import PASSWORD, Client, SimulatedCloud, cloud_settings, running_cloud
from zaffre.edge.faces import Face
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.foundation.errors import InvalidInput
from zaffre.identity.certificate_reading import NotACertificate, read_certificate
from zaffre.identity.certificates import CERTIFICATES_PER_ACCOUNT

ANNA, BERT = "anna@zaffre.example", "bert@zaffre.example"
DAY_S = 86_400
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD = holder(now=NOW)


def usage(**allowed: bool) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    )
    return x509.KeyUsage(**dict.fromkeys(every.split(), False) | allowed)


@pytest.mark.parametrize(
    ("made", "key"),
    [
        (holder(now=NOW), "EC P-256"),
        (holder(now=NOW, key=Ed25519PrivateKey.generate()), "Ed25519"),
        (holder(now=NOW, key=rsa.generate_private_key(65_537, 2048), digest=hashes.SHA384), "RSA 2048"),
        # As `openssl req -x509` makes them: an authority that signed itself. Only it counts, not what it signs.
        (holder(now=NOW, extensions=[(x509.BasicConstraints(ca=True, path_length=None), True)]), "EC P-256"),
        (holder(now=NOW, extensions=[(usage(digital_signature=True), True)]), "EC P-256"),
        (holder(now=NOW, extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]), "EC P-256"),
    ],
)
def test_what_is_strong_and_for_clients_is_accepted(made: Holder, key: str) -> None:
    read = read_certificate("written by hand, before it\n" + made.pem, NOW)
    assert (read.key, read.common_name, read.subject) == (key, "robot", "CN=robot")
    assert read.fingerprint == made.certificate.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (holder(now=NOW, days=-0.5), "has expired at 2026-11-22T00:00:00Z"),
        (holder(now=NOW, from_days=1), "is not valid before 2026-11-23T12:00:00Z"),
        (holder(now=NOW, key=rsa.generate_private_key(65_537, 1024)), "RSA key of 1024 bits"),
        (holder(now=NOW, key=ec.generate_private_key(ec.SECP256K1())), "curve secp256k1"),
        (holder(now=NOW, key=dsa.generate_private_key(2048)), "key of this kind"),
        (holder(now=NOW, digest=hashes.SHA224), "signed with SHA224"),
        (holder(now=NOW, extensions=[(usage(key_cert_sign=True), True)]), "keyUsage"),
        (holder(now=NOW, extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]), "extended"),
        (
            holder(now=NOW, extensions=[(x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\5\0"), True)]),
            "critical extension that is not known here: 1.2.3.4",
        ),
    ],
)
def test_what_is_weak_or_for_something_else_is_refused_with_the_reason(made: Holder, why: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_certificate(made.pem, NOW)
    assert refusal.value.code == "client_certificate.not_good_enough"
    assert why in refusal.value.detail


@pytest.mark.parametrize("digest", ["md5", "sha1"])
def test_an_old_digest_is_refused(digest: str) -> None:
    """Nobody makes them any more, so the algorithm's name is changed in one that is made."""
    made = holder(now=NOW, key=rsa.generate_private_key(65_537, 2048)).der
    sha256, other = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", {"md5": "04", "sha1": "05"}[digest]))
    old = base64.encodebytes(made.replace(sha256, other)).decode()
    with pytest.raises(InvalidInput, match=f"signed with {digest.upper()}"):
        read_certificate(f"-----BEGIN CERTIFICATE-----\n{old}-----END CERTIFICATE-----\n", NOW)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unreadable"),
        ("hello", "unreadable"),
        (GOOD.pem + GOOD.pem, "unreadable"),
        (GOOD.pem[:200] + GOOD.pem[-30:], "unreadable"),
        (GOOD.pem.replace("CERTIFICATE", "CERTIFICATE REQUEST"), "unreadable"),
        (GOOD.key_pem, "private_key"),
        (GOOD.pem + GOOD.key_pem, "private_key"),
        (GOOD.pem + "-----BEGIN ENCRYPTED PRIVATE KEY-----", "private_key"),
        (GOOD.pem + "-----BEGIN OPENSSH PRIVATE KEY-----", "private_key"),
    ],
)
def test_what_is_not_one_certificate_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_certificate(text, NOW)
    assert refusal.value.code == f"client_certificate.{code}"


@given(at=st.integers(0, len(GOOD.der) - 1), instead=st.integers(0, 255))
@example(at=GOOD.der.index(b"\xa0\x03\x02\x01\x02") + 4, instead=1)  # a version that there is not
@settings(max_examples=400)
def test_a_damaged_certificate_is_refused_or_another_one(at: int, instead: int) -> None:
    damaged = GOOD.der[:at] + bytes([instead]) + GOOD.der[at + 1 :]
    pem = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(damaged).decode()}-----END CERTIFICATE-----\n"
    try:
        read = read_certificate(pem, NOW)
    except InvalidInput:
        return
    assert (read.fingerprint == GOOD.certificate.fingerprint(hashes.SHA256()).hex()) == (damaged == GOOD.der)


def test_a_subject_with_what_cannot_be_printed_is_shown_without() -> None:
    read = read_certificate(holder("ro\u202ebot\n", now=NOW).pem, NOW)
    assert read.common_name == "robot"
    assert read_certificate(holder("", now=NOW).pem, NOW).common_name is None
    with pytest.raises(NotACertificate):
        read_certificate(GOOD.pem.replace("-----END", "=-----END"), NOW)


@pytest.fixture
async def site(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    """A site whose credentials live for a month, and whose clock can be moved."""
    url = database.url if not database.is_sqlite else ""
    options = cloud_settings(tmp_path, url, "parts=api", "identity.api_token_days=30")
    async with running_cloud(options, furnished=False, clock=clock) as cloud:
        for email in (ANNA, BERT):
            await cloud.client().post("/accounts", {"email": email, "name": email[:4], "password": PASSWORD})
        yield cloud


def made_for(cloud: SimulatedCloud, **options: Any) -> Holder:
    return holder(now=cloud.units.clock.now(), **options)


async def register(of: Client, cloud: SimulatedCloud, who: Holder, **body: Any) -> tuple[Client, Any]:
    """Register a certificate; returns a program that has it, and what was answered."""
    made = await of.post("/client-certificates", {"certificate": who.pem, **body})
    return cloud.client(certificate=who.der), made


async def refused(client: Client, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
    answer = await client.ask(method, path, body, **more)
    return answer.status, answer.body["code"]


async def test_a_program_comes_in_with_its_certificate_until_it_is_removed(site: SimulatedCloud) -> None:
    anna = await site.sign_in(ANNA, PASSWORD)
    who, stranger = made_for(site), made_for(site, name="stranger")
    assert await refused(site.client(certificate=who.der), "GET", "/accounts/me") == (401, "identity.unauthenticated")
    robot, made = await register(anna, site, who)
    assert (made["name"], made["subject"], made["key"], made["last_used_at"]) == ("robot", "CN=robot", "EC P-256", None)
    assert made["fingerprint"] == who.certificate.fingerprint(hashes.SHA256()).hex()
    assert (await robot.get("/accounts/me"))["email"] == ANNA
    (listed,) = (await robot.get("/client-certificates"))["value"]
    assert (listed["id"], listed["last_used_from"]) == (made["id"], "127.0.0.1")
    assert datetime.fromisoformat(listed["last_used_at"]) == site.units.clock.now()
    # Unknown, removed: told in the same words. No header says who somebody is, and at other faces no certificate does.
    removed = f"/client-certificates/{made['id']}"
    bert = await site.sign_in(BERT, PASSWORD)
    assert await refused(bert, "DELETE", removed) == (404, "resource.not_found")
    unknown = await site.client(certificate=stranger.der).ask("GET", "/accounts/me")
    for face in (Face.TENANT, Face.ADMIN):
        assert (await site.client(face, certificate=who.der).ask("GET", "/accounts/me")).status == 401
    spoken = base64.b64encode(who.der).decode()
    headers = {"X-SSL-Client-Cert": spoken, "X-Forwarded-Client-Cert": spoken, "Client-Cert": f":{spoken}:"}
    assert (await site.client().ask("GET", "/accounts/me", headers=headers)).status == 401
    await robot.delete(removed)
    gone = await robot.ask("GET", "/accounts/me")
    assert (gone.status, gone.body["detail"]) == (unknown.status, unknown.body["detail"])
    assert (gone.status, gone.body["remedy"]) == (401, "Register one with POST /client-certificates.")
    # A token in the same request counts alone, good or not; who signs in needs neither.
    assert await refused(robot, "GET", "/accounts/me", headers={"Authorization": "Bearer zat_no"}) == (
        401,
        "identity.unauthenticated",
    )
    assert (await robot.ask("POST", "/sessions", {"email": ANNA, "password": PASSWORD})).status == 201


async def test_a_page_in_a_browser_does_not_speak_with_its_certificate(site: SimulatedCloud) -> None:
    robot, _ = await register(await site.sign_in(ANNA, PASSWORD), site, made_for(site))
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert await refused(robot, "POST", "/api-tokens", {"name": "t"}, headers=header) == (
            401,
            "identity.unauthenticated",
        )
    assert (await robot.ask("POST", "/api-tokens", {"name": "t"})).status == 201


async def test_a_certificate_is_at_one_account_and_an_account_has_so_many(site: SimulatedCloud) -> None:
    anna, bert = await site.sign_in(ANNA, PASSWORD), await site.sign_in(BERT, PASSWORD)
    who = made_for(site)
    _, made = await register(anna, site, who)
    for client in (anna, bert):
        answer = await client.ask("POST", "/client-certificates", {"certificate": who.pem})
        assert (answer.status, answer.body["code"]) == (409, "client_certificate.registered")
        assert ANNA not in json.dumps(answer.body)
    await anna.delete(f"/client-certificates/{made['id']}")
    robot, _ = await register(bert, site, who)
    assert (await robot.get("/accounts/me"))["email"] == BERT
    for number in range(CERTIFICATES_PER_ACCOUNT):
        await register(anna, site, made_for(site, name=f"robot {number}"))
    body = {"certificate": made_for(site).pem}
    assert await refused(anna, "POST", "/client-certificates", body) == (409, "client_certificate.too_many")


async def test_a_certificate_lets_in_until_it_or_the_site_says_otherwise(
    site: SimulatedCloud, clock: ManualClock
) -> None:
    anna = await site.sign_in(ANNA, PASSWORD)
    now = clock.now()
    brief, made = await register(anna, site, made_for(site, name="brief", days=3))
    assert made["expires_at"] == made["not_after"]
    lasting, made = await register(anna, site, made_for(site))
    assert datetime.fromisoformat(made["expires_at"]) == now + timedelta(days=30)
    body = {"certificate": made_for(site).pem, "expires_at": (now + timedelta(days=31)).isoformat()}
    assert await refused(anna, "POST", "/client-certificates", body) == (400, "api_token.lives_too_long")
    key = {"certificate": made_for(site).pem + made_for(site).key_pem}
    answer = await anna.ask("POST", "/client-certificates", key)
    assert (answer.status, answer.body["code"]) == (400, "client_certificate.private_key")
    assert "BEGIN" not in json.dumps(answer.body)
    clock.advance(3 * DAY_S)
    assert (await brief.ask("GET", "/accounts/me")).status == 401
    assert (await lasting.ask("GET", "/accounts/me")).status == 200
    # What a certificate makes ends with it.
    assert (await lasting.post("/api-tokens", {"name": "t"}))["expires_at"] == made["expires_at"]
    further = made_for(site, name="further")
    _, handed_on = await register(lasting, site, further)
    assert handed_on["expires_at"] == made["expires_at"]
    clock.advance(27 * DAY_S)
    assert (await lasting.ask("GET", "/accounts/me")).status == 401


async def test_a_certificate_has_a_scope_as_tokens_have_and_leaves_traces(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    me = await tenant.client.get("/accounts/me")
    scopes = ["account.self", "subscription.read", "virtual_machine.read"]
    robot, made = await register(tenant.client, cloud, made_for(cloud, name="deployer"), name="deploy", scopes=scopes)
    assert made["scopes"] == scopes
    assert (await robot.get("/accounts/me"))["permissions"] == scopes
    assert (await robot.ask("GET", f"{tenant.base}/virtual-machines")).status == 200
    assert await refused(robot, "GET", f"{tenant.base}/vm-networks") == (403, "identity.forbidden")
    body = {"certificate": made_for(cloud).pem}
    for more in ({}, {"scopes": ["virtual_machine.write"]}):
        assert await refused(robot, "POST", "/client-certificates", body | more) == (403, "api_token.more_than_held")
    token = await robot.post("/api-tokens", {"name": "made with it", "scopes": ["subscription.read"]})
    found = (await cloud.admin.get(f"/audit-records?$filter=resource_id eq '{token['id']}'"))["value"]
    (record,) = [each for each in found if each["action"] == "api_token.created"]
    assert (record["credential"], record["credential_id"], record["credential_name"]) == (
        "client_certificate",
        made["id"],
        "deploy",
    )
    assert record["asked_by_email"] == tenant.email
    # In one subscription only, it knows of nothing else.
    within, _ = await register(
        tenant.client, cloud, made_for(cloud, name="within"), subscription_ids=[tenant.subscription_id]
    )
    assert [row["id"] for row in (await within.get("/subscriptions"))["value"]] == [tenant.subscription_id]
    assert (await within.ask("GET", "/client-certificates")).status == 403
    other = (await cloud.tenant()).subscription_id
    body = {"certificate": made_for(cloud).pem, "subscription_ids": [other]}
    assert await refused(tenant.client, "POST", "/client-certificates", body) == (404, "resource.not_found")
    # What happens to the account happens to its certificates, at once.
    await cloud.admin.patch(f"/accounts/{me['id']}", {"state": "suspended"})
    assert (await robot.ask("GET", "/accounts/me")).status == 401
    await cloud.admin.patch(f"/accounts/{me['id']}", {"state": "active"})
    assert (await robot.ask("GET", "/accounts/me")).status == 200


async def test_a_service_account_comes_in_with_a_certificate(cloud: SimulatedCloud) -> None:
    tenant = await cloud.tenant()
    accounts = f"{tenant.base}/service-accounts"
    account = await tenant.client.post(accounts, {"name": "deployer", "role": "reader"})
    path, who = f"{accounts}/{account['id']}/client-certificates", made_for(cloud, name="deployer")
    made = await tenant.client.post(path, {"certificate": who.pem})
    robot = cloud.client(certificate=who.der)
    assert [row["id"] for row in (await robot.get("/subscriptions"))["value"]] == [tenant.subscription_id]
    assert made["subscription_ids"] == [tenant.subscription_id]
    assert [each["id"] for each in (await tenant.client.get(path))["value"]] == [made["id"]]
    assert (await robot.ask("GET", "/client-certificates")).status == 403
    assert (await robot.ask("DELETE", tenant.base)).status == 403
    await tenant.client.delete(f"{path}/{made['id']}")
    assert (await robot.ask("GET", "/subscriptions")).status == 401
    # The site's has a role there, and loses it with its next request.
    site = await cloud.admin.post("/service-accounts", {"name": "watcher", "role": "auditor"})
    await cloud.admin.post(f"/service-accounts/{site['id']}/client-certificates", {"certificate": who.pem})
    assert (await robot.ask("GET", "/subscriptions")).status == 200
    assert "subscription.read_all" in (await _seen(cloud, robot))
    await cloud.admin.patch(f"/service-accounts/{site['id']}", {"role": "tenant"})
    assert (await robot.get("/subscriptions"))["value"] == []
    await cloud.admin.delete(f"/service-accounts/{site['id']}")
    assert (await robot.ask("GET", "/subscriptions")).status == 401


async def _seen(cloud: SimulatedCloud, robot: Client) -> list[str]:
    """Return a permission that shows in what somebody sees."""
    everybody = (await cloud.admin.get("/subscriptions"))["value"]
    own = (await robot.get("/subscriptions"))["value"]
    return ["subscription.read_all"] if len(own) == len(everybody) else []
