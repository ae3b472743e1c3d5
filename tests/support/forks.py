"""Processes of their own for tests that kill them, quick to start.

They are forked from one that has imported Zaffre already. Starting Python and importing everything takes longer than
most of what these tests wait for.
"""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["zaffre.cli.main", "zaffre.edge.server", "zaffre.edge.site", "zaffre.foundation.operations.runtime"]
)
