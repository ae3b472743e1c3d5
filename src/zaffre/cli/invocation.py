"""One run of a command: who asks whom, and how the answer is shown."""

import itertools
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

import typer
from rich.text import Text

from zaffre import __version__
from zaffre.cli import contexts, environment
from zaffre.cli.contexts import Context, ContextFile
from zaffre.cli.names import Names
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, OutputFormat, Presentation, Waiting
from zaffre.cli.printing import print_fields
from zaffre.cli.refusals import ContextProblem, UsageProblem
from zaffre.cli.sheets import Section, sheet_of
from zaffre.cli.stored_credentials import StoredCredentials
from zaffre.cli.tables import Column, table_of
from zaffre.cli.terminal import Terminal
from zaffre.cli.waiting import watched
from zaffre.client import (
    Accepted,
    ApiToken,
    CertificateFiles,
    Credentials,
    Listing,
    Query,
    SubscriptionScope,
    Wire,
    Zaffre,
)
from zaffre.client.collection import LARGEST_PAGE, is_id
from zaffre.client.zaffre import ANSWER_TIMEOUT_S

ItemT = TypeVar("ItemT", bound=Wire)
ViewT = TypeVar("ViewT", bound=Wire)
TENANT = "tenant"
"""The role at the site of whoever does not run it."""


