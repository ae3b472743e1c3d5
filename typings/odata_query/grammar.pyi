from collections.abc import Iterable, Iterator
from typing import Any

from odata_query import ast

class Token:
    type: str
    value: Any
    lineno: int
    index: int

class ODataLexer:
    def tokenize(self, text: str) -> Iterator[Token]: ...

class ODataParser:
    def parse(self, tokens: Iterable[Token]) -> ast.Node: ...
