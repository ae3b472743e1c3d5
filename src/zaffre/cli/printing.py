"""The API's own fields, for programs."""

import json
import sys
from typing import Any

from zaffre.cli.options import OutputFormat


def print_fields(content: Any, output: OutputFormat) -> None:
    """Print JSON values as a document of their own."""
    sys.stdout.write(document(content, output))
    sys.stdout.flush()


def document(content: Any, output: OutputFormat) -> str:
    """Return JSON values as text."""
    if output is OutputFormat.YAML:
        import yaml  # noqa: PLC0415 - slow to load, and seldom asked for

        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def print_item(content: Any, output: OutputFormat) -> None:
    """Print JSON values as one of many: a line of JSON, or a document of a YAML stream."""
    text = json.dumps(content, ensure_ascii=False) + "\n"
    if output is OutputFormat.YAML:
        text = "---\n" + document(content, output)
    sys.stdout.write(text)
    sys.stdout.flush()
