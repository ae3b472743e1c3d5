"""Zaffre: an open cloud operating system for service providers."""

__version__ = "0.1.0"
