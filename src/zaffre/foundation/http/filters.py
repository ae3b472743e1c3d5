"""`$filter`: OData v4 boolean expressions over a collection's fields, turned into SQL conditions.

The grammar is odata-query's. The translation is ours because it must be strict where the library is lenient: only the
fields that a collection declares, only literals of the field's type (PostgreSQL refuses to compare across types, which
would be a fault of ours), and every error points at its character. It also means the same on every database: text is
compared with its case (SQLite's LIKE would not), and a comparison with an absent value is false, not unknown, so that
`not` selects exactly what its operand does not.
"""

import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NoReturn, cast
from uuid import UUID

from odata_query import ast
from odata_query.exceptions import ODataException, ParsingException, TokenizingException
from odata_query.grammar import ODataLexer, ODataParser, Token
from sqlalchemy import BigInteger, ColumnElement, Integer, and_, func, literal, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from zaffre.foundation.errors import InvalidQuery

MAX_CHARACTERS = 2000
MAX_COMPARISONS = 50
MAX_LIST_ITEMS = 100
MAX_DEPTH = 20
"""SQLite's parser gives up at some thirty nested conditions, our own and the page's included."""
MAX_INTEGER = 2**63 - 1
EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, tzinfo=UTC)
"""Instants beyond these leave the calendar when they are moved to another time zone."""


class FieldType(StrEnum):
    """What a field holds; decides which literals it may be compared with."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    ID = "id"
    TAGS = "tags"
    """Text with a line for each tag; conditions on single tags stand in `any(…)`."""


@dataclass(frozen=True)
class Field:
    """A field of a collection that queries may name."""

    column: Any
    """The mapped attribute."""
    type: FieldType
    searchable: bool = False
    """Whether `$search` looks into it (text only)."""
    sortable: bool = True
    """Whether `$orderby` may name it; its column must not be nullable."""


class TextPosition(FunctionElement[int]):
    """Where the second text begins in the first, case and all; 0 when it does not occur."""

    type = Integer()
    inherit_cache = True


@compiles(TextPosition)
def _on_postgresql(element: TextPosition, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@compiles(TextPosition, "sqlite")
def _on_sqlite(element: TextPosition, compiler: Any, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    return TextPosition(column, text) > 0


def _starts(column: Any, text: str) -> ColumnElement[bool]:
    return func.substr(column, 1, len(text)) == text


def _ends(column: Any, text: str) -> ColumnElement[bool]:
    return func.substr(column, func.length(column) - len(text) + 1) == text


_COMPARISONS: Mapping[type[Any], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_TEXT_TESTS: Mapping[str, Callable[[Any, str], ColumnElement[bool]]] = {
    "contains": _contains,
    "startswith": _starts,
    "endswith": _ends,
}
_FOLDINGS = {"tolower": func.lower, "toupper": func.upper}
_LITERALS = ("STRING", "GUID", "DATETIME", "DATE", "TIME", "DECIMAL", "INTEGER", "BOOLEAN", "NULL", "DURATION")


def parse_filter(text: str, fields: Mapping[str, Field]) -> ColumnElement[bool]:
    """Translate a `$filter` expression.

    Raises:
        InvalidQuery: it cannot be understood, names an unknown field, compares unlike things or is too large.
    """
    if len(text) > MAX_CHARACTERS:
        _refuse(text, MAX_CHARACTERS, f"the expression is longer than {MAX_CHARACTERS} characters")
    tokens = _tokenize(text)
    return _Translation(text, tokens, fields).condition(_parse(text, tokens))


def _tokenize(text: str) -> list[Token]:
    try:
        return _with_commas(list(ODataLexer().tokenize(text)))
    except TokenizingException as error:
        _refuse(text, error.token.index, "unexpected character")


def _with_commas(tokens: list[Token]) -> list[Token]:
    """Write lists of one the way the grammar wants them: `in ('a',)` for OData's `in ('a')`."""
    dense = [position for position, token in enumerate(tokens) if token.type != "WS"]
    for opening, first, last, closing in zip(dense, dense[1:], dense[2:], dense[3:], strict=False):
        kinds = [tokens[position].type for position in (opening, first, last, closing)]
        if kinds[:2] == ["IN", "("] and kinds[2] in _LITERALS and kinds[3] == ")":
            return [*tokens[:closing], _comma(tokens[closing]), *_with_commas(tokens[closing:])]
    return tokens


def _comma(before: Token) -> Token:
    comma = Token()
    comma.type = comma.value = ","
    comma.lineno, comma.index = before.lineno, before.index
    return comma


