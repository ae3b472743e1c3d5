"""Statements as PDF, read back by another library than the one that wrote them."""
# ruff: noqa: RUF001 - letters that look like others are what these tests are about

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from zaffre.management.money.months import Month
from zaffre.management.money.statement_pdf import statement_pdf
from zaffre.management.money.statements import Draft, Line, LineKind

CLOSED_AT = datetime(2026, 11, 4, tzinfo=UTC)


def line(title: str, kind: LineKind = LineKind.USAGE, **told: Any) -> Line:
    return Line(kind, title, "2026-10", title, 10**9, **told)


def draft_of(*lines: Line, account: str = "Zoë", subscription: str = "shop") -> Draft:
    return Draft(Month(2026, 10), "EUR", "s", subscription, "a", account, "z@example.org", list(lines))


def pages_of(draft: Draft, issuer: str = "Issuer\nStreet") -> list[PageObject]:
    return list(PdfReader(BytesIO(statement_pdf(draft, 7, CLOSED_AT, issuer))).pages)


@pytest.mark.parametrize(
    "name",
    [
        "Łódź Żółw Sp. z o.o., Święty Krzyż",
        "Příliš žluťoučký kůň, Plzeň",
        "Αθήνα, Ελληνική Εταιρεία",
        "ООО «Щука», Київ, Ґалаґан",
        "İstanbul Çağrı Şirketi, 5 ₺",
        "Đặng Nguyễn, Việt Nam",
        "Հայաստան, საქართველო",
        "Zoë Größe, 5 € – “naïve”",
    ],
)
def test_names_and_addresses_are_written_in_their_own_letters(name: str) -> None:
    [page] = pages_of(draft_of(line(name), account=name, subscription=name), issuer=f"{name}\n{name}")
    assert page.extract_text().count(name) == 5


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("東京 Tokyo", "�� Tokyo"),
        ("ab 👩‍💻☁️ cd", "ab ��� cd"),
        ("שלום Haifa", "���� Haifa"),
        ("Cafe\u0301 Lo\u0301dz\u0301", "Café Lódź"),
        ("evil\u202e\x00\x07\r\t name", "evil name"),
        ("\U0010ffff\ud7ff", "��"),
    ],
)
def test_what_the_font_lacks_is_a_sign_and_what_controls_is_left_out(name: str, shown: str) -> None:
    [page] = pages_of(draft_of(line(name), account=name))
    assert page.extract_text().splitlines().count(shown) == 1
    assert shown in page.extract_text().partition("Statement 000007")[2]


def test_a_statement_of_many_lines_has_several_pages_and_stays_small() -> None:
    used = line("日本 " * 30, quantity=10**18, unit="vCPU-hour", state="running", unit_price="0.010000000")
    draft = draft_of(*[used] * 100, subscription="Żółw " * 40)
    pdf = statement_pdf(draft, None, None, "Issuer\nStreet")
    pages = PdfReader(BytesIO(pdf)).pages
    assert len(pages) > 2
    assert "A draft" in pages[-1].extract_text()
    assert len(pdf) < 50_000
    assert {font["/BaseFont"].partition("+")[2] for page in pages for font in fonts_of(page)} == {
        "DejaVuSansCondensed",
        "DejaVuSansCondensedBold",
    }


def fonts_of(page: PageObject) -> list[Any]:
    resources: Any = page["/Resources"]
    return [font.get_object() for font in resources["/Font"].values()]


def test_nothing_runs_into_what_is_beside_it() -> None:
    wide = line("W" * 200, quantity=10**18, unit="vCPU-hour", unit_price="123456789.123456789")
    page = pages_of(draft_of(wide, subscription="W" * 200))[0]
    told = [text for text in page.extract_text().splitlines() if "WW" in text]
    assert len(told) == 2
    assert all("…" in text for text in told)
    assert max(text.count("W") for text in told) < 40
