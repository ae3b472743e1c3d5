"""A statement as a PDF that looks like the draft of an invoice.

The library is loaded when a page is drawn. Latin, Greek, Cyrillic, Armenian and Georgian letters are in the font, which
is embedded with those that are used; any other is shown as a sign that stands for it, and the JSON has it right.
Why so: docs/decisions/0064-statements-bring-their-own-font.md.
"""

import unicodedata
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

from zaffre.management.metering.quantities import text
from zaffre.management.money.amounts import payable
from zaffre.management.money.statements import Draft, Line, LineKind, number_text

_COLUMNS = (("What", 82, "L"), ("Quantity", 38, "R"), ("Unit price", 26, "R"), ("Amount", 34, "R"))
"""Titles, widths in millimetres and alignment."""
_INK, _GREY, _RULE = (24, 32, 56), (105, 112, 130), (205, 210, 222)
_FONT = "DejaVu Sans Condensed"
_FONT_FILES = {"": "DejaVuSansCondensed.ttf", "B": "DejaVuSansCondensed-Bold.ttf"}
"""By style."""
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
"""Stands for a letter that the font lacks."""
_CONTROLS = ("Cc", "Cf")
"""Categories of what is never shown: it joins letters, or turns the order of what follows it."""
_ACCENTS = ("Mn", "Me")
"""Categories of what belongs to the letter before it, and is left out when the font lacks it."""


def statement_pdf(draft: Draft, number: int | None, closed_at: datetime | None, issuer: str) -> bytes:
    """Draw a statement.

    Args:
        draft: what is in it.
        number: None while it is not closed.
        closed_at: None while it is not closed.
        issuer: who sends it: name and address, a line each.
    """
    from fpdf import FPDF  # noqa: PLC0415 - heavy, and most processes never draw a page

    class Page(FPDF):
        """A page with its number at the bottom."""

        def footer(self) -> None:
            """Write the number."""
            self.set_y(-14)
            _write(self, 8, _GREY)
            self.cell(0, 5, f"{title}  -  page {self.page_no()} of {{nb}}", align="C")

    title = f"Statement {number_text(number)}" if number is not None else "Statement (draft)"
    page: Any = Page(format="A4")
    for style, name in _FONT_FILES.items():
        with as_file(files("zaffre.management.money") / "fonts" / name) as font_file:
            page.add_font(_FONT, style, font_file)
    page.set_title(title)
    if closed_at is not None:
        page.set_creation_date(closed_at)
    page.set_margins(15, 15)
    page.set_auto_page_break(True, 22)  # noqa: FBT003 - the library's own signature
    page.add_page()
    _head(page, draft, title, closed_at, issuer)
    _table(page, draft)
    _foot(page, draft, draft_only=number is None)
    return bytes(page.output())


def _head(page: Any, draft: Draft, title: str, closed_at: datetime | None, issuer: str) -> None:
    _write(page, 9, _GREY)
    page.multi_cell(90, 4.5, _plain(page, issuer), new_x="LMARGIN", new_y="NEXT")
    page.set_y(max(page.get_y() + 10, 45))
    top = page.get_y()
    _write(page, 11, _INK)
    addressee = _plain(page, f"{draft.account_name}\n{draft.account_email}")
    page.multi_cell(90, 5.5, addressee, new_x="LMARGIN", new_y="NEXT")
    facts = [
        ("Month", str(draft.month)),
        ("From", f"{draft.month.begin:%Y-%m-%d}"),
        ("To", f"{draft.month.plus(1).begin:%Y-%m-%d}, 00:00 UTC"),
        ("Subscription", draft.subscription_name),
        ("Closed", f"{closed_at:%Y-%m-%d}" if closed_at is not None else "not yet"),
    ]
    for row, (name, value) in enumerate(facts):
        page.set_xy(115, top + 5.5 * row)
        _write(page, 9, _GREY)
        page.cell(28, 5.5, name)
        _write(page, 9, _INK)
        page.cell(52, 5.5, _short(page, value, 52))
    page.set_xy(15, top + 5.5 * len(facts) + 12)
    _write(page, 18, _INK, bold=True)
    page.cell(0, 10, title, new_x="LMARGIN", new_y="NEXT")
    page.ln(4)


