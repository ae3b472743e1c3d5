"""`zaffre approval-rule`: which changes need an approval."""

from typing import Annotated

import typer

from zaffre.cli.arguments import NewNameArgument
from zaffre.cli.columns import NAME, age_column, id_column
from zaffre.cli.commands import CommandGroup
from zaffre.cli.completion import names_of
from zaffre.cli.invocation import Invocation
from zaffre.cli.options import Confirmation, ListWishes
from zaffre.cli.refusals import UsageProblem
from zaffre.cli.tables import Column
from zaffre.cli.words import title_text
from zaffre.client import ApprovableChange, ApprovalRuleChangeBody, ApprovalRuleView, NewApprovalRuleBody

group = CommandGroup(help="Which changes of tenants need an approval.")
app = group.app
DAY_HOURS = 24

RuleArgument = Annotated[
    str,
    typer.Argument(
        metavar="RULE",
        help="Name or id of an approval rule.",
        autocompletion=names_of(lambda run: run.client.admin.approval_rules),
    ),
]
DaysOption = Annotated[
    int, typer.Option("--days", min=1, max=90, metavar="N", help="How long requests wait for an answer.")
]


ProgramOption = Annotated[
    str | None,
    typer.Option("--program", metavar="PROGRAM", help="The approval program that decides; else people do."),
]


@group.command("list")
def list_rules(run: Invocation, wishes: ListWishes) -> None:
    """List the rules."""
    columns: list[Column[ApprovalRuleView]] = [
        NAME,
        Column("CHANGE", lambda rule: title_text(rule.change)),
        Column("PLAN", lambda rule: "any" if rule.plan_id is None else run.names.plan(rule.plan_id)),
        Column("ABOVE", lambda rule: "" if rule.dimension is None else f"{rule.above} {rule.dimension}"),
        Column(
            "DECIDES", lambda rule: "people" if rule.program_id is None else run.names.approval_program(rule.program_id)
        ),
        Column("WAITS", lambda rule: f"{rule.valid_hours} h", number=True, whole=True),
        age_column(run),
        id_column(run),
    ]
    run.show_list(run.client.admin.approval_rules, wishes, columns, "No change needs an approval.")


@group.command("create")
def create_rule(
    run: Invocation,
    name: NewNameArgument,
    *,
    change: Annotated[ApprovableChange, typer.Option("--change", help="What needs an approval.")],
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="Only for this plan; else for every one.")
    ] = None,
    dimension: Annotated[
        str | None,
        typer.Option("--dimension", metavar="DIMENSION", help="Only when the limit of this grows above a number."),
    ] = None,
    above: Annotated[int | None, typer.Option("--above", min=0, metavar="N", help="That number.")] = None,
    days: DaysOption = 7,
    program: ProgramOption = None,
) -> None:
    """Have a kind of change need an approval, from now on."""
    body = NewApprovalRuleBody(
        name=name,
        change=change,
        plan_id=run.id_in(run.client.admin.plans, plan) if plan else None,
        dimension=dimension,
        above=above,
        valid_hours=days * DAY_HOURS,
        program_id=run.id_in(run.client.admin.approval_programs, program) if program else None,
    )
    made = run.client.admin.approval_rules.create(body)
    run.report(made, f"Rule {name} is made. See what is asked for with: zaffre change-request list")


@group.command("change")
def change_rule(
    run: Invocation,
    rule: RuleArgument,
    *,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=90, metavar="N", help="How long requests to come wait.")
    ] = None,
    program: ProgramOption = None,
    people: Annotated[bool, typer.Option("--people", help="Have people decide, and no program.")] = False,
) -> None:
    """Let others decide, or requests to come wait longer or less long."""
    if days is None and program is None and not people:
        raise UsageProblem("Nothing is to change.", "Say what with --days, --program or --people.")
    if program is not None and people:
        raise UsageProblem("It is not clear who decides.", "Give --program or --people.")
    wanted: dict[str, object] = {}
    if days is not None:
        wanted["valid_hours"] = days * DAY_HOURS
    if program is not None or people:
        wanted["program_id"] = run.id_in(run.client.admin.approval_programs, program) if program else None
    rules = run.client.admin.approval_rules
    changed = rules.change(run.id_in(rules, rule), ApprovalRuleChangeBody.model_validate(wanted))
    run.report(changed, f"Rule {changed.name} is changed: requests wait for {changed.valid_hours} hours.")


@group.command("delete")
def delete_rule(run: Invocation, confirmation: Confirmation, rule: RuleArgument) -> None:
    """Remove a rule. What waits because of it still waits."""
    rules = run.client.admin.approval_rules
    found = run.find(rules, rule)
    run.confirm(confirmation, f"Delete the rule {found.name}?")
    rules.delete(found.id)
    run.report(found, f"Rule {found.name} is deleted.")
