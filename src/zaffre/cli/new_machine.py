"""What a virtual machine is made of, as options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from zaffre.cli.attachments import attachments
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.label_commands import TagOption, new_tags
from zaffre.cli.options import OptionBundle
from zaffre.client import NewVirtualMachineBody, SubscriptionScope


@dataclass(frozen=True)
class NewMachine(OptionBundle):
    """A virtual machine to make, in the words of whoever makes it."""

    image: Annotated[
        str,
        typer.Option(
            "--image",
            metavar="NAME",
            help="What to start from.",
            autocompletion=names_of(lambda run: run.subscription().images),
        ),
    ]
    size: Annotated[
        str,
        typer.Option(
            "--size",
            metavar="NAME",
            help="Processors and memory.",
            autocompletion=names_of(lambda run: run.subscription().sizes),
        ),
    ]
    network: Annotated[
        list[str] | None,
        typer.Option(
            "--network",
            metavar="NETWORK[/SUBNET][=ADDRESS]",
            help="Where to attach it. May be repeated. Left out: to the only subnet there is.",
            autocompletion=names_of(lambda run: run.subscription().vm_networks),
        ),
    ] = None
    no_network: Annotated[bool, typer.Option("--no-network", help="Attach it nowhere.")] = False
    disk_gib: Annotated[
        int | None, typer.Option("--disk", min=1, metavar="GIB", help="Size of its disk; else what the image needs.")
    ] = None
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="NAME",
            help="An SSH key it lets in. May be repeated.",
            autocompletion=names_of(lambda run: run.subscription().ssh_keys),
        ),
    ] = None
    availability_set: Annotated[
        str | None,
        typer.Option(
            "--availability-set",
            metavar="NAME",
            help="Keep it on another host than the machines of this set.",
            autocompletion=names_of(lambda run: run.subscription().availability_sets),
        ),
    ] = None
    user_data: Annotated[
        Path | None,
        typer.Option("--user-data", metavar="FILE", exists=True, dir_okay=False, help="cloud-init user-data."),
    ] = None
    tag: TagOption = None

    def body(self, run: Invocation, scope: SubscriptionScope, name: str) -> NewVirtualMachineBody:
        """Return what to ask for, with names turned into the ids of a subscription.

        Raises:
            NotFound: something that was named is not there.
            Ambiguous: something was named that there are several of.
        """
        wanted = self.availability_set
        return NewVirtualMachineBody(
            name=name,
            size=run.find(scope.sizes, self.size).name,
            image_id=run.id_in(scope.images, self.image),
            disk_gib=self.disk_gib,
            ports=[] if self.no_network else attachments(run, scope, self.network),
            ssh_key_ids=[run.id_in(scope.ssh_keys, each) for each in self.key or []],
            availability_set_id=run.id_in(scope.availability_sets, wanted) if wanted else None,
            user_data=self.user_data.read_text() if self.user_data is not None else None,
            tags=new_tags(self.tag),
        )
