"""Operations: durable, resumable units of work, each a saga of steps that can be done and undone.

How one lives:

1. A service writes an operation row in the same transaction as the intent (`UnitOfWork.start`). If the transaction
   does not commit, neither exists.
2. After the commit the dispatcher of a worker claims the row when its queue has a free slot; a sweeper finds rows whose
   wake-up was lost. Each stamp has one queue, so a slow stamp cannot starve another and nothing is unbounded.
3. The engine runs the saga as a durable workflow whose id is the operation's: every finished step is journalled, so a
   killed process goes on behind the last one. Steps are idempotent because the interrupted one runs again.
4. When a step fails, it and the steps before it are undone in reverse, in full; then the cause is recorded.

Modules: `operation` (words), `tables`, `saga` (how features describe work), `engine`, `journal` (durability on DBOS),
`dispatcher`, `progress`, `operations` (reading, cancelling, retrying).
"""