class Invocation:
    """What a command works with. Used as a `with` block by whoever runs the command."""

    def __init__(
        self,
        presentation: Presentation,
        chosen: InSubscription | None = None,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """Begin.

        Args:
            presentation: the options that every command has.
            chosen: the subscription that completion works in; commands get it themselves.
            answer_timeout_s: how long a server may take to answer.
        """
        self.output = presentation.output
        self.wide = presentation.wide
        self.terminal = Terminal()
        self.file = ContextFile.usual()
        self.chosen = chosen or InSubscription()
        self.names = Names(self)
        self._context_name = presentation.context
        self._answer_timeout_s = answer_timeout_s

    @cached_property
    def stored_context(self) -> Context:
        """The context in use as it is kept, without what the environment says.

        Raises:
            UsageProblem: one was named that does not exist.
        """
        kept = self.file.read()
        name = self._context_name or kept.current
        context = kept.get(name)
        if context is None and self._context_name is not None:
            raise UsageProblem(f"There is no context {name!r}.", "See which there are: zaffre context list")
        return context or Context(name)

    @cached_property
    def context(self) -> Context:
        """The context in use, with what the environment says instead."""
        return contexts.effective(self.stored_context)

    @cached_property
    def client(self) -> Zaffre:
        """The client, signing as the context says.

        Raises:
            ContextProblem: no site is known.
        """
        if self.context.url is None and self.context.admin_url is None:
            raise ContextProblem(
                "You are not signed in",
                f"No site is known in the context {self.context.name!r}.",
                "Sign in with: zaffre login --url https://cloud.example:30006",
            )
        return self.client_of(self.context, self._credentials())

    def client_of(self, context: Context, credentials: Credentials) -> Zaffre:
        """Return a client for a context."""
        return Zaffre(
            context.url,
            admin_url=context.admin_url,
            credentials=credentials,
            ca_file=contexts.path_of(context.ca_file),
            certificate=_certificate(context),
            user_agent=f"zaffre-cli/{__version__} on {platform.node()}",
            answer_timeout_s=self._answer_timeout_s,
        )

    @property
    def is_admin(self) -> bool:
        """Whether lists show the provider's side: everybody's plans, all sizes and images."""
        return self.context.admin_url is not None and self.context.role != TENANT

    def manages_library(self, chosen: InSubscription) -> bool:
        """Tell whether images are the site's: an administrator's who names no subscription."""
        return self.is_admin and chosen.subscription is None

    def subscription(self, chosen: InSubscription | None = None) -> SubscriptionScope:
        """Return the subscription that a command works in.

        Raises:
            UsageProblem: none was named and none can be meant.
            NotFound: there is none of that name.
        """
        wanted = (chosen or self.chosen).subscription
        if wanted is not None:
            return self.client.subscription(self.id_in(self.client.subscriptions, wanted))
        if self.context.subscription_id is not None:
            return self.client.subscription(self.context.subscription_id)
        found = self.client.subscriptions.list(top=2).items
        if len(found) == 1:
            return self.client.subscription(found[0].id)
        if found:
            raise UsageProblem(
                "There are several subscriptions and none is the current one.",
                "Choose one with: zaffre subscription use NAME, or with -s NAME",
            )
        raise UsageProblem(
            "You have no subscription yet.", "See the plans on offer: zaffre plan list, then zaffre subscription create"
        )

    def find(self, listing: Listing[ItemT], reference: str) -> ItemT:
        """Return the item that is called so: by its id, its name, or the end of its id as tables show it.

        Raises:
            NotFound: there is none.
            Ambiguous: several are.
        """
        return self.names.find(listing, reference)

    def id_in(self, listing: Listing[Any], reference: str) -> str:
        """Return the id of the item that is called so; a whole id is taken as it is.

        Raises:
            NotFound: there is none.
            Ambiguous: several are.
        """
        return reference if is_id(reference) else str(self.find(listing, reference).id)

    def remember(self, **changes: Any) -> None:
        """Keep changes of the context in use."""
        with self.file.locked():
            kept = self.file.read().get(self.stored_context.name) or self.stored_context
            self.file.put(replace(kept, **changes))

    def show_list(
        self, listing: Listing[ItemT], wishes: ListWishes, columns: Sequence[Column[ItemT]], if_none: str
    ) -> None:
        """Print a collection.

        Args:
            listing: the collection.
            wishes: what of it.
            columns: what a table shows.
            if_none: what to say when there is nothing to show at all.
        """
        query = Query(wishes.filter, wishes.order, wishes.search)
        narrowed = wishes.filter is not None or wishes.search is not None
        if wishes.everything:
            self.show_items(list(listing.all(query)), columns, "Nothing matches." if narrowed else if_none)
            return
        found = listing.all(query, page_size=min(wishes.limit, LARGEST_PAGE))
        items = list(itertools.islice(found, wishes.limit))
        self.show_items(items, columns, "Nothing matches." if narrowed else if_none)
        if len(items) == wishes.limit and next(found, None) is not None:
            self.terminal.note("There are more; --all lists them all.", "dim")

    def show_items(self, items: Sequence[ItemT], columns: Sequence[Column[ItemT]], if_none: str) -> None:
        """Print items as a table, or as the API's fields."""
        if self.output is not OutputFormat.TABLE:
            print_fields([item.model_dump(mode="json") for item in items], self.output)
        elif items:
            self.terminal.show(table_of(items, columns, wide=self.wide), cut=not self.wide)
        else:
            self.terminal.note(if_none)

    def show(self, view: Wire, sections: Callable[[], Iterable[Section]]) -> None:
        """Print one resource as a sheet, or as the API's fields."""
        if self.output is not OutputFormat.TABLE:
            print_fields(view.model_dump(mode="json"), self.output)
        else:
            self.terminal.show(sheet_of(sections()), cut=not self.wide)

    def report(self, view: Wire, sentence: str) -> None:
        """Say that something was done; print the resource as the API's fields if those are wanted."""
        self.terminal.done(sentence)
        if self.output is not OutputFormat.TABLE:
            print_fields(view.model_dump(mode="json"), self.output)

    def report_once(self, made: Wire, secret: str, sentence: str) -> None:
        """Say that something was made, and print the secret that is never shown again: alone, for a program to read."""
        self.terminal.done(sentence)
        if self.output is OutputFormat.TABLE:
            self.terminal.print(secret)
        else:
            print_fields(made.model_dump(mode="json"), self.output)

    def finish(self, accepted: Accepted[ViewT], waiting: Waiting, say: Callable[[ViewT], str]) -> ViewT:
        """Wait for accepted work if that is wanted, then say what came of it.

        Args:
            accepted: the work.
            waiting: whether and how long to wait.
            say: tells what has been done, from the resource as it is then.

        Raises:
            OperationFailed: it failed.
            StillRunning: it has not ended in time.
        """
        if not waiting.wait:
            self.terminal.note(f"Accepted. Follow it with: zaffre operation wait {accepted.operation_id}")
            if self.output is not OutputFormat.TABLE:
                print_fields(accepted.resource.model_dump(mode="json"), self.output)
            return accepted.resource
        view = watched(
            self.terminal, accepted.operation_id, lambda report: accepted.wait(waiting.timeout_s, on_progress=report)
        )
        self.report(view, say(view))
        return view

    def confirm(self, confirmation: Confirmation, question: str, consequences: Iterable[str] = ()) -> None:
        """Ask before something is destroyed, naming what goes with it.

        Raises:
            typer.Abort: the answer is no.
            UsageProblem: there is nobody to ask.
        """
        if confirmation.yes:
            return
        if not self.terminal.interactive:
            raise UsageProblem("This needs a confirmation and there is nobody to ask.", "Add --yes if you are sure.")
        for line in consequences:
            self.terminal.note(Text(f"  - {line}"))
        typer.confirm(question, abort=True, err=True)

    def close(self) -> None:
        """Let go of connections."""
        if "client" in self.__dict__:
            self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _credentials(self) -> Credentials:
        token = environment.variable(environment.TOKEN)
        return ApiToken(token) if token is not None else StoredCredentials(self.file, self.context)


def _certificate(context: Context) -> CertificateFiles | None:
    file = contexts.path_of(context.certificate_file)
    return None if file is None else CertificateFiles(file, contexts.path_of(context.certificate_key_file))