def _table(page: Any, draft: Draft) -> None:
    page.set_draw_color(*_RULE)
    _write(page, 9, _GREY)
    for name, width, alignment in _COLUMNS:
        page.cell(width, 7, name, border="B", align=alignment)
    page.ln(8)
    for line in draft.lines:
        _row(page, line, draft.currency)


def _row(page: Any, line: Line, currency: str) -> None:
    _write(page, 9.5, _INK)
    measure = f"{text(line.quantity)} {line.unit or ''}".strip() if line.quantity is not None and line.unit else ""
    if line.kind is LineKind.FEE and line.quantity is not None:
        measure = f"{text(line.quantity)} hours"
    price = f"{text_of(line.unit_price)}{f' / {line.unit}' if line.kind is LineKind.FEE else ''}"
    cells = (_name(line), measure, price, payable(line.amount, currency))
    for content, (_, width, alignment) in zip(cells, _COLUMNS, strict=True):
        page.cell(width, 6.5, _short(page, content, width), align=alignment)
    page.ln(6.5)


def text_of(unit_price: str | None) -> str:
    """Return a unit price without needless zeros; nothing when there are several."""
    return unit_price.rstrip("0").rstrip(".") if unit_price and "." in unit_price else unit_price or ""


def _name(line: Line) -> str:
    name = f"{line.title} ({line.state})" if line.state else line.title
    if line.kind is LineKind.ADJUSTMENT:
        return f"{name}, adjustment of {line.month}"
    prefix = {LineKind.DISCOUNT: "Discount: ", LineKind.CREDIT: "Credit: "}.get(line.kind, "")
    return prefix + name


def _foot(page: Any, draft: Draft, *, draft_only: bool) -> None:
    page.ln(2)
    _write(page, 12, _INK, bold=True)
    width = sum(width for _, width, _ in _COLUMNS)
    page.cell(width - 70, 10, "Total", border="T")
    amount = f"{draft.currency} {payable(draft.total, draft.currency)}"
    page.cell(70, 10, amount, border="T", align="R", new_x="LMARGIN", new_y="NEXT")
    page.ln(6)
    _write(page, 8, _GREY)
    notice = "Net of any tax. What becomes known of this month later is put right in the next statement."
    if draft_only:
        notice = "A draft: the month is not closed, and amounts may change. " + notice
    page.multi_cell(0, 4, notice, new_x="LMARGIN", new_y="NEXT")


def _write(page: Any, size: float, colour: tuple[int, int, int], *, bold: bool = False) -> None:
    page.set_font(_FONT, "B" if bold else "", size)
    page.set_text_color(*colour)


def _plain(page: Any, value: str) -> str:
    """Return a text as it can be shown: accents on their letters, and signs for what the font lacks."""
    known = page.current_font.cmap

    def shown(character: str) -> str:
        kind = unicodedata.category(character)
        if character == "\n":
            return character
        if kind in _CONTROLS:
            return ""
        if ord(character) in known:
            return character
        return "" if kind in _ACCENTS else _UNKNOWN

    return "".join(shown(each) for each in unicodedata.normalize("NFC", value))


def _short(page: Any, value: str, width: float) -> str:
    """Return as much of a text as fits into a cell of that width, in millimetres."""
    plain = _plain(page, value)
    room = width - 2 * page.c_margin
    if page.get_string_width(plain) <= room:
        return plain
    kept = len(plain)
    while kept and page.get_string_width(f"{plain[:kept]}…") > room:
        kept -= 1
    return f"{plain[:kept].rstrip()}…"
