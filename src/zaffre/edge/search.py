"""Finding things by what people know of them: a piece of a name, an id, an address, a tag.

What can be found is listed in `search_sources`. Each source is asked at most twice: for what begins with the text, by
an index; and, when that leaves room, for what contains it, among a bounded number of rows. So a search costs about the
same on a small site and on a large one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, null, or_, select

from zaffre.foundation.work import UnitOfWork
from zaffre.identity import Caller, Permission
from zaffre.management.roles import allowed_by_subscription
from zaffre.management.tables import SubscriptionRow

HITS_PER_SOURCE = 10
"""So that machines with a common name do not push everything else out of sight."""
SCANNED_ROWS = 50_000
"""How many rows of a source are looked at for the text within their names."""
CONTAINED_CHARACTERS = 2
"""From how many characters on things are found that only contain the text: one letter is in everything."""
ID_DIGITS = 8
"""From how many digits on a text is taken for the beginning of an id."""
_ID = re.compile(r"^[0-9a-f]{8}(?:-?[0-9a-f]{0,4}){0,4}[0-9a-f]{0,8}$")
_LAST_CHARACTER = "\U0010ffff"


class Rank(IntEnum):
    """How well a hit fits; the best come first."""

    EXACT = 0
    BEGINS = 1
    CONTAINS = 2


@dataclass(frozen=True)
class Hit:
    """Something that was found."""

    resource_type: str
    id: str
    name: str
    subscription_id: str | None
    detail: str
    """What tells it from others of its name."""
    rank: Rank
    subscription_name: str | None = None


@dataclass(frozen=True)
class Source:
    """A kind of resource that can be found."""

    resource_type: str
    permission: Permission
    """What a caller needs to see such resources."""
    id: Any
    name: Any
    facts: Sequence[Any] = ()
    """What tells it from others of its name."""
    key: Any = None
    """The indexed lower-case name; None where there are so few rows that reading them all is as quick."""
    contained: Sequence[Any] = ()
    """Further columns in which the text is looked for."""
    subscription: Any = None
    """The subscription it belongs to; None when it belongs to the site."""
    for_tenants: Sequence[ColumnElement[bool]] = ()
    """What tenants may see of it."""
    whole: Permission | None = None
    """What it takes to see more of it than tenants do."""
    administrators_only: bool = False
    by_id_only: bool = False
    looks_like: re.Pattern[str] | None = None
    """It is asked only for texts like this; None: for every text."""
    shared: ColumnElement[bool] | None = None
    """What of it every tenant sees besides their own."""

    @property
    def text(self) -> Any:
        """What the wanted text is compared with first."""
        return self.key if self.key is not None else self.name


class Search:
    """One caller's searching inside one unit of work."""

    def __init__(self, work: UnitOfWork, caller: Caller) -> None:
        self._work = work
        self._session = work.session
        self._caller = caller

    async def find(self, sources: Iterable[Source], text: str, top: int) -> Sequence[Hit]:
        """Return up to `top` things the caller may see, the best first and equals in the order of the sources."""
        wanted = text.strip().lower()
        allowed = await self._allowed()
        hits: list[Hit] = []
        for source in sources:
            apt = source.looks_like is None or source.looks_like.match(wanted) or id_range(wanted) is not None
            if apt and self._caller.may(source.permission):
                hits += await self._hits(source, self._scope(source, allowed), wanted)
        best = sorted(hits, key=lambda hit: hit.rank)  # stable: equals stay in order
        return await self._with_subscription_names(_distinct(best)[:top])

    async def _allowed(self) -> Mapping[str, frozenset[Permission]] | None:
        """Return what the caller may do in which subscriptions; None: everything in everybody's."""
        if self._caller.may(Permission.SUBSCRIPTION_READ_ALL):
            return None
        return await allowed_by_subscription(self._work, self._caller)

    def _scope(self, source: Source, allowed: Mapping[str, frozenset[Permission]] | None) -> list[ColumnElement[bool]]:
        if source.subscription is None:
            return [] if source.whole is not None and self._caller.may(source.whole) else list(source.for_tenants)
        if allowed is None:
            return []
        seen = [subscription for subscription, permissions in allowed.items() if source.permission in permissions]
        own = source.subscription.in_(seen)
        return [own if source.shared is None else or_(own, source.shared), *source.for_tenants]

    async def _hits(self, source: Source, scope: list[ColumnElement[bool]], wanted: str) -> list[Hit]:
        hits: list[Hit] = []
        between = id_range(wanted)
        if between is not None:
            hits += await self._read(source, [*scope, source.id.between(*between)], wanted)
        if source.by_id_only:
            return hits
        if source.key is not None:
            begins = [source.key >= wanted, source.key < wanted + _LAST_CHARACTER]
            hits += await self._read(source, [*scope, *begins], wanted)
        if len(hits) < HITS_PER_SOURCE and len(wanted) >= CONTAINED_CHARACTERS:
            hits += await self._read(source, self._contains(source, scope, wanted), wanted)
        return _distinct(hits)[:HITS_PER_SOURCE]

    def _contains(self, source: Source, scope: list[ColumnElement[bool]], wanted: str) -> list[ColumnElement[bool]]:
        order = source.key if source.key is not None else source.id
        looked_at = [source.text, *source.contained]
        some = select(source.id.label("id"), *(column.label(f"text_{n}") for n, column in enumerate(looked_at)))
        rows = some.where(*scope).order_by(order).limit(SCANNED_ROWS).subquery()
        texts = [rows.c[f"text_{n}"] for n in range(len(looked_at))]
        matching = or_(*(text.icontains(wanted, autoescape=True) for text in texts))
        return [source.id.in_(select(rows.c.id).where(matching).limit(2 * HITS_PER_SOURCE))]

    async def _read(self, source: Source, conditions: list[ColumnElement[bool]], wanted: str) -> list[Hit]:
        subscription = source.subscription if source.subscription is not None else null()
        statement = select(source.id, source.name, source.text, subscription, *source.facts).where(and_(*conditions))
        rows = await self._session.execute(statement.order_by(source.text).limit(HITS_PER_SOURCE))
        return [
            Hit(source.resource_type, found_id, name, owner, words(*facts), _rank(wanted, found_id, text))
            for found_id, name, text, owner, *facts in rows
            if name is not None
        ]

    async def _with_subscription_names(self, hits: Sequence[Hit]) -> Sequence[Hit]:
        ids = {hit.subscription_id for hit in hits if hit.subscription_id is not None}
        statement = select(SubscriptionRow.id, SubscriptionRow.name).where(SubscriptionRow.id.in_(ids))
        names = {row.id: row.name for row in await self._session.execute(statement)} if ids else {}
        return [replace(hit, subscription_name=names.get(hit.subscription_id or "")) for hit in hits]


def id_range(text: str) -> tuple[str, str] | None:
    """Return the lowest and the highest id that begin with a text; None when ids do not look like it."""
    digits = text.replace("-", "")
    if not _ID.match(text) or not ID_DIGITS <= len(digits) <= 32:
        return None
    return _id_of(digits.ljust(32, "0")), _id_of(digits.ljust(32, "f"))


def _id_of(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def words(*facts: str | None) -> str:
    """Return what is known of a thing in one line."""
    return " · ".join(fact for fact in facts if fact)


def _rank(wanted: str, resource_id: str, text: str) -> Rank:
    if wanted in (resource_id, text.lower()):
        return Rank.EXACT
    return Rank.BEGINS if text.lower().startswith(wanted) or resource_id.startswith(wanted) else Rank.CONTAINS


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    """Return each thing once, as it was found first."""
    found: dict[tuple[str, str], Hit] = {}
    for hit in hits:
        found.setdefault((hit.resource_type, hit.id), hit)
    return list(found.values())
