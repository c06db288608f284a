"""Where logs are read. All hosts of the platform are this one simulator; the paths differ as its hosts do."""

from dashboard.simulator.models import Environment, Execution, Service


def environment(origin: str, item: Environment) -> str:
    """The machine's own log while it is up, the runner's archive afterwards."""
    if item.usable:
        return f"{origin}/logs/{item.id}"
    return f"{origin}/logs/runners/{item.runner.id}/environments/{item.id}"


def service(origin: str, item: Service) -> str:
    """On the machine; the address stays when the machine is gone."""
    return f"{origin}/logs/{item.environment.id}/service/{item.recipe.reference}"


def execution(origin: str, item: Execution) -> str:
    """On the machine; the address stays when the machine is gone."""
    return f"{origin}/logs/{item.environment.id}/execution/{item.id}"
