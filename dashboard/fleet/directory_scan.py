"""Names for ids: people, projects, runners."""

from dashboard.fleet import intake
from dashboard.fleet.entities import Kind
from dashboard.fleet.snapshot import Fleet
from dashboard.fleet.tally import Tally
from dashboard.ona import Ona, errors


def scan_names(ona: Ona, fleet: Fleet, tally: Tally) -> None:
    """Read them all; those that this key may not read are left as they are."""
    for kind, scan in (
        (Kind.PERSON, _scan_people),
        (Kind.PROJECT, _scan_projects),
        (Kind.RUNNER, _scan_runners),
    ):
        skipped = tally.skipped
        try:
            scan(ona, tally)
        except (errors.PermissionDenied, errors.Unimplemented, errors.NotFound, errors.InvalidRequest):
            continue  # this key may not read these names: their ids are shown shortened
        if tally.skipped == skipped:
            tally.missing(kind, fleet.of(kind))


def _scan_people(ona: Ona, tally: Tally) -> None:
    for members in ona.directory.member_pages(ona.directory.identity().organization_id):
        tally.add(members, intake.person)


def _scan_projects(ona: Ona, tally: Tally) -> None:
    for projects in ona.directory.project_pages():
        tally.add(projects, intake.project)


def _scan_runners(ona: Ona, tally: Tally) -> None:
    for runners in ona.directory.runner_pages():
        tally.add(runners, intake.runner)
