"""Asking programs: more of them at once than connections are kept for."""

import asyncio
from datetime import UTC, datetime

from pydantic import SecretStr

from support.certificates import holder
from support.receiver import receiver
from zaffre.foundation.settings import load_settings
from zaffre.management.approvals.asking import POOLS, Asking, AskOutcome, Question

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SETTINGS = load_settings(
    environment={}, flags=["providers.allow_networks=127.0.0.1/32", "providers.allow_plain_http=true"]
).providers


def question(url: str, ca_certificates: str) -> Question:
    key = SecretStr("whsec_" + "a" * 44)
    return Question("p", "billing", url, ca_certificates, 30, "refuse", [key], "m", {"type": "approval.asked"})


async def test_a_question_under_way_is_answered_however_many_other_programs_are_asked_meanwhile() -> None:
    certificate = holder().pem
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow_program(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine")
        await writer.drain()
        writer.close()

    slow = await asyncio.start_server(slow_program, "127.0.0.1", 0)
    asking = Asking(SETTINGS)
    async with slow, receiver() as quick:
        port = slow.sockets[0].getsockname()[1]
        first = asyncio.create_task(asking.ask(question(f"http://127.0.0.1:{port}/", certificate), NOW))
        async with asyncio.timeout(30):
            await asked.wait()
        # Certificates that differ are trusted apart; here they do by the empty lines after them.
        for number in range(1, POOLS + 10):
            verdict = await asking.ask(question(f"{quick.url}/quick", certificate + "\n" * number), NOW)
            assert verdict.outcome is AskOutcome.APPROVED
        assert not first.done()
        answer.set()
        verdict = await first
    assert (verdict.outcome, verdict.reason) == (AskOutcome.APPROVED, "fine")
    assert len(asking._lines) == POOLS
    await asking.close()
