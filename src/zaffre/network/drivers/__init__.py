"""Drivers: one way to speak to a network plane, with an implementation over OVN and a simulated twin."""