def _parse(text: str, tokens: Sequence[Token]) -> Any:
    try:
        return ODataParser().parse(iter(tokens))
    except ParsingException as error:
        position = error.token.index if error.token is not None else len(text)
        _refuse(text, position, "the expression cannot be understood from here on")
    except ODataException as error:
        _refuse(text, 0, str(error).rstrip("."))
    except Exception:  # noqa: BLE001 - rare expressions trip over slips of the library; none of them is meant well
        _refuse(text, 0, "the expression cannot be understood")


def _refuse(text: str, position: int, reason: str) -> NoReturn:
    shown = text[max(position - 20, 0) : position + 20]
    raise InvalidQuery(
        f"$filter, character {position + 1}: {reason} (near {shown!r}).",
        remedy="Write for example: $filter=state eq 'running' and startswith(name,'web').",
        target="$filter",
    )


class _Translation:
    """Translates one expression."""

    def __init__(self, text: str, tokens: Sequence[Token], fields: Mapping[str, Field]) -> None:
        self._text = text
        self._fields = fields
        self._comparisons = 0
        self._positions = {id(token.value): token.index for token in tokens}
        """By identity: the grammar hands its tokens' values through to the tree."""

    def condition(self, node: Any, depth: int = 0) -> ColumnElement[bool]:
        if depth > MAX_DEPTH:
            self._refuse(node, f"conditions are nested more than {MAX_DEPTH} deep")
        match node:
            case ast.BoolOp():
                join = and_ if isinstance(node.op, ast.And) else or_
                return join(*(self.condition(operand, depth + 1) for operand in _chain(node)))
            case ast.UnaryOp() if isinstance(node.op, ast.Not):
                return not_(self.condition(node.operand, depth + 1))
            case ast.Compare():
                return self._comparison(node)
            case ast.Call() if node.func.full_name() in _TEXT_TESTS:
                return self._text_test(node)
            case ast.CollectionLambda():
                return self._any_tag(node)
            case ast.Identifier():
                self._count(node)
                field = self._field(node)
                if field.type is not FieldType.BOOLEAN:
                    self._refuse(node, f"{node.name} is not a condition")
                return field.column.is_(True)
            case _:
                return self._refuse(node, "this is not a condition")

    def _comparison(self, node: ast.Compare) -> ColumnElement[bool]:
        self._count(node)
        column, field, name = self._operand(node.left)
        if isinstance(node.comparator, ast.In):
            if not isinstance(node.right, ast.List) or len(node.right.val) > MAX_LIST_ITEMS:
                self._refuse(node.right, f"`in` needs a list of at most {MAX_LIST_ITEMS} literals")
            return _present(column, column.in_([self._literal(item, field, name) for item in node.right.val]))
        compare = _COMPARISONS.get(type(node.comparator))
        if compare is None:
            self._refuse(node.left, "this comparison is not supported")
        if isinstance(node.right, ast.Null):
            if compare not in (operator.eq, operator.ne):
                self._refuse(node.right, "null can only be compared with eq and ne")
            return column.is_(None) if compare is operator.eq else column.is_not(None)
        value = self._literal(node.right, field, name)
        if compare is operator.ne:
            return not_(_present(column, column == value))
        return _present(column, compare(column, value))

    def _text_test(self, node: ast.Call) -> ColumnElement[bool]:
        self._count(node)
        column, field, name = self._operand(node.args[0])
        if field.type not in (FieldType.TEXT, FieldType.TAGS):
            self._refuse(node.args[0], f"{name} is not text")
        text = self._literal(node.args[1], field, name)
        return _present(column, _TEXT_TESTS[node.func.name](column, text))

    def _any_tag(self, node: Any) -> ColumnElement[bool]:
        """Translate `tags/any(t:t eq 'env=prod')`: whether a line of the text meets a condition."""
        field = self._field(node.owner) if isinstance(node.owner, ast.Identifier) else None
        if field is None or field.type is not FieldType.TAGS or not isinstance(node.operator, ast.Any):
            self._refuse(node.owner, "only tags have conditions on their parts, and only `any(…)`")
        if node.lambda_ is None:
            self._count(node.owner)
            return field.column != ""
        return or_(*(_contains(field.column, text) for text in self._tag_texts(node.lambda_, field)))

    def _tag_texts(self, node: Any, field: Field) -> list[str]:
        """Return the texts of which one is in the tags when one of them meets the condition."""
        asked, tag = node.expression, node.identifier.name
        self._count(asked)
        match asked:
            case ast.Compare(comparator=ast.Eq()):
                subject, literals, ending = asked.left, [asked.right], "\n"
            case ast.Compare(comparator=ast.In(), right=ast.List()):
                subject, literals, ending = asked.left, cast("Any", asked.right).val, "\n"
            case ast.Call(args=[subject, literal_]) if asked.func.full_name() == "startswith":
                literals, ending = [literal_], ""
            case _:
                self._refuse(
                    asked, f"ask of a tag `{tag} eq 'key=value'`, `{tag} in (…)` or `startswith({tag},'key=')`"
                )
        if subject != node.identifier or len(literals) > MAX_LIST_ITEMS:
            self._refuse(asked, f"the condition must be on {tag}, with at most {MAX_LIST_ITEMS} texts")
        return [f"\n{self._literal(text, field, tag)}{ending}" for text in literals]

    def _operand(self, node: Any) -> tuple[Any, Field, str]:
        """Return the column, its field and its name; `tolower(field)` and `toupper(field)` are allowed on text."""
        if isinstance(node, ast.Call) and node.func.full_name() in _FOLDINGS:
            column, field, name = self._operand(node.args[0])
            if field.type is FieldType.TEXT:
                return _FOLDINGS[node.func.name](column), field, name
        if not isinstance(node, ast.Identifier):
            self._refuse(node, "a comparison starts with a field: write `name eq 'web'`, not `'web' eq name`")
        field = self._field(node)
        return field.column, field, node.name

    def _field(self, node: ast.Identifier) -> Field:
        field = self._fields.get(node.full_name())
        if field is None:
            known = ", ".join(sorted(self._fields))
            self._refuse(node, f"there is no field {node.full_name()}; known are {known}")
        return field

    def _literal(self, node: Any, field: Field, name: str) -> Any:
        try:
            return _value(node, field.type)
        except ValueError:
            self._refuse(node, f"{name} must be compared with {_EXAMPLES[field.type]}")

    def _count(self, node: Any) -> None:
        self._comparisons += 1
        if self._comparisons > MAX_COMPARISONS:
            self._refuse(node, f"more than {MAX_COMPARISONS} comparisons")

    def _refuse(self, node: Any, reason: str) -> NoReturn:
        _refuse(self._text, self._position(node), reason)

    def _position(self, node: Any) -> int:
        """Return where a part of the tree begins: at the first of its tokens."""
        places: list[int] = []
        pending = [node]
        while pending:
            part = pending.pop()
            place = self._positions.get(id(part))
            if place is not None:
                places.append(place)
            elif isinstance(part, list):
                pending.extend(cast("list[Any]", part))
            elif dataclasses.is_dataclass(part):
                pending.extend(getattr(part, field.name) for field in dataclasses.fields(part))
        return min(places, default=0)


