"""The command line `zaffre`.

`main` registers every command by name and loads a command's module only when that command runs, so that help comes at
once. A command is a function that takes an `Invocation` (who asks whom, and how the answer is shown), bundles of shared
options (`options`) and its own arguments; `commands` turns it into a Typer command. What people read is made in
`terminal`, `tables` and `sheets`; what went wrong is told in `refusals`, with the exit codes of `exit_codes`.
"""
