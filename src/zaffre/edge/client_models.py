"""Writes the client's `models.py` from the OpenAPI descriptions: `python -m zaffre.edge.client_models [DIRECTORY]`.

The admin and the public description together name every model; the tenant face has none of its own. Needs the
development dependencies. It is not a part of the client, because it must also run when what it writes cannot be
imported: after a merge that went wrong, say.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

FACES = ("admin", "public")
MODELS = Path(__file__).parents[1] / "client" / "models.py"
HEADER = '''# ruff: noqa
"""The API's models. Generated from docs/api by `python -m zaffre.edge.client_models`: do not edit."""
'''
BOUNDS = ("maxLength", "minLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
SERVER_SIDE = ("title", *BOUNDS, "maxItems", "minItems", "maxProperties", "minProperties")
"""Schema keywords that are left out. Bounds are the server's to check: it says best what is wrong, and it may widen
them without breaking us."""
JOINED_ENUMS: dict[tuple[str, ...], str] = {("Observed", "Transition"): "MachineState"}
"""Names for fields that take the values of several enums."""
LEADING = ("id", "name", "state")
"""The fields that come first; the rest stay in the descriptions' order."""
LINE_LENGTH = 120


class DescriptionUnfit(Exception):
    """The descriptions hold something that this generator has no answer for."""


def models_text(directory: Path) -> str:
    """Return the module's text for the descriptions in a directory.

    Raises:
        DescriptionUnfit: the faces disagree about a model, or a union of enums has no name here.
    """
    schemas = _merged([json.loads((directory / f"{face}.json").read_text()) for face in FACES])
    description = {
        "openapi": "3.1.0",
        "info": {"title": "Zaffre", "version": "1"},
        "paths": {},
        "components": {"schemas": dict(sorted(_prepared(schemas)))},
    }
    return _formatted(HEADER + _generated(description))


def _merged(descriptions: list[dict[str, Any]]) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    for description in descriptions:
        for long_name, schema in description["components"]["schemas"].items():
            name = _renamed(long_name)
            if _shape(schemas.setdefault(name, schema)) != _shape(schema):
                raise DescriptionUnfit(f"there are several different models named {name}")
    return schemas


def _renamed(name: str) -> str:
    """Return a schema's name without the module path that FastAPI puts before a name used twice."""
    return name.rsplit("__", 1)[-1]


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _prepared(schemas: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the schemas to generate. Pages are left out: `Page[View]` is one generic model."""
    for name, schema in schemas.items():
        if not name.startswith("Page_"):
            yield name, _trimmed(schema)
    for names, joined in JOINED_ENUMS.items():
        values = [value for name in sorted(names, reverse=True) for value in schemas[name]["enum"]]
        yield joined, {"type": "string", "enum": values, "description": f"One of {' and '.join(names)}."}


def _trimmed(node: Any) -> Any:
    """Return a schema without what only the server needs."""
    if isinstance(node, list):
        return [_trimmed(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    schema = cast("dict[str, Any]", node)
    references = [part.get("$ref", "") for part in schema.get("anyOf", [])]
    if len(references) > 1 and all(references):
        return {"$ref": f"#/components/schemas/{_joined(references)}"}
    if "$ref" in schema:
        return {"$ref": f"#/components/schemas/{_renamed(schema['$ref'].rsplit('/', 1)[-1])}"}
    kept = {key: _trimmed(value) for key, value in schema.items() if key not in (*SERVER_SIDE, "properties")}
    if kept.get("format") == "ipv4":
        del kept["format"]
    if "patternProperties" in kept:
        kept["additionalProperties"] = next(iter(kept.pop("patternProperties").values()))
    if "properties" in schema:
        names = sorted(schema["properties"], key=lambda name: LEADING.index(name) if name in LEADING else len(LEADING))
        kept["properties"] = {name: _trimmed(schema["properties"][name]) for name in names}
    return kept


def _joined(references: list[str]) -> str:
    names = tuple(sorted(reference.rsplit("/", 1)[-1] for reference in references))
    joined = JOINED_ENUMS.get(names)
    if joined is None:
        raise DescriptionUnfit(f"give the union of {' and '.join(names)} a name in JOINED_ENUMS")
    return joined


def _generated(description: dict[str, Any]) -> str:
    """Let datamodel-code-generator write the classes."""
    import datamodel_code_generator as generator  # noqa: PLC0415 - a development dependency, and slow to load
    from datamodel_code_generator.enums import DataModelType  # noqa: PLC0415

    text = generator.generate(
        json.dumps(description),
        input_file_type=generator.InputFileType.OpenAPI,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=generator.PythonVersion.PY_311,
        base_class="zaffre.client.wire.Wire",
        import_overrides={"SecretStr": "zaffre.client.wire"},
        output_datetime_class=generator.DatetimeClassType.Awaredatetime,
        custom_file_header=" ",
        disable_timestamp=True,
        disable_future_imports=True,
        use_annotated=True,
        strict_nullable=True,
        field_constraints=True,
        use_standard_collections=True,
        use_union_operator=True,
        use_specialized_enum=True,
        capitalise_enum_members=True,
        use_schema_description=True,
        use_field_description=True,
        use_single_line_docstring=True,
        use_double_quotes=True,
        formatters=[generator.Formatter.BUILTIN],
    )
    classes = str(text).replace("(StrEnum)", "(OpenEnum)").replace("from enum import StrEnum\n", "")
    return classes.replace("from zaffre.client.wire import ", "from zaffre.client.wire import OpenEnum, ")


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={LINE_LENGTH}", "-"]
    return subprocess.run(command, input=text, capture_output=True, check=True, text=True).stdout


def main() -> None:
    """Write the module from the descriptions in a directory, `docs/api` unless another is named."""
    MODELS.write_text(models_text(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/api")))


if __name__ == "__main__":
    main()
