"""Every verb and its rule: what a person can ask of Ona."""

from dashboard.control.rule import Outcome, Params, Rule, Verb
from dashboard.control.rules import environments, services, tasks
from dashboard.fleet.entities import Kind

RULES = {rule.verb: rule for rule in (*environments.RULES, *services.RULES, *tasks.RULES)}


def verbs_of(kind: Kind) -> list[Verb]:
    return [verb for verb, rule in RULES.items() if rule.kind == kind]


def watched(verb: Verb, target_id: str, result_id: str) -> tuple[Kind, str]:
    """What to look at for the outcome: the target, or what the action made."""
    rule = RULES[verb]
    return (rule.makes, result_id) if rule.makes is not None and result_id else (rule.kind, target_id)


__all__ = ["RULES", "Outcome", "Params", "Rule", "Verb", "verbs_of", "watched"]
