"""Compare the API's descriptions with those of the last release: what would break a client that keeps to them?

    scripts/api-compatibility [BASE]

BASE is a commit; left out, it is the newest tag such as `v1.2.0`. Every incompatible change must be named in the
changelog's part about what is not released yet, with its method and path: `PATCH /plans/{plan_id}`. Before the first
release nothing is promised; what has changed since the commit before is shown then, and nothing is refused.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FACES = ("admin", "tenant", "public")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")

Json = Mapping[str, Any]


def incompatible(old: Json, new: Json) -> Iterator[tuple[str, str]]:
    """Yield what a client written for the old description cannot rely on any more: the operation, and what about it."""
    comparison = _Comparison(old, new)
    for path, methods in old["paths"].items():
        for method in METHODS:
            if method not in methods:
                continue
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield name, "is gone"
                continue
            for reason in sorted(set(comparison.operation(methods[method], now))):
                yield name, reason


class _Comparison:
    """Compares operations of two descriptions."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._compared: set[tuple[str, str, bool]] = set()

    def operation(self, old: Json, new: Json) -> Iterator[str]:
        self._compared.clear()
        yield from self._parameters(old.get("parameters", []), new.get("parameters", []))
        yield from self._body(old.get("requestBody"), new.get("requestBody"))
        for status, response in old.get("responses", {}).items():
            if not status.startswith("2"):
                continue
            now = new.get("responses", {}).get(status)
            if now is None:
                yield f"does not answer {status} any more"
                continue
            for media, content in response.get("content", {}).items():
                if media not in now.get("content", {}):
                    yield f"does not answer {media} any more"
                elif "schema" in content:
                    schema = now["content"][media].get("schema", {})
                    yield from self._fits(content["schema"], schema, "the answer", reading=True)

    def _parameters(self, old: list[Json], new: list[Json]) -> Iterator[str]:
        then = {(each["in"], each["name"]): each for each in old}
        now = {(each["in"], each["name"]): each for each in new}
        for key, each in then.items():
            if key not in now:
                yield f"does not take the {key[0]} parameter {key[1]} any more"
            else:
                where = f"the parameter {key[1]}"
                yield from self._fits(now[key].get("schema", {}), each.get("schema", {}), where, reading=False)
        for key, each in now.items():
            if each.get("required") and not then.get(key, {}).get("required"):
                yield f"requires the {key[0]} parameter {key[1]}"

    def _body(self, old: Json | None, new: Json | None) -> Iterator[str]:
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield "requires a body"
        if old is None:
            return
        if new is None:
            yield "does not take a body any more"
            return
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"does not take {media} any more"
            else:
                now = new["content"][media].get("schema", {})
                yield from self._fits(now, content.get("schema", {}), "the body", reading=False)

    def _fits(self, wide: Json, narrow: Json, where: str, *, reading: bool) -> list[str]:
        """Return why something that meets `narrow` would not do where `wide` is expected.

        What clients send meets the old description and must do for the new one; what they read, the other way round.
        """
        of_wide, of_narrow = (self._old, self._new) if reading else (self._new, self._old)
        if "$ref" in wide and "$ref" in narrow:
            pair = (wide["$ref"], narrow["$ref"], reading)
            if pair in self._compared:
                return []
            self._compared.add(pair)
        choices = list(_alternatives(wide, of_wide))
        reasons: list[str] = []
        for each in _alternatives(narrow, of_narrow):
            tries = [self._one_fits(choice, each, where, reading=reading) for choice in choices]
            reasons += min(tries, key=len)
        return reasons

    def _one_fits(self, wide: Json, narrow: Json, where: str, *, reading: bool) -> list[str]:
        expected, found = wide.get("type"), narrow.get("type")
        if expected is not None and found != expected and (expected, found) != ("number", "integer"):
            return [
                f"{where} is {found or 'anything'} where it was {expected}"
                if reading
                else f"{where} must be {expected}"
            ]
        reasons = list(self._parts(wide, narrow, where, reading=reading))
        return reasons if reading else [*_bounds(wide, narrow, where), *reasons]

    def _parts(self, wide: Json, narrow: Json, where: str, *, reading: bool) -> Iterator[str]:
        if "items" in wide and "items" in narrow:
            yield from self._fits(wide["items"], narrow["items"], f"each of {where}", reading=reading)
        old, new = (wide, narrow) if reading else (narrow, wide)
        there = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            if name not in there:
                if reading or new.get("additionalProperties") is False:
                    yield f"{name} of {where} is gone"
            else:
                pair = (schema, there[name]) if reading else (there[name], schema)
                yield from self._fits(*pair, f"{name} of {where}", reading=reading)
        lost = set(wide.get("required", [])) - set(narrow.get("required", []))
        for name in sorted(lost & set(there)):
            yield f"{name} of {where} may be absent" if reading else f"{name} of {where} is required"
        extra = wide.get("additionalProperties"), narrow.get("additionalProperties")
        if isinstance(extra[0], Mapping) and isinstance(extra[1], Mapping):
            yield from self._fits(extra[0], extra[1], f"each of {where}", reading=reading)


