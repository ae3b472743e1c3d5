"""Contexts: which sites one works with, as whom, in which subscription.

They are kept in one file that only its owner can read, because it holds the tokens of sign-in sessions.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from zaffre.cli import environment

DEFAULT_NAME = "default"
OWNER_ONLY = 0o600


class ContextsUnreadable(Exception):
    """The file of contexts cannot be used; the message says why."""


@dataclass(frozen=True)
class Context:
    """One site, as somebody."""

    name: str
    url: str | None = None
    admin_url: str | None = None
    ca_file: str | None = None
    email: str | None = None
    role: str | None = None
    subscription_id: str | None = None
    subscription_name: str | None = None
    tokens: Mapping[str, Any] | None = None
    """Of the sign-in session, as the API gave them."""
    certificate_file: str | None = None
    """The client certificate that stands for the account instead of a session."""
    certificate_key_file: str | None = None
    """None: the key is in the certificate's file."""

    @property
    def signed_in(self) -> bool:
        """Whether there are tokens or a certificate, good or not."""
        return self.tokens is not None or self.certificate_file is not None


@dataclass(frozen=True)
class Contexts:
    """All contexts, and which one is meant when none is named."""

    current: str = DEFAULT_NAME
    by_name: Mapping[str, Context] = field(default_factory=dict[str, Context])

    def get(self, name: str) -> Context | None:
        """Return the context of that name, if there is one."""
        return self.by_name.get(name)

    def having(self, context: Context) -> "Contexts":
        """Return these contexts with one put in or replaced."""
        return replace(self, by_name={**self.by_name, context.name: context})


class ContextFile:
    """Where contexts are kept."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, which need not exist."""
        self.path = path
        self._held = False

    @classmethod
    def usual(cls) -> "ContextFile":
        """Return the file that the environment names, or else the one in the user's configuration directory."""
        named = environment.variable(environment.CONFIG)
        if named is not None:
            return cls(Path(named).expanduser())
        from platformdirs import user_config_path  # noqa: PLC0415 - not every command needs it

        return cls(user_config_path("zaffre", appauthor=False) / "contexts.json")

    def read(self) -> Contexts:
        """Return what the file holds; nothing when there is none.

        Raises:
            ContextsUnreadable: it cannot be read or is not one of ours.
        """
        try:
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(OWNER_ONLY)
            content = json.loads(self.path.read_text())
            by_name = {name: _context(name, stored) for name, stored in content["contexts"].items()}
            return Contexts(str(content["current"]), by_name)
        except FileNotFoundError:
            return Contexts()
        except OSError as error:
            raise ContextsUnreadable(f"{self.path} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ContextsUnreadable(f"{self.path} is not a file of contexts.") from None

    def put(self, context: Context, *, make_current: bool = False) -> None:
        """Put a context in, or replace the one of its name.

        Raises:
            ContextsUnreadable: the file cannot be read or written.
        """
        with self.locked():
            contexts = self.read().having(context)
            self._write(replace(contexts, current=context.name) if make_current else contexts)

    def use(self, name: str) -> None:
        """Make another context the current one."""
        with self.locked():
            self._write(replace(self.read(), current=name))

    def forget(self, name: str) -> None:
        """Take a context out."""
        with self.locked():
            contexts = self.read()
            self._write(replace(contexts, by_name={k: v for k, v in contexts.by_name.items() if k != name}))

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from changing the file meanwhile. Entering it again inside is fine.

        Raises:
            ContextsUnreadable: the file's directory cannot be written.
        """
        if self._held:
            yield
            return
        lock = self._open_lock()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._held = True
            yield
        finally:
            self._held = False
            os.close(lock)

    def _open_lock(self) -> int:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        except OSError as error:
            raise ContextsUnreadable(f"{self.path.parent} cannot be written: {error.strerror}.") from None

    def _write(self, contexts: Contexts) -> None:
        """Replace the file as a whole, so that a crash leaves the old one or the new one."""
        stored = {name: _stored(context) for name, context in contexts.by_name.items()}
        content = json.dumps({"current": contexts.current, "contexts": stored}, indent=2)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # made with mode 0600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(content + "\n")
            Path(name).replace(self.path)
        except OSError as error:
            Path(name).unlink(missing_ok=True)
            raise ContextsUnreadable(f"{self.path} cannot be written: {error.strerror}.") from None


_FIELDS = frozenset(each.name for each in fields(Context))


def _context(name: str, stored: Mapping[str, Any]) -> Context:
    known: dict[str, Any] = {key: value for key, value in stored.items() if key in _FIELDS}
    known["name"] = name
    return Context(**known)


def _stored(context: Context) -> dict[str, Any]:
    return {key: value for key, value in asdict(context).items() if value is not None and key != "name"}


def effective(context: Context) -> Context:
    """Return a context with what the environment says instead.

    Tokens and the remembered subscription belong to the site and the account they came from: neither another site nor
    an API token or a certificate of somebody else's gets them.
    """
    url, admin_url = environment.variable(environment.URL), environment.variable(environment.ADMIN_URL)
    ca_file = environment.variable(environment.CA_FILE) or context.ca_file
    other_url = url is not None and url != context.url
    other_admin_url = admin_url is not None and context.admin_url not in (None, admin_url)
    certificate = environment.variable(environment.CERTIFICATE)
    certificate_key = environment.variable(environment.CERTIFICATE_KEY)
    token = environment.variable(environment.TOKEN)
    if other_url or other_admin_url or certificate is not None or token is not None:
        own_url = url if other_url or other_admin_url else context.url
        bare = Context(context.name, own_url, admin_url, ca_file)
        if token is not None or certificate is None:
            return bare
        return replace(bare, certificate_file=certificate, certificate_key_file=certificate_key)
    return replace(context, admin_url=admin_url or context.admin_url, ca_file=ca_file)


def path_of(text: str | None) -> Path | None:
    """Return a path that a context names."""
    return Path(text).expanduser() if text is not None else None
