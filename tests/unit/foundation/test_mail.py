"""Mail: written with its cause, sent by a loop to a real mail server, tried again, given up."""

import stat
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from support.mail import mail_server
from support.server_process import free_ports
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.errors import InvalidInput
from zaffre.foundation.events.tables import LifecycleEventRow
from zaffre.foundation.mail import Mail, Outbox
from zaffre.foundation.mail.delivery import BATCH, Delivery
from zaffre.foundation.mail.drivers import post_office
from zaffre.foundation.mail.outbox import Backlog
from zaffre.foundation.mail.tables import MailRow
from zaffre.foundation.settings import MailSettings
from zaffre.foundation.together import together
from zaffre.foundation.work import UnitsOfWork

ACTOR = system_actor("test")
HELLO = Mail("anna@zaffre.example", "Hello", "Grüße, Anna.\n\nhttp://zaffre.example/a?b=c\n")


def smtp(port: int, **more: object) -> MailSettings:
    return MailSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "tls": "none", "sender": "Zäffre <cloud@zaffre.example>", **more}
    )


def delivery(units: UnitsOfWork, settings: MailSettings) -> Delivery:
    return Delivery(units, settings, post_office(settings))


async def put(units: UnitsOfWork, *mails: Mail) -> None:
    async with units.write(ACTOR) as work:
        for mail in mails:
            await Outbox.put(work, mail)


async def backlog(units: UnitsOfWork) -> Backlog:
    async with units.read(ACTOR) as work:
        return await Outbox.backlog(work)


async def given_up(units: UnitsOfWork) -> list[dict[str, object]]:
    async with units.read(ACTOR) as work:
        return list(await work.session.scalars(select(LifecycleEventRow.data).order_by(LifecycleEventRow.id)))


async def test_a_message_reaches_a_real_mail_server_once_and_whole(units: UnitsOfWork) -> None:
    with mail_server() as server:
        sender = delivery(units, smtp(server.port, user="cloud", password="right"))
        await put(units, HELLO, Mail("ben@zaffre.example", "Two\nlines\r\nBcc: eve@zaffre.example", "x"))
        await together(*(sender.run() for _ in range(3)))
        await sender.run()
    assert sorted(message["To"] for message in server.messages) == ["anna@zaffre.example", "ben@zaffre.example"]
    message, other = sorted(server.messages, key=lambda message: message["To"])
    assert (message["From"], message["Subject"]) == ("Zäffre <cloud@zaffre.example>", "Hello")
    assert message.get_content() == HELLO.text
    assert other["Subject"] == "Two lines Bcc: eve@zaffre.example"
    assert other["Bcc"] is None
    assert set(server.signed_in) == {"cloud"}
    assert (await backlog(units)).waiting == 0


async def test_mail_exists_only_if_its_cause_does_and_rests_sealed(units: UnitsOfWork) -> None:
    with pytest.raises(RuntimeError):
        async with units.write(ACTOR) as work:
            await Outbox.put(work, HELLO)
            raise RuntimeError
    assert (await backlog(units)).waiting == 0
    await put(units, HELLO)
    async with units.read(ACTOR) as work:
        row = await work.session.scalar(select(MailRow))
        assert row is not None
        assert b"zaffre.example/a" not in row.sealed_text
    for address in ("anna", "a b@zaffre.example", "anna@zaffre.example\nBcc: eve@zaffre.example", ""):
        with pytest.raises(InvalidInput):
            await put(units, Mail(address, "Hello", "x"))


