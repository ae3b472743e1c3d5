"""Second factors: each code once, also at the same moment; recovery; administrators who must have one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest

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
from zaffre.cli.second_factor_commands import half_blocks
from zaffre.edge.faces import Face
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.foundation.together import together
from zaffre.identity.second_factors import Enrolment

ANNA = "anna@zaffre.example"
FACTOR = "/accounts/me/second-factor"


@pytest.fixture
async def cloud(database: Database, tmp_path: Path, clock: ManualClock) -> AsyncIterator[SimulatedCloud]:
    url = database.url if not database.is_sqlite else ""
    flags = "parts=api", "identity.sign_in_attempts_per_minute=12"
    async with running_cloud(cloud_settings(tmp_path, url, *flags), furnished=False, clock=clock) as cloud:
        await cloud.client().post("/accounts", {"email": ANNA, "name": "Anna", "password": PASSWORD})
        yield cloud


class Device:
    """Makes codes, as a telephone does."""

    def __init__(self, secret: str, clock: ManualClock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, seconds: float = 0) -> str:
        return self._totp.at(int(self._clock.now().timestamp() + seconds))


async def sign_in(cloud: SimulatedCloud, code: str | None = None, password: str = PASSWORD) -> Answer:
    body = {"email": ANNA, "password": password} | ({"code": code} if code is not None else {})
    return await cloud.client().ask("POST", "/sessions", body)


async def enrolled(client: Client, clock: ManualClock, password: str = PASSWORD) -> tuple[Device, list[str]]:
    begun = await client.post(FACTOR, {"current_password": password})
    device = Device(begun["secret"], clock)
    codes = (await client.post(f"{FACTOR}/confirm", {"code": device.code()}))["recovery_codes"]
    clock.advance(30)
    return device, codes


async def test_signing_in_takes_two_steps_and_each_code_once(cloud: SimulatedCloud, clock: ManualClock) -> None:
    anna = await cloud.sign_in(ANNA, PASSWORD)
    other = (await sign_in(cloud)).body
    begun = await anna.post(FACTOR, {"current_password": PASSWORD})
    assert begun["uri"].startswith("otpauth://totp/Zaffre:anna%40zaffre.example?secret=")
    assert (await sign_in(cloud)).status == 201  # it counts only when confirmed
    device = Device(begun["secret"], clock)
    assert (await anna.ask("POST", f"{FACTOR}/confirm", {"code": "000000"})).body["target"] == "code"
    codes = (await anna.post(f"{FACTOR}/confirm", {"code": device.code()}))["recovery_codes"]
    assert len(set(codes)) == 10
    elsewhere = {"refresh_token": other["refresh_token"]}
    assert (await cloud.client().ask("POST", "/sessions/refresh", elsewhere)).status == 401

    needed = await sign_in(cloud)
    assert (needed.status, needed.body["code"]) == (401, "identity.code_needed")
    assert (await sign_in(cloud, device.code())).body["code"] == "identity.code_wrong"  # the one that confirmed
    assert (await sign_in(cloud, device.code(30), "not the password")).body["code"] == "identity.sign_in_failed"
    clock.advance(30)
    answers: list[int] = []

    async def race() -> None:
        answers.append((await sign_in(cloud, device.code())).status)

    await together(*(race() for _ in range(5)))
    assert sorted(answers) == [201, 401, 401, 401, 401]
    clock.advance(60)
    assert (await sign_in(cloud, device.code(-60))).status == 401
    assert (await sign_in(cloud, device.code(-30))).status == 201
    assert (await sign_in(cloud, device.code(30))).status == 201
    assert (await sign_in(cloud, device.code())).status == 401  # older than the newest that was accepted


async def test_recovery_codes_are_good_once_each(cloud: SimulatedCloud, clock: ManualClock) -> None:
    anna = await cloud.sign_in(ANNA, PASSWORD)
    device, codes = await enrolled(anna, clock)
    assert (await sign_in(cloud, codes[0].upper().replace("-", " "))).status == 201
    assert (await sign_in(cloud, codes[0])).status == 401
    state = await anna.get(FACTOR)
    assert (state["recovery_codes_left"], state["required"]) == (9, False)
    renewed = (await anna.post(f"{FACTOR}/recovery-codes", {"code": codes[1]}))["recovery_codes"]
    assert (await sign_in(cloud, codes[2])).status == 401
    assert (await anna.ask("POST", FACTOR, {"current_password": PASSWORD})).body["code"].endswith("_exists")
    await anna.post(f"{FACTOR}/remove", {"code": renewed[0]})
    assert (await sign_in(cloud)).status == 201
    assert (await anna.ask("POST", f"{FACTOR}/confirm", {"code": device.code()})).status == 409


async def test_guessing_codes_is_slow_for_who_knows_the_password(cloud: SimulatedCloud, clock: ManualClock) -> None:
    device, _ = await enrolled(await cloud.sign_in(ANNA, PASSWORD), clock)
    statuses = []
    for _ in range(14):
        clock.advance(20)
        statuses.append((await sign_in(cloud, "000000")).status)
    assert statuses == [401] * 12 + [429] * 2
    assert (await sign_in(cloud, device.code())).status == 429
    clock.advance(3600)
    assert (await sign_in(cloud, device.code())).status == 201


async def test_administrators_reset_a_lost_factor_and_that_is_in_the_trail(
    cloud: SimulatedCloud, clock: ManualClock
) -> None:
    anna = await cloud.sign_in(ANNA, PASSWORD)
    _, codes = await enrolled(anna, clock)
    account = await anna.get("/accounts/me")
    admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
    assert (await anna.ask("DELETE", f"/accounts/{account['id']}/second-factor")).status in (403, 404, 405)
    await admin.delete(f"/accounts/{account['id']}/second-factor")
    assert (await sign_in(cloud)).status == 201
    assert (await admin.ask("DELETE", f"/accounts/{account['id']}/second-factor")).status == 409
    records = (await admin.get("/audit-records?$top=200"))["value"]
    reset = next(record for record in records if record["action"] == "account.second_factor_reset")
    assert reset["actor_id"] == (await admin.get("/accounts/me"))["id"]
    assert all(code not in str(records) for code in codes)


async def test_a_site_can_want_a_second_factor_of_who_runs_it(
    database: Database, tmp_path: Path, clock: ManualClock
) -> None:
    url = database.url if not database.is_sqlite else ""
    flags = "parts=api", "identity.administrators_need_second_factor=true"
    async with running_cloud(cloud_settings(tmp_path, url, *flags), furnished=False, clock=clock) as cloud:
        admin = await cloud.sign_in(ADMIN_EMAIL, ADMIN_PASSWORD, Face.ADMIN)
        refused = await admin.ask("GET", "/accounts")
        assert (refused.status, refused.body["code"]) == (403, "identity.second_factor_needed")
        assert (await admin.get("/accounts/me"))["permissions"] == ["account.self"]
        robot = cloud.client(Face.ADMIN, (await admin.post("/api-tokens", {"name": "robot"}))["token"])
        assert (await robot.ask("GET", "/accounts")).status == 403
        await enrolled(admin, clock, ADMIN_PASSWORD)
        assert (await admin.ask("GET", "/accounts")).status == 200
        assert (await robot.ask("GET", "/accounts")).status == 200


def test_the_picture_is_a_qr_code_with_its_quiet_zone() -> None:
    picture = Enrolment("A" * 32, "otpauth://totp/Zaffre:a?secret=" + "A" * 32 + "&issuer=Zaffre").picture
    assert {len(row) for row in picture} == {len(picture)}
    assert picture[:4] == ["0" * len(picture)] * 4
    assert picture[4][4:11] == "1111111"
    assert len(half_blocks(picture)) == (len(picture) + 1) // 2
