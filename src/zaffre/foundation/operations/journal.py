"""Where the engine writes down which actions of an operation have happened."""

from collections.abc import Callable, Coroutine
from typing import Any, NotRequired, Protocol, TypedDict

from zaffre.foundation.errors import ProblemBody


class Outcome(TypedDict):
    """How an action ended; JSON, because it is kept."""

    result: str
    """`done`, `failed`, or `cancelled`."""
    started_at: str
    finished_at: str
    problem: NotRequired[ProblemBody]


Action = Callable[[], Coroutine[Any, Any, Outcome]]


class Journal(Protocol):
    """Remembers the outcomes of one operation's actions across crashes."""

    async def record(self, name: str, action: Action) -> Outcome:
        """Return the remembered outcome of this action; if there is none, run it and remember.

        The engine calls this in the same order in every run of the same operation, up to the point that was reached.
        """
        ...


class MemoryJournal:
    """A journal that lives as long as the object: for tests, which keep it over a simulated crash."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    async def record(self, name: str, action: Action) -> Outcome:
        """Run each action once."""
        if name not in self.outcomes:
            self.outcomes[name] = await action()
        return self.outcomes[name]