async def test_a_server_that_is_away_is_tried_again_ever_more_rarely_until_the_mail_is_given_up(
    units: UnitsOfWork, clock: ManualClock
) -> None:
    port = free_ports(1)[0]
    sender = delivery(units, smtp(port))
    await put(units, HELLO, Mail("ben@zaffre.example", "Short", "x", clock.now().replace(minute=10)))
    for _ in range(2):
        await sender.run()
    assert (await backlog(units)).failing == 2
    tries = 0
    while (await backlog(units)).waiting:
        clock.advance(600)
        await sender.run()
        tries += 1
    assert tries == 24 * 6
    events = await given_up(units)
    assert [event["subject"] for event in events] == ["Short", "Hello"]
    assert 30 < int(str(events[1]["attempts"])) < 60
    assert f"127.0.0.1:{port}" in str(events[1]["reason"])


async def test_what_a_server_refuses_for_good_is_given_up_and_what_it_refuses_for_now_is_not(
    units: UnitsOfWork, clock: ManualClock
) -> None:
    await put(units, *(Mail(f"{name}@zaffre.example", name, "x") for name in ("never", "later", "now")))
    with mail_server() as server:
        server.refusals = {"never@zaffre.example": "550 no such mailbox", "later@zaffre.example": "451 come back"}
        sender = delivery(units, smtp(server.port))
        await sender.run()
        assert [message["To"] for message in server.messages] == ["now@zaffre.example"]
        assert [event["reason"] for event in await given_up(units)] == ["550 no such mailbox"]
        assert (await backlog(units)).last_error == "451 come back"
        server.refusals.clear()
        await sender.run()
        assert len(server.messages) == 1
        clock.advance(31)
        await sender.run()
        assert [message["To"] for message in server.messages[1:]] == ["later@zaffre.example"]
    assert (await backlog(units)).waiting == 0


async def test_a_sender_that_dies_half_way_loses_nothing_and_repeats_the_message_s_id(
    units: UnitsOfWork, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(units, HELLO)
    with mail_server() as server:
        sender = delivery(units, smtp(server.port))
        with monkeypatch.context() as patch:

            async def die(*_: object) -> None:
                raise KeyboardInterrupt

            patch.setattr(sender, "_finish", die)
            with pytest.raises(KeyboardInterrupt):
                await sender.run()
        await sender.run()
        assert len(server.messages) == 1
        clock.advance(31)
        await sender.run()
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert (await backlog(units)).waiting == 0


async def test_a_run_is_bounded_and_without_a_server_mail_waits_a_day(units: UnitsOfWork, clock: ManualClock) -> None:
    await put(units, *[HELLO] * (BATCH + 1))
    with mail_server() as server:
        await delivery(units, smtp(server.port)).run()
        assert len(server.messages) == BATCH
    nowhere = delivery(units, MailSettings())
    await nowhere.run()
    assert (await backlog(units)).waiting == 1
    clock.advance(86_400)
    await nowhere.run()
    assert [event["reason"] for event in await given_up(units)] == ["The site has no mail server."]


async def test_a_wrong_password_and_a_missing_tls_keep_the_mail(units: UnitsOfWork) -> None:
    await put(units, HELLO, HELLO)
    with mail_server() as server:
        await delivery(units, smtp(server.port, user="cloud", password="wrong")).run()
        assert "535" in ((await backlog(units)).last_error or "")
        await delivery(units, smtp(server.port, tls="starttls", user="cloud", password="right")).run()
        assert "wrong" not in ((await backlog(units)).last_error or "")
        assert server.messages == []
    assert (await backlog(units)).waiting == 2


async def test_for_development_messages_become_files(units: UnitsOfWork, tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    await put(units, HELLO, HELLO)
    await delivery(units, MailSettings(directory=directory)).run()
    files = sorted(directory.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    message = message_from_bytes(files[0].read_bytes(), EmailMessage, policy=default)
    assert message.get_content() == HELLO.text


def test_settings_that_would_send_a_password_in_the_clear_are_refused() -> None:
    with pytest.raises(ValidationError, match="starttls"):
        MailSettings.model_validate({"host": "mail.example.org", "tls": "none", "password": "x"})
    with pytest.raises(ValidationError, match="sender"):
        MailSettings(sender="nobody")
