"""The settings a process runs with, made to be shown: flat, as text, with their origins and without secrets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from zaffre.foundation.settings import Settings

HIDDEN = "********"
URLS = ("database.url",)
"""Settings that may carry a password within."""


@dataclass(frozen=True)
class EffectiveSetting:
    """A setting in effect."""

    key: str
    value: str
    origin: str
    secret: bool


def effective_settings(settings: Settings) -> list[EffectiveSetting]:
    """Return every setting by its dotted key."""
    return [
        EffectiveSetting(key, _text(key, value), settings.origins.get(key, "default"), isinstance(value, SecretStr))
        for key, value in _flat(settings)
    ]


def _flat(section: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(value, bool):
        return "true" if value else "false"
    return _without_password(str(value)) if key in URLS else str(value)


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True) if url else ""
    except ArgumentError:
        return HIDDEN
