"""Every verb and its rule: what a person can ask of Ona."""

from dashboard.control.rule import Outcome, Params, Rule, Verb
from dashboard.control.rules import (
    automations_file,
    creations,
    edits,
    environments,
    ports,
    services,
    tasks,
    tokens,
)
from dashboard.fleet.entities import Environment, Kind, Listed
from dashboard.fleet.sentences import Said, sentence
from dashboard.fleet.snapshot import Fleet
from dashboard.ona.errors import Unsendable

RULES = {
    rule.verb: rule
    for rule in (
        *environments.RULES,
        *creations.RULES,
        *automations_file.RULES,
        *edits.RULES,
        *ports.RULES,
        *tokens.RULES,
        *services.RULES,
        *tasks.RULES,
    )
}


def verbs_of(kind: Kind) -> list[Verb]:
    """What can be asked of a row of that kind on its pages."""
    return [
        verb for verb, rule in RULES.items() if rule.kind == kind and not rule.rowless and not rule.console
    ]


def why_nothing_runs(row: Listed, fleet: Fleet) -> str:
    """Services and tasks run only inside a running environment: the reason why none does, or ""."""
    if isinstance(row, Environment):
        return ""
    environment = fleet.environments.get(row.environment_id)
    if environment is None:
        return sentence("its environment is not there any more, or not visible to this dashboard's key")
    if environment.phase in {"running", "updating"}:
        return ""
    phase = Said(environment.phase or "in no known phase")
    return sentence("its environment is {phase}; start that first", phase=phase)


def pointless(verb: Verb, row: Listed, fleet: Fleet) -> str:
    """Why asking for it would be recorded as skipped; "" when it makes sense."""
    rule = RULES[verb]
    return rule.pointless(row) or (why_nothing_runs(row, fleet) if rule.inside else "")


def mistake(verb: Verb, params: Params) -> tuple[str, str]:
    """The first value that breaks a limit of the API, as (field, "must have …"); ("", "") when there is none."""
    message = RULES[verb].message
    try:
        if message is not None:
            message(params).json()
    except Unsendable as error:
        return error.field, error.rule
    return "", ""


def watched(verb: Verb, target_id: str, result_id: str) -> tuple[Kind, str]:
    """What to look at for the outcome: the target, or what the action made."""
    rule = RULES[verb]
    return (rule.makes, result_id) if rule.makes is not None and result_id else (rule.kind, target_id)


__all__ = [
    "RULES",
    "Outcome",
    "Params",
    "Rule",
    "Verb",
    "mistake",
    "pointless",
    "verbs_of",
    "watched",
    "why_nothing_runs",
]
