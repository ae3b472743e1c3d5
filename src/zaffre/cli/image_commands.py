"""`zaffre image`."""

from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.arguments import DescriptionOption, ImageArgument, NewNameArgument, images_of
from zaffre.cli.columns import NAME, STATE, age_column, created, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, add_label_commands, new_tags, tags_fact
from zaffre.cli.options import Confirmation, InSubscription, ListWishes, Waiting
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.sheets import Section
from zaffre.cli.states import styled_state
from zaffre.cli.tables import Column
from zaffre.cli.waiting import progress
from zaffre.cli.words import bytes_text, mib_text, yes_no
from zaffre.client import ImageKind, ImageView, NewImageBody, NewOwnImageBody, SubscriptionImages, Unreachable

group = CommandGroup(help="Images that virtual machines are made from.")
app = group.app

ContentArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A qcow2 file without backing file, or an ISO."),
]


@group.command("list")
def list_images(run: Invocation, wishes: ListWishes, chosen: InSubscription) -> None:
    """List the images; tenants see those that are available."""
    columns: list[Column[ImageView]] = [
        NAME,
        Column("KIND", lambda image: image.kind),
        STATE,
        Column("OWN", lambda image: yes_no(image.owner_subscription_id is not None), wide=True),
        Column("SIZE", lambda image: _bytes(image.size_bytes), number=True),
        Column("DISK", lambda image: _bytes(image.virtual_size_bytes), number=True),
        Column("USER", lambda image: image.default_user),
        Column("MEMORY", lambda image: f"≥ {mib_text(image.minimum_memory_mib)}", wide=True),
        Column("DESCRIPTION", lambda image: image.description, wide=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(images_of(run, chosen), wishes, columns, "There are no images.")


@group.command("show")
def show_image(run: Invocation, chosen: InSubscription, image: ImageArgument) -> None:
    """Show an image."""
    found = run.find(images_of(run, chosen), image)
    run.show(found, lambda: _sections(run, found))


@group.command("create")
def create_image(
    run: Invocation,
    chosen: InSubscription,
    name: NewNameArgument,
    description: DescriptionOption = "",
    kind: Annotated[
        ImageKind, typer.Option("--kind", help="A disk to start from, or an ISO to put into a drive.")
    ] = ImageKind.DISK,
    default_user: Annotated[
        str, typer.Option("--default-user", metavar="NAME", help="Whom it lets in with an SSH key.")
    ] = "root",
    minimum_memory_mib: Annotated[
        int, typer.Option("--minimum-memory", min=16, metavar="MIB", help="Less memory is refused.")
    ] = 128,
    minimum_disk_gib: Annotated[
        int, typer.Option("--minimum-disk", min=1, metavar="GIB", help="A smaller disk is refused.")
    ] = 1,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", exists=True, dir_okay=False, help="Upload this file too."),
    ] = None,
    tag: TagOption = None,
) -> None:
    """Add an image to the library, or as a tenant one of your own.

    Tenants give its content with --file. That of a site's image may follow with `image upload` or `image import`.
    """
    if not run.manages_library(chosen):
        content, images = _content(file), run.subscription(chosen).images
        own = NewOwnImageBody(
            name=name,
            kind=kind,
            size_bytes=content.stat().st_size,
            description=description,
            default_user=default_user,
            minimum_memory_mib=minimum_memory_mib,
            minimum_disk_gib=minimum_disk_gib,
            tags=new_tags(tag),
        )
        _upload_own(run, images, images.create(own), content)
        return
    if tag:
        raise UsageProblem("Images of the site have no tags.", "Leave --tag out, or name a subscription.")
    images = run.client.admin.images
    body = NewImageBody(
        name=name,
        kind=kind,
        description=description,
        default_user=default_user,
        minimum_memory_mib=minimum_memory_mib,
        minimum_disk_gib=minimum_disk_gib,
    )
    image = images.create(body)
    if file is None:
        run.report(image, f"Image {name} is made and empty. Fill it with: zaffre image upload {name} FILE")
    else:
        _upload(run, image, file)


add_label_commands(group, "The image of your own", ImageArgument, lambda run, chosen: run.subscription(chosen).images)


@group.command("upload")
def upload_image(run: Invocation, chosen: InSubscription, image: ImageArgument, file: ContentArgument) -> None:
    """Fill an empty image with a file of yours. A tenant's upload that broke off goes on where it ended."""
    if run.manages_library(chosen):
        _upload(run, run.find(run.client.admin.images, image), file)
    else:
        images = run.subscription(chosen).images
        _upload_own(run, images, run.find(images, image), file)


@group.command("import")
def import_image(
    run: Invocation,
    waiting: Waiting,
    image: ImageArgument,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file on the server, where its operator allows.")],
) -> None:
    """Fill an empty image from a file of the server."""
    images = run.client.admin.images
    accepted = images.import_file(run.id_in(images, image), path)
    run.finish(accepted, waiting, _filled)


@group.command("delete")
def delete_image(
    run: Invocation, waiting: Waiting, confirmation: Confirmation, chosen: InSubscription, image: ImageArgument
) -> None:
    """Remove an image that no virtual machine started from."""
    images = run.client.admin.images if run.manages_library(chosen) else run.subscription(chosen).images
    found = run.find(images, image)
    run.confirm(confirmation, f"Delete the image {found.name}?", ["its content, here and on the hosts"])
    run.finish(images.delete(found.id), waiting, lambda _: f"Image {found.name} is deleted.")


def _content(file: Path | None) -> Path:
    if file is None:
        raise UsageProblem("It is not said what goes into the image.", "Add --file with a qcow2 or ISO file.")
    return file


def _upload_own(run: Invocation, images: SubscriptionImages, image: ImageView, file: Path) -> None:
    sentence = f"Sending {file.name} ({bytes_text(file.stat().st_size)})"
    try:
        with progress(run.terminal) as show:
            filled = images.upload(image.id, file, lambda sent, size: show(sent / size if size else 1.0, sentence))
    except (Unreachable, KeyboardInterrupt):
        run.terminal.note(f"What has arrived is kept for a day. Go on with: zaffre image upload {image.name} {file}")
        raise
    run.report(filled, _filled(filled))


def _upload(run: Invocation, image: ImageView, file: Path) -> None:
    sentence = f"Sending {file.name} ({bytes_text(file.stat().st_size)})"
    with progress(run.terminal) as show:
        filled = run.client.admin.images.upload(
            image.id, file, lambda sent, size: show(sent / size if size else 1.0, sentence)
        )
    run.report(filled, _filled(filled))


def _filled(image: ImageView) -> str:
    size, disk = _bytes(image.size_bytes), _bytes(image.virtual_size_bytes)
    return f"Image {image.name} is {image.state}: {size}, for a disk of {disk}."


def _bytes(count: int | None) -> str:
    return bytes_text(count) if count is not None else ""


def _sections(run: Invocation, image: ImageView) -> list[Section]:
    return [
        Section(
            None,
            [
                ("Name", image.name),
                tags_fact(image),
                ("Kind", image.kind),
                ("State", styled_state(image.state)),
                ("Description", image.description),
                ("Default user", image.default_user),
                ("Needs", f"{mib_text(image.minimum_memory_mib)} of memory, a disk of {image.minimum_disk_gib} GiB"),
                ("Format", image.format),
                ("Size", _bytes(image.size_bytes)),
                ("Disk size", _bytes(image.virtual_size_bytes)),
                ("SHA-256", image.sha256),
                created(run, image),
                ("Id", image.id),
            ],
        )
    ]
