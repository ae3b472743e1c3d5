"""The part of Open vSwitch's Python library that Zaffre uses, with types; the library itself has none."""