def _alternatives(schema: Json, document: Json) -> Iterator[Json]:
    """Yield the schemas of which a value meets one, each of one type."""
    if "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        yield from _alternatives(found, document)
    elif "anyOf" in schema or "oneOf" in schema:
        for each in schema.get("anyOf", schema.get("oneOf", [])):
            yield from _alternatives(each, document)
    elif isinstance(schema.get("type"), list):
        for each in schema["type"]:
            yield {**schema, "type": each}
    else:
        yield schema


def _bounds(wide: Json, narrow: Json, where: str) -> Iterator[str]:
    """Yield which bounds of what clients send have become narrower."""
    for name in UPPER:
        if name in wide and (name not in narrow or narrow[name] > wide[name]):
            yield f"{name} of {where} is {wide[name]}"
    for name in LOWER:
        if name in wide and (name not in narrow or narrow[name] < wide[name]):
            yield f"{name} of {where} is {wide[name]}"
    for name in ("pattern", "format"):
        if name in wide and wide[name] != narrow.get(name):
            yield f"{name} of {where} is {wide[name]}"
    if "const" in wide or "enum" in wide:
        taken = wide.get("enum", [wide.get("const")])
        sent = narrow.get("enum", [narrow["const"]] if "const" in narrow else None)
        for value in [None] if sent is None else [value for value in sent if value not in taken]:
            yield f"{where} does not take {'other values' if value is None else value} any more"


def unnamed(found: Mapping[str, list[str]], changelog: str) -> list[str]:
    """Return the operations that the changelog's part about what is not released yet does not name."""
    part = re.search(r"^## Unreleased$(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    text = part.group(1) if part is not None else ""
    return [operation for operation in found if f"`{operation}`" not in text]


def main(arguments: list[str], root: Path) -> int:
    """Compare the checkout at `root` with a commit; returns the exit code."""
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v*")
    base = arguments[0] if arguments else tag or "HEAD~1"
    promised = bool(arguments) or tag is not None
    found: dict[str, list[str]] = {}
    for face in FACES:
        file = f"docs/api/{face}.json"
        then = _git(root, "show", f"{base}:{file}")
        if then is None:
            sys.stdout.write(f"There is no {file} in {base} to compare with.\n")
            return 1 if promised else 0
        for operation, reason in incompatible(json.loads(then), json.loads((root / file).read_text())):
            reasons = found.setdefault(operation, [])
            if reason not in reasons:
                reasons.append(reason)
    for operation, reasons in found.items():
        sys.stdout.write("".join(f"{operation}: {reason}\n" for reason in reasons))
    missing = unnamed(found, (root / "CHANGELOG.md").read_text()) if promised else []
    for operation in missing:
        sys.stdout.write(f"CHANGELOG.md does not name the incompatible change of `{operation}` below Unreleased.\n")
    if not missing:
        since = f"since {base}" + ("" if promised else ", the commit before; no release promises anything yet")
        sys.stdout.write(f"{len(found)} operations changed incompatibly {since}.\n")
    return 1 if missing else 0


def _git(root: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parents[1]))
