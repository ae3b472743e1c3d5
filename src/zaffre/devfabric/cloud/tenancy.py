"""A tenant's first steps, through the public API: sign up, subscribe, network, key, machines."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from zaffre.client import (
    Accepted,
    NewPortBody,
    NewSubnetBody,
    NewVirtualMachineBody,
    NewVmNetworkBody,
    NotFound,
    NotSignedIn,
    SubscriptionScope,
    VirtualMachineView,
    VmNetworkDetailView,
    Zaffre,
)
from zaffre.devfabric.cloud.furnishing import PLAN

CIDR = "10.10.0.0/24"
IMAGE = "tiny"
SIZE = "tiny"
SUBSCRIPTION = "main"
NETWORK = "net"


@dataclass(frozen=True)
class Tenant:
    """Somebody who has signed up and subscribed."""

    email: str
    client: Zaffre
    scope: SubscriptionScope
    network: VmNetworkDetailView
    key_id: str

    def create(self, name: str, address: str, user_data: str | None = None) -> Accepted[VirtualMachineView]:
        """Begin to make a machine with a given address."""
        subnet = self.network.subnets[0]
        body = NewVirtualMachineBody(
            name=name,
            size=SIZE,
            image_id=self.scope.images.find_item(IMAGE).id,
            ports=[NewPortBody(vm_network_id=self.network.id, subnet_id=subnet.id, address=address)],  # pyright: ignore[reportArgumentType]
            ssh_key_ids=[self.key_id],
            user_data=user_data,
        )
        return self.scope.virtual_machines.create(body)

    def find_or_create(self, machines: Sequence[tuple[str, str]]) -> list[VirtualMachineView]:
        """Return machines of these names and addresses, making those that are missing side by side."""
        known = {machine.name: machine for machine in self.scope.virtual_machines.all()}
        accepted = [self.create(name, address) for name, address in machines if name not in known]
        return [*(known[name] for name, _ in machines if name in known), *(machine.wait() for machine in accepted)]


def settle_in(url: str, email: str, password: str, public_key: str, plan: str = PLAN) -> Tenant:
    """Sign in, or up; subscribe; make a network and a key. What is there already is used.

    Whoever calls this closes the tenant's client.
    """
    with ExitStack() as unless_settled:
        client = unless_settled.enter_context(Zaffre(url))
        _sign_in(client, email, password)
        scope = client.subscription(_subscription(client, plan))
        tenant = Tenant(email, client, scope, _network(scope), _key(scope, public_key))
        unless_settled.pop_all()
    return tenant


def new_key_pair() -> tuple[str, str]:
    """Return an Ed25519 key pair as OpenSSH writes it: private text and public line."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return private.decode(), public.decode()


def _sign_in(client: Zaffre, email: str, password: str) -> None:
    try:
        client.sessions.sign_in(email, password)
    except NotSignedIn:
        client.account.sign_up(email, email.partition("@")[0].title(), password)
        client.sessions.sign_in(email, password)


def _subscription(client: Zaffre, plan: str) -> str:
    try:
        return client.subscriptions.find_item(SUBSCRIPTION).id
    except NotFound:
        return client.subscriptions.create(client.plans.find_item(plan).id, SUBSCRIPTION).wait().id


def _network(scope: SubscriptionScope) -> VmNetworkDetailView:
    try:
        return scope.vm_networks.get(scope.vm_networks.find_item(NETWORK).id)
    except NotFound:
        subnets = [NewSubnetBody(name="subnet", cidr=CIDR)]
        return scope.vm_networks.create(NewVmNetworkBody(name=NETWORK, subnets=subnets)).wait()


def _key(scope: SubscriptionScope, public_key: str) -> str:
    try:
        return scope.ssh_keys.find_item("key").id
    except NotFound:
        return scope.ssh_keys.add("key", public_key).id
