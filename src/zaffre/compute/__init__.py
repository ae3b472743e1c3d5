"""Compute: virtual machines.

A virtual machine is wanted by its tenant (size, image, network, power) and seen on its host; both are kept, and the
state that people read follows from the two. Everything that changes a machine outside the database is an operation;
everything that is noticed about it comes from its host, as an event within a second or at the next full read.
"""
