"""Drivers: one way to speak to a host, with an implementation over libvirt and a simulated twin."""
