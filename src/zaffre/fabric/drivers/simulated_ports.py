"""Network interfaces of simulated guests: how a change of them changes what a guest is."""

from dataclasses import replace

from zaffre.fabric.drivers.hypervisor import GuestPort, GuestSpec, HypervisorRefused


def with_port(host: str, spec: GuestSpec, port: GuestPort) -> GuestSpec:
    """Return a guest that has the interface.

    Raises:
        HypervisorRefused: it has another at that position.
    """
    if port.port_id in ports_of(spec):
        return spec
    if any(each.position == port.position for each in spec.ports):
        cause = f"it has another interface at position {port.position}"
        raise HypervisorRefused(host, f"attach port {port.port_id} to guest {spec.id}", cause)
    return replace(spec, ports=tuple(sorted((*spec.ports, port), key=lambda each: each.position)))


def without_port(spec: GuestSpec, port_id: str) -> GuestSpec:
    """Return a guest that does not have the interface."""
    return replace(spec, ports=tuple(port for port in spec.ports if port.port_id != port_id))


def ports_of(spec: GuestSpec) -> frozenset[str]:
    """Return the ids of a guest's ports."""
    return frozenset(port.port_id for port in spec.ports)
