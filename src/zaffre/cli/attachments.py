"""Reading where a virtual machine is to be attached: `NETWORK[/SUBNET][=ADDRESS]`."""

from collections.abc import Sequence

from zaffre.cli.invocation import Invocation
from zaffre.cli.refusals import UsageProblem
from zaffre.client import NewPortBody, SubscriptionScope


def attachments(run: Invocation, scope: SubscriptionScope, texts: Sequence[str] | None) -> list[NewPortBody]:
    """Return the ports that were asked for; when none were, one on the only subnet there is.

    Raises:
        UsageProblem: it is not clear which subnet is meant.
        NotFound: there is no such network or subnet.
    """
    if texts:
        return [attachment(run, scope, text) for text in texts]
    networks = list(scope.vm_networks.all())
    if not networks:
        run.terminal.note("There is no VM network here, so it is attached nowhere.")
        return []
    if len(networks) > 1:
        names = ", ".join(network.name for network in networks)
        raise UsageProblem(
            f"There are several VM networks: {names}.", "Choose one with --network NAME, or none with --no-network."
        )
    return [attachment(run, scope, networks[0].name)]


def attachment(run: Invocation, scope: SubscriptionScope, text: str) -> NewPortBody:
    """Return the port that was asked for.

    Raises:
        UsageProblem: it is not clear which subnet is meant.
        NotFound: there is no such network or subnet.
    """
    place, _, address = text.partition("=")
    network_name, _, subnet_name = place.partition("/")
    network = scope.vm_networks.get(run.id_in(scope.vm_networks, network_name))
    if subnet_name:
        subnet_id = run.id_in(scope.vm_networks.subnets(network.id), subnet_name)
    elif len(network.subnets) == 1:
        subnet_id = network.subnets[0].id
    else:
        names = ", ".join(f"{network.name}/{subnet.name}" for subnet in network.subnets)
        remedy = f"Choose one with --network: {names}." if names else "Add one: zaffre network subnet create"
        raise UsageProblem(f"The VM network {network.name} has {len(network.subnets)} subnets.", remedy)
    return NewPortBody(vm_network_id=network.id, subnet_id=subnet_id, address=address or None)
