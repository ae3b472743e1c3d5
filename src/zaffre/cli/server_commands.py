"""`zaffre serve`, `openapi`, `version`. The server's modules are loaded only where a server is wanted."""

from pathlib import Path
from typing import Annotated

import typer

from zaffre import __version__
from zaffre.cli.commands import CONTEXT_SETTINGS, single
from zaffre.cli.environment import server_environment
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import OutputFormat
from zaffre.cli.printing import print_fields
from zaffre.cli.refusals import SettingsProblem
from zaffre.client import ZaffreError

serve = typer.Typer(add_completion=False, rich_markup_mode=None)
openapi = typer.Typer(add_completion=False, rich_markup_mode=None)


@serve.command(context_settings=CONTEXT_SETTINGS)
def run_server(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", exists=True, dir_okay=False, help="Settings, as TOML."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, as in api.public_port=30006. May be repeated."),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option("--parts", metavar="PARTS", help="Run only these of api, portal and worker, as in api,portal."),
    ] = None,
) -> None:
    """Run the server until it is told to stop.

    Settings come from the file, then from ZAFFRE_ variables (as in ZAFFRE_DATABASE__URL), then from --set.
    """
    import uvloop  # noqa: PLC0415

    from zaffre.edge.server import serve as serve_site  # noqa: PLC0415 - only the server loads the server
    from zaffre.foundation.settings import SettingsError, load_settings  # noqa: PLC0415

    flags = [*(settings or []), *([f"parts={parts}"] if parts is not None else [])]
    try:
        loaded = load_settings(config, server_environment(), flags)
        uvloop.run(serve_site(loaded))
    except SettingsError as error:
        raise SettingsProblem(str(error)) from None
    except OSError as error:
        raise SettingsProblem(f"state_directory: {error.filename or ''} {error.strerror}".strip()) from None


@openapi.command(context_settings=CONTEXT_SETTINGS)
def write_openapi(
    directory: Annotated[Path, typer.Argument(metavar="DIRECTORY", file_okay=False, help="Where to write them.")],
) -> None:
    """Write the OpenAPI descriptions of the API's faces: admin.json, tenant.json, public.json."""
    from zaffre.edge.faces import Face  # noqa: PLC0415 - only here are the server's routes needed
    from zaffre.edge.openapi import openapi_text  # noqa: PLC0415

    directory.mkdir(parents=True, exist_ok=True)
    for face in Face:
        file = directory / f"{face}.json"
        file.write_text(openapi_text(face))
        typer.echo(file)


def _version(run: Invocation) -> None:
    """Show the version of this program and, where a site is known, of its server."""
    server: str | None = None
    if run.context.url is not None or run.context.admin_url is not None:
        try:
            server = run.client.alive().version
        except ZaffreError as error:
            run.terminal.note(f"{error.title}: {error.detail}", "dim")
    if run.output is not OutputFormat.TABLE:
        print_fields({"client": __version__, "server": server}, run.output)
        return
    run.terminal.print(f"zaffre {__version__}")
    if server is not None:
        run.terminal.print(f"{run.context.url or run.context.admin_url} runs {server}")


version = single(_version)
