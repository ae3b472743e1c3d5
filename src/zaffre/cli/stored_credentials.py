"""The tokens of a context, shared by all commands that run at once."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from zaffre.cli.contexts import Context, ContextFile
from zaffre.client import Credentials, TokensView


class StoredCredentials(Credentials):
    """Credentials that live in the file of contexts.

    Renewing them takes the file's lock and looks first whether another command has done it: presenting a refresh token
    twice would end the session.
    """

    def __init__(self, file: ContextFile, context: Context) -> None:
        """Use the tokens of a context."""
        super().__init__(_tokens(context), self._keep)
        self._file = file
        self._context = context

    @contextmanager
    def exclusively(self) -> Generator[None]:
        """Hold the file's lock."""
        with self._file.locked():
            yield

    def stored(self) -> TokensView | None:
        """Return the tokens that the file holds now."""
        context = self._file.read().get(self._context.name)
        return _tokens(context) if context is not None else None

    def _keep(self, tokens: TokensView | None) -> None:
        with self._file.locked():
            context = self._file.read().get(self._context.name) or self._context
            kept = tokens.model_dump(mode="json") if tokens is not None else None
            self._file.put(replace(context, tokens=kept))


def _tokens(context: Context) -> TokensView | None:
    try:
        return TokensView.model_validate(context.tokens) if context.tokens is not None else None
    except ValueError:
        return None  # kept by another version; signing in again mends it
