"""Addresses are proved by links, and lost passwords are set anew by them."""

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from support.cloud import ADMIN_EMAIL, ADMIN_PASSWORD, PASSWORD, Client, SimulatedCloud, cloud_settings, running_cloud
from support.mail import link_in
from zaffre.edge.faces import Face
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.foundation.together import together

NEW_PASSWORD = "quite another password"


class Mailbox:
    """What the site has sent."""

    def __init__(self, cloud: SimulatedCloud, directory: Path) -> None:
        self._cloud = cloud
        self._directory = directory

    async def messages(self, to: str) -> list[EmailMessage]:
        await self._cloud.site.delivery.run()
        found = [
            message_from_bytes(file.read_bytes(), EmailMessage, policy=default)
            for file in sorted(self._directory.glob("*.eml"))
        ]
        return [message for message in found if message["To"] == to]

    async def token(self, to: str) -> str:
        """Return the key in the newest message to an address."""
        return link_in((await self.messages(to))[-1]).rpartition("#")[2]


@pytest.fixture
async def cloud(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(
        tmp_path,
        url,
        "parts=api",
        f"mail.directory={tmp_path / 'mail'}",
        "identity.sign_in_attempts_per_minute=10",
        "portal.tenant_url=https://cloud.zaffre.example/",
    )
    async with running_cloud(settings, furnished=False, clock=clock) as cloud:
        cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        yield cloud


@pytest.fixture
def mailbox(cloud: SimulatedCloud, tmp_path: Path) -> Mailbox:
    return Mailbox(cloud, tmp_path / "mail")


async def sign_up(cloud: SimulatedCloud, email: str, **headers: str) -> Client:
    body = {"email": email, "name": "Anna", "password": PASSWORD}
    await cloud.client().post("/accounts", body, headers)
    return await cloud.sign_in(email, PASSWORD)


async def test_an_address_is_proved_by_the_link_and_opens_what_needs_that(
    cloud: SimulatedCloud, mailbox: Mailbox
) -> None:
    await cloud.furnish(hosts=0)
    plan = await cloud.plan()
    owner = await sign_up(cloud, "owner@zaffre.example")
    subscribe = {"plan_id": plan, "name": "main"}
    refused = await owner.ask("POST", "/subscriptions", subscribe)
    assert (refused.status, refused.body["code"]) == (403, "account.address_not_verified")
    message = (await mailbox.messages("owner@zaffre.example"))[0]
    assert "https://cloud.zaffre.example/verify-email#" in message.get_content()
    token = await mailbox.token("owner@zaffre.example")
    answers = [(await cloud.client().ask("POST", "/address-verifications", {"token": token})).status for _ in range(2)]
    assert answers == [204, 410]
    assert (await owner.get("/accounts/me"))["verified_at"] is not None
    made = (await owner.ask("POST", "/subscriptions", subscribe)).body

    # Whoever signs up with an invited address gets in only if they read mail there.
    guest = await sign_up(cloud, "guest@zaffre.example", **{"Accept-Language": "fr, de-AT;q=0.9, en"})
    await owner.post(f"/subscriptions/{made['id']}/members", {"email": "guest@zaffre.example", "role": "reader"})
    invitation = (await guest.get("/invitations"))["value"][0]
    path = f"/invitations/{invitation['id']}/accept"
    assert (await guest.ask("POST", path)).body["code"] == "account.address_not_verified"
    assert (await mailbox.messages("guest@zaffre.example"))[0]["Subject"] == "Ist das Ihre E-Mail-Adresse?"
    await guest.post("/accounts/me/address-verification")
    await guest.post("/address-verifications", {"token": await mailbox.token("guest@zaffre.example")})
    assert (await guest.ask("POST", path)).status == 200


async def test_links_run_out_and_are_not_sent_without_end(
    cloud: SimulatedCloud, mailbox: Mailbox, clock: ManualClock
) -> None:
    anna = await sign_up(cloud, "anna@zaffre.example")
    answers = [(await anna.ask("POST", "/accounts/me/address-verification")).status for _ in range(5)]
    assert answers == [204] * 4 + [409]
    token = await mailbox.token("anna@zaffre.example")
    clock.advance(3 * 86_400 + 1)
    assert (await cloud.client().ask("POST", "/address-verifications", {"token": token})).status == 410
    for nonsense in ("", "x" * 20, "\0" * 43, "ä" * 43):
        answer = await cloud.client().ask("POST", "/address-verifications", {"token": nonsense})
        assert answer.status in (400, 410)


async def test_an_address_changes_when_the_new_one_is_proved(cloud: SimulatedCloud, mailbox: Mailbox) -> None:
    anna = await sign_up(cloud, "anna@zaffre.example")
    await sign_up(cloud, "taken@zaffre.example")
    early = await mailbox.token("anna@zaffre.example")
    wrong = {"email": "new@zaffre.example", "current_password": "not the password"}
    assert (await anna.ask("POST", "/accounts/me/email", wrong)).body["target"] == "current_password"
    taken = {"email": "taken@zaffre.example", "current_password": PASSWORD}
    assert (await anna.ask("POST", "/accounts/me/email", taken)).body["code"] == "account.email_taken"
    await anna.post("/accounts/me/email", {"email": "New@zaffre.example", "current_password": PASSWORD})
    assert (await anna.get("/accounts/me"))["email"] == "anna@zaffre.example"
    await anna.post("/address-verifications", {"token": await mailbox.token("new@zaffre.example")})
    assert (await anna.get("/accounts/me"))["email"] == "new@zaffre.example"
    assert "another e-mail address" in (await mailbox.messages("anna@zaffre.example"))[-1]["Subject"]
    # A link from before must not bring the old address back.
    assert (await anna.ask("POST", "/address-verifications", {"token": early})).status == 410
    await cloud.sign_in("new@zaffre.example", PASSWORD)


async def test_a_lost_password_is_set_anew_once_and_ends_every_session(
    cloud: SimulatedCloud, mailbox: Mailbox, clock: ManualClock
) -> None:
    email = "anna@zaffre.example"
    anna = await sign_up(cloud, email)
    stranger = cloud.client()
    known = await stranger.ask("POST", "/password-resets", {"email": email})
    unknown = await stranger.ask("POST", "/password-resets", {"email": "nobody@zaffre.example"})
    assert (known.status, known.body) == (unknown.status, unknown.body) == (202, None)
    assert await mailbox.messages("nobody@zaffre.example") == []
    token = await mailbox.token(email)
    body = {"token": token, "new_password": NEW_PASSWORD}
    short = await stranger.ask("POST", "/password-resets/redeem", body | {"new_password": "short"})
    assert short.status == 400
    answers: list[int] = []

    async def redeem() -> None:
        answers.append((await stranger.ask("POST", "/password-resets/redeem", body)).status)

    await together(*(redeem() for _ in range(5)))
    assert sorted(answers) == [204, 410, 410, 410, 410]
    assert (await cloud.sign_in(email, NEW_PASSWORD)) is not None
    again = await stranger.ask("POST", "/sessions", {"email": email, "password": PASSWORD})
    assert again.status == 401
    assert "set anew" in (await mailbox.messages(email))[-1]["Subject"]
    clock.advance(3601)
    assert (await anna.ask("GET", "/accounts/me")).status == 401  # its refresh token is gone with its session
    clock.advance(3600)
    await stranger.ask("POST", "/password-resets", {"email": email})
    late = await mailbox.token(email)
    clock.advance(3601)
    gone = await stranger.ask("POST", "/password-resets/redeem", {"token": late, "new_password": NEW_PASSWORD})
    assert gone.body["code"] == "identity.link_not_good"
    # The trail tells that it was set, and of no secret.
    cloud.admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
    records = (await cloud.admin.get("/audit-records?$top=1000"))["value"]
    text = str(records)
    assert "account.password_changed" in text
    assert token not in text
    assert late not in text


async def test_attempts_count_however_many_come_at_once(
    cloud: SimulatedCloud, mailbox: Mailbox, clock: ManualClock
) -> None:
    email = "anna@zaffre.example"
    await sign_up(cloud, email)
    statuses: list[int] = []

    async def guess(number: int) -> None:
        body = {"email": email, "password": f"guess number {number}"}
        statuses.append((await cloud.client().ask("POST", "/sessions", body)).status)

    await together(*(guess(number) for number in range(30)))
    assert (statuses.count(401), statuses.count(429)) == (10, 20)
    right = {"email": email, "password": PASSWORD}
    assert (await cloud.client().ask("POST", "/sessions", right)).status == 429
    clock.advance(60)
    for _ in range(20):  # who knows the password is not slowed down
        await cloud.sign_in(email, PASSWORD)
    for _ in range(10):
        assert (await cloud.client().ask("POST", "/password-resets", {"email": email})).status == 202
    assert (await cloud.client().ask("POST", "/password-resets", {"email": email})).status == 429
    assert len([m for m in await mailbox.messages(email) if "new password" in m["Subject"]]) == 5


async def test_without_mail_nothing_needs_a_proof_and_nothing_is_promised(api: SimulatedCloud) -> None:
    options = await api.client().get("/sign-in-options")
    assert options == {"sign_up": True, "mail": False, "identity_providers": []}
    asked = await api.client().ask("POST", "/password-resets", {"email": "anna@zaffre.example"})
    assert (asked.status, asked.body["code"]) == (409, "identity.no_mail")
    anna = await sign_up(api, "anna@zaffre.example")
    assert (await anna.ask("POST", "/accounts/me/address-verification")).status == 409
    assert (await anna.get("/accounts/me"))["verified_at"] is None
