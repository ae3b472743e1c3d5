"""One simulated plane: what stands behind every door that is opened to its address.

It keeps OVN's rules as far as a caller can notice them: what is refused, what goes with what, what hosts bind again
by themselves, and how damage by hand looks. It does not carry frames.
"""

import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Any

from zaffre.network.drivers.plane import (
    PlaneContents,
    PlaneNetwork,
    PlanePort,
    PlanePortState,
    PlaneSubnet,
)
from zaffre.network.drivers.plane_limits import Refusal, check_network, check_port, check_subnet
from zaffre.network.drivers.port_listeners import PortListeners
from zaffre.network.drivers.simulated_plane_file import EntryKey, PlaneStore

AUTOMATIC_CHASSIS = "simulated"
"""The host that binds ports on a plane with `auto_bind`."""


class Damage(StrEnum):
    """What was done to an object by hand."""

    ROUTER = "router"
    """A subnet's network was removed from under it."""
    SWITCH = "switch"
    """A subnet lost its switch, and with it its ports."""
    GATEWAY = "gateway"
    """A subnet lost its port on the router."""
    DHCP = "dhcp"
    """A subnet or port lost its DHCP options."""


class SimulatedBackplane:
    """A simulated plane's contents, the hosts' interfaces on it, and the hands that meddle with it.

    The methods from `bind` on are for simulated hosts and for tests. With `auto_bind` a host binds every port as soon
    as it is there.
    """

    def __init__(self, address: str, store: PlaneStore, *, auto_bind: bool) -> None:
        self._address = address
        self._store = store
        self._auto_bind = auto_bind
        self.listeners = PortListeners()
        self._unsaved: dict[EntryKey, Any] = {}
        self._states_before: dict[str, PlanePortState | None] = {}
        self._load()

    def contents(self) -> PlaneContents:
        """Return everything of Zaffre's on the plane."""
        self._refresh()
        return PlaneContents(
            self._networks.copy(),
            {key: value for key, value in self._subnets.items() if key not in self._damages},
            {key: value for key, value in self._ports.items() if key not in self._damages},
            frozenset(self._damages),
        )

    def port_state(self, port_id: str) -> PlanePortState | None:
        """Return one port; None when it is absent or damaged."""
        self._refresh()
        return self._visible(port_id)

    def ensure_networks(self, networks: Sequence[PlaneNetwork]) -> None:
        """Have these networks."""
        with self._changing():
            for network in networks:
                check_network(network)
            for network in networks:
                self._networks[network.id] = network
                self._unsaved["network", network.id] = vars(network)

    def ensure_subnets(self, subnets: Sequence[PlaneSubnet]) -> None:
        """Have these subnets, each in a network that is there."""
        with self._changing():
            for subnet in subnets:
                check_subnet(subnet)
                if subnet.network_id not in self._networks:
                    raise Refusal(f"there is no network {subnet.network_id}")
            for subnet in subnets:
                self._put_subnet(subnet)

    def ensure_ports(self, ports: Sequence[PlanePort]) -> None:
        """Have these ports, each in a subnet that is there."""
        with self._changing():
            for port in ports:
                check_port(port)
                self._check_place(port.subnet_id)
            for port in ports:
                self._put_port(port)

    def remove_ports(self, port_ids: Iterable[str]) -> None:
        """Have these ports no more."""
        with self._changing():
            for port_id in port_ids:
                self._discard_port(port_id)

    def remove_subnets(self, subnet_ids: Iterable[str]) -> None:
        """Have these subnets and their ports no more."""
        with self._changing():
            for subnet_id in subnet_ids:
                self._discard_subnet(subnet_id)

    def remove_networks(self, network_ids: Iterable[str]) -> None:
        """Have these networks, their subnets and ports no more."""
        with self._changing():
            wanted = set(network_ids)
            for subnet in [subnet for subnet in self._subnets.values() if subnet.network_id in wanted]:
                self._discard_subnet(subnet.id)
            for network_id in wanted:
                self._discard_network(network_id)

    def bind(self, port_id: str, chassis: str = AUTOMATIC_CHASSIS) -> None:
        """Give a host an interface for the port; the port is up from now on or from when it will be there."""
        with self._changing():
            self._put_interface(port_id, chassis)

    def unbind(self, port_id: str) -> None:
        """Take the port's interface away from its host."""
        with self._changing():
            self._put_interface(port_id, None)

    def drop_port(self, port_id: str) -> None:
        """Remove a port by hand; its host keeps the interface."""
        self.remove_ports([port_id])

    def alter_address(self, port_id: str, address: str) -> None:
        """Give a port another address by hand."""
        with self._changing():
            self._put_state(replace(self._ports[port_id].port, address=address))

    def alter_vsid(self, subnet_id: str, vsid: int) -> None:
        """Give a subnet another key by hand."""
        with self._changing():
            self._subnets[subnet_id] = replace(self._subnets[subnet_id], vsid=vsid)
            self._unsaved["subnet", subnet_id] = vars(self._subnets[subnet_id])

    def remove_dhcp(self, subnet_id: str) -> None:
        """Remove a subnet's DHCP options by hand; its ports lose them too."""
        with self._changing():
            for port_id in self._ports_by_subnet[subnet_id]:
                self._damage(port_id, Damage.DHCP)
            self._damage(subnet_id, Damage.DHCP)

    def remove_gateway(self, subnet_id: str) -> None:
        """Remove a subnet's port on the router by hand."""
        with self._changing():
            if subnet_id in self._subnets:
                self._damage(subnet_id, Damage.GATEWAY)

    def remove_switch(self, subnet_id: str) -> None:
        """Remove a subnet's switch by hand, and with it the ports."""
        with self._changing():
            for port_id in list(self._ports_by_subnet[subnet_id]):
                self._discard_port(port_id)
            self._damage(subnet_id, Damage.SWITCH)

    def remove_router(self, network_id: str) -> None:
        """Remove a network's router by hand, and with it the subnets' ports on it."""
        with self._changing():
            self._discard_network(network_id)
            for subnet in self._subnets.values():
                if subnet.network_id == network_id:
                    self._damage(subnet.id, Damage.ROUTER)

    def add_foreign(self, name: str) -> None:
        """Put something on the plane that is not Zaffre's."""
        with self._changing():
            self._foreign.add(name)
            self._unsaved["foreign", name] = True

    @property
    def foreign(self) -> frozenset[str]:
        """What is on the plane and not Zaffre's."""
        self._refresh()
        return frozenset(self._foreign)

    @contextmanager
    def _changing(self) -> Generator[None]:
        """Save what the block changes and tell the listeners. Blocks check everything before they change anything."""
        try:
            with self._store.exclusively():
                self._refresh()
                yield
                self._store.save(self._address, self._unsaved)
        except sqlite3.Error:
            self._load()
            raise
        finally:
            self._unsaved = {}
        self._tell()

    def _refresh(self) -> None:
        """Take in what another process has changed."""
        if self._store.version() != self._version:
            self._states_before = {port_id: self._visible(port_id) for port_id in self._ports}
            self._load()
            self._states_before |= dict.fromkeys(self._ports.keys() - self._states_before.keys())
            self._tell()

    def _tell(self) -> None:
        """Tell the listeners of ports whose state is new."""
        befores, self._states_before = self._states_before, {}
        states = {port_id: self._visible(port_id) for port_id in befores}
        self.listeners.tell(state for port_id, state in states.items() if state and state != befores[port_id])

    def _load(self) -> None:
        """Take everything from the store."""
        self._version = self._store.version()
        self._networks: dict[str, PlaneNetwork] = {}
        self._subnets: dict[str, PlaneSubnet] = {}
        self._ports: dict[str, PlanePortState] = {}
        self._ports_by_subnet: dict[str, set[str]] = {}
        self._interfaces: dict[str, str] = {}
        self._damages: dict[str, frozenset[Damage]] = {}
        self._foreign: set[str] = set()
        entries = self._store.load(self._address)
        for kind in ("network", "subnet", "interface", "damage", "foreign", "port"):  # a port's state needs the others
            for (_, identifier), value in ((key, value) for key, value in entries.items() if key[0] == kind):
                self._load_entry(kind, identifier, value)
        self._unsaved = {}

    def _load_entry(self, kind: str, identifier: str, value: Any) -> None:
        """Take one entry from the store."""
        match kind:
            case "network":
                self._networks[identifier] = PlaneNetwork(**value)
            case "subnet":
                subnet = PlaneSubnet(**value)
                self._subnets[identifier] = replace(subnet, dns_servers=tuple(subnet.dns_servers))
                self._ports_by_subnet[identifier] = set()
            case "port":
                self._put_state(PlanePort(**value | {"chassis": tuple(value.get("chassis", ()))}))
            case "interface":
                self._interfaces[identifier] = value
            case "damage":
                self._damages[identifier] = frozenset(Damage(damage) for damage in value)
            case _:
                self._foreign.add(identifier)

    def _visible(self, port_id: str) -> PlanePortState | None:
        """Return a port that is there and whole."""
        return None if port_id in self._damages else self._ports.get(port_id)

    def _remember(self, port_id: str) -> None:
        """Note what a port's state was before it is changed for the first time."""
        if port_id not in self._states_before:
            self._states_before[port_id] = self._visible(port_id)

    def _check_place(self, subnet_id: str) -> None:
        """Raise `Refusal` unless the subnet can take ports."""
        damages = self._damages.get(subnet_id, frozenset())
        if subnet_id not in self._subnets or Damage.SWITCH in damages:
            raise Refusal(f"there is no subnet {subnet_id}")
        if Damage.DHCP in damages:
            raise Refusal(f"subnet {subnet_id} has lost its DHCP options; ensure the subnet first")

    def _put_subnet(self, subnet: PlaneSubnet) -> None:
        """Have a whole subnet; ports get DHCP options again that the subnet had lost."""
        self._subnets[subnet.id] = subnet
        self._unsaved["subnet", subnet.id] = vars(subnet)
        ports = self._ports_by_subnet.setdefault(subnet.id, set())
        if Damage.DHCP in self._damages.get(subnet.id, ()):
            for port_id in ports:
                self._repair(port_id, {Damage.DHCP})
        self._repair(subnet.id, set(Damage))

    def _put_port(self, port: PlanePort) -> None:
        """Have a whole port."""
        if self._auto_bind and port.id not in self._interfaces:
            self._put_interface(port.id, AUTOMATIC_CHASSIS)
        self._repair(port.id, set(Damage))
        self._put_state(port)

    def _put_state(self, port: PlanePort) -> None:
        """Have a port in the state that its interface gives it."""
        self._remember(port.id)
        before = self._ports.get(port.id)
        if before is not None:
            self._ports_by_subnet[before.port.subnet_id].discard(port.id)
        self._ports_by_subnet[port.subnet_id].add(port.id)
        chassis = self._interfaces.get(port.id)
        self._ports[port.id] = PlanePortState(port, up=chassis is not None, chassis=chassis)
        if before is None or before.port != port:
            self._unsaved["port", port.id] = vars(port)

    def _put_interface(self, port_id: str, chassis: str | None) -> None:
        """Give a port an interface on a host, or take it away."""
        self._unsaved["interface", port_id] = chassis
        if chassis is None:
            self._interfaces.pop(port_id, None)
        else:
            self._interfaces[port_id] = chassis
        state = self._ports.get(port_id)
        if state is not None:
            self._put_state(state.port)

    def _discard_port(self, port_id: str) -> None:
        """Have a port no more."""
        self._repair(port_id, set(Damage))
        state = self._ports.pop(port_id, None)
        if state is not None:
            self._ports_by_subnet[state.port.subnet_id].discard(port_id)
            self._unsaved["port", port_id] = None

    def _discard_subnet(self, subnet_id: str) -> None:
        """Have a subnet and its ports no more."""
        self._repair(subnet_id, set(Damage))
        for port_id in list(self._ports_by_subnet.get(subnet_id, ())):
            self._discard_port(port_id)
        self._ports_by_subnet.pop(subnet_id, None)
        if self._subnets.pop(subnet_id, None) is not None:
            self._unsaved["subnet", subnet_id] = None

    def _discard_network(self, network_id: str) -> None:
        """Have a network no more; its subnets are the caller's business."""
        if self._networks.pop(network_id, None) is not None:
            self._unsaved["network", network_id] = None

    def _damage(self, identifier: str, damage: Damage) -> None:
        """Spoil an object."""
        self._set_damages(identifier, self._damages.get(identifier, frozenset()) | {damage})

    def _repair(self, identifier: str, damages: set[Damage]) -> None:
        """Undo damages of an object."""
        if identifier in self._damages:
            self._set_damages(identifier, self._damages[identifier] - damages)

    def _set_damages(self, identifier: str, damages: frozenset[Damage]) -> None:
        """Note what is wrong with an object."""
        if identifier in self._ports:
            self._remember(identifier)
        if damages:
            self._damages[identifier] = damages
        else:
            self._damages.pop(identifier, None)
        self._unsaved["damage", identifier] = sorted(damages) or None
