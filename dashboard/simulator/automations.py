"""Gives an environment its services and tasks, as its automations file and the platform do."""

from random import Random

from dashboard.simulator import catalog, enums
from dashboard.simulator.ids import uuid7
from dashboard.simulator.models import Environment, Service, Task


def equip(environment: Environment, rng: Random, at: float) -> None:
    """Add services and tasks; one of the seeded fleet without project has only the services of the platform."""
    made = round(at, 6)
    has_file = environment.from_project or environment.given is not None
    recipes = (*catalog.PLATFORM_SERVICES, *(environment.project.services if has_file else ()))
    environment.services = [
        Service(
            uuid7(made, rng), environment, recipe, made, environment.creator,
            enums.SERVICE_UNKNOWN, enums.SERVICE_UNKNOWN,
        )
        for recipe in recipes
    ]  # fmt: skip
    if has_file:
        environment.tasks = _tasks(environment, rng, made)


def _tasks(environment: Environment, rng: Random, at: float) -> list[Task]:
    """Tasks in the order of the catalog, in which needs come first."""
    known: dict[str, Task | Service] = {service.recipe.reference: service for service in environment.services}
    tasks = []
    for recipe in environment.project.tasks:
        needs = tuple(known[reference] for reference in recipe.needs if reference in known)
        task = Task(uuid7(at, rng), environment, recipe, at, environment.creator, needs)
        known[recipe.reference] = task
        tasks.append(task)
    return tasks