def _value(node: Any, field_type: FieldType) -> Any:
    """Return the value of a literal; ValueError when it is not one of the field's type."""
    match field_type, node:
        case FieldType.TEXT | FieldType.TAGS, ast.String() if "\0" not in node.py_val:
            return node.py_val.encode().decode()  # a lone surrogate, which no database stores, fails here
        case FieldType.INTEGER, ast.Integer() if abs(node.py_val) <= MAX_INTEGER:
            return whole_number(node.py_val)
        case FieldType.BOOLEAN, ast.Boolean():
            return node.py_val
        case FieldType.INSTANT, ast.DateTime():
            return instant(node.py_val)
        case FieldType.ID, ast.GUID():
            return str(UUID(node.val))
        case FieldType.ID, ast.String():
            return str(UUID(node.py_val))
        case _:
            raise ValueError(f"not of type {field_type}")


def whole_number(value: int) -> ColumnElement[int]:
    """Return a number to compare with, of the largest type whatever the column's, which may be smaller than it."""
    return literal(value, BigInteger())


def instant(value: datetime) -> datetime:
    """Return an instant in UTC; one without time zone is meant as UTC.

    Raises:
        ValueError: it is at the end of the calendar, beyond which databases and time zones do not reach.
    """
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not EARLIEST < aware < LATEST:
        raise ValueError(f"{value} is out of range")
    return aware.astimezone(UTC)


def _chain(node: ast.BoolOp) -> list[Any]:
    """Return the operands of `a and b and c`, which are no deeper than those of `a and b`."""
    operands: list[Any] = []
    rest: Any = node
    while isinstance(rest, ast.BoolOp) and type(rest.op) is type(node.op):
        operands.append(rest.right)
        rest = rest.left
    return [rest, *reversed(operands)]


def _present(column: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Make a condition on an absent value false instead of unknown."""
    return and_(column.is_not(None), condition) if getattr(column, "nullable", True) else condition


_EXAMPLES: Mapping[FieldType, str] = {
    FieldType.TEXT: "a text such as 'web'",
    FieldType.INTEGER: "a whole number such as 4",
    FieldType.BOOLEAN: "true or false",
    FieldType.INSTANT: "an instant such as 2026-01-31T12:00:00Z",
    FieldType.TAGS: "a text such as 'env=prod'",
    FieldType.ID: "an id such as 0190c1a0-0000-7000-8000-000000000000",
}
