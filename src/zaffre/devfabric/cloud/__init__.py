"""The development cloud: a whole site on this machine, brought up, shown and taken down by one command each.

`DevelopmentCloud.up` brings up the developer fabric (or the simulated one where this machine cannot), starts the server
on it, and furnishes the site through the public API as a provider and a tenant would. `journey` is that tenant's way
through it, with checks.
"""

from zaffre.devfabric.cloud.checks import Check, JourneyReport
from zaffre.devfabric.cloud.development_cloud import CloudDescription, DevelopmentCloud, FabricChoice
from zaffre.devfabric.cloud.journey import run_journey

__all__ = ["Check", "CloudDescription", "DevelopmentCloud", "FabricChoice", "JourneyReport", "run_journey"]
