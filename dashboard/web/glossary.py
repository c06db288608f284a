"""What the words on the pages mean: the phases, signs of use, the states of an action, and who may do what."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Meanings = dict[str, str | Promise]

PHASES: Meanings = {
    "creating": _("Ona is making it. It cannot be used yet."),
    "starting": _("On its way to running. More than 15 minutes is too long; the overview says so."),
    "running": _("It can be used, and it costs."),
    "updating": _("It runs and is being changed; it can be used."),
    "stopping": _("On its way to stopped. More than 5 minutes is too long; the overview says so."),
    "stopped": _("Shut down. Its content is kept, and it can be started again."),
    "failed": _(
        "Ona says that something went wrong, and what. Failure is no phase of its own in Ona: the phase beside it "
        "says where the environment is all the same."
    ),
    "archived": _("Put away by Ona. It can be taken out of the archive, and then started."),
    "deleting": _("On its way to being gone, with all that is in it."),
    "deleted": _("Gone."),
    "not_started": _("A service that has never run."),
    "pending": _("A task execution that waits for its turn."),
    "succeeded": _("A task execution that ended well."),
}
WORDS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    (
        "service",
        _("Service"),
        _("A program that runs in an environment until it is stopped, such as a web server."),
    ),
    ("task", _("Task"), _("A command of an environment that runs and ends, such as a build.")),
    (
        "task-execution",
        _("Task execution"),
        _("One run of a task, together with the tasks on which it depends."),
    ),
    (
        "class",
        _("Class"),
        _("The size and kind of machine that an environment runs on. Its price is what estimates go by."),
    ),
    (
        "runner",
        _("Runner"),
        _("Where environments run: a cloud and a place in it, set up by your organisation."),
    ),
    (
        "creator",
        _("Creator"),
        _("Who made it in Ona. What somebody makes from this dashboard counts as theirs."),
    ),
    (
        "signal",
        _("Activity signal"),
        _(
            "A sign that somebody or something uses an environment: keys in an editor, an SSH connection, an agent at "
            "work. Ona reports the newest about every five minutes, and where it came from. A connection that nobody "
            "closed also counts."
        ),
    ),
    (
        "last-activity",
        _("Last activity"),
        _(
            "The newest of the last signal and the last start. Without either nobody knows, and nothing is done."
        ),
    ),
    (
        "idle",
        _("Idle"),
        _(
            "Running, and the last activity is longer ago than a limit. An environment in which a task execution runs, "
            "one on its way to another phase and one that is exempt are not idle."
        ),
    ),
    (
        "unsaved",
        _("Unsaved work"),
        _(
            "Commits that are not pushed and files that are not committed, as Ona last reported them. A stop keeps "
            "them, a delete does not."
        ),
    ),
    (
        "wish",
        _("Stop requested 4 s ago"),
        _(
            "What was asked for from here and has not been seen yet. The phase beside it is the real one until the "
            "change is seen."
        ),
    ),
    (
        "unknown",
        _("Not known"),
        _(
            "A worker was lost while it sent something that must not be sent twice. Look at the task's executions "
            "before you ask again."
        ),
    ),
    (
        "stale",
        _("Stale"),
        _("The last reading of Ona is older than it should be. What you see is what was known then."),
    ),
    (
        "policy",
        _("Policy"),
        _(
            "A rule that stops, warns of or deletes environments by itself. Admins make them; a dry run stops nothing."
        ),
    ),
    (
        "exemption",
        _("Exemption"),
        _("Keeps an environment from being stopped for being idle, with a reason and until an end."),
    ),
    (
        "batch",
        _("Batch"),
        _(
            "Several environments that are stopped or started together, on a page that can cancel, repeat and undo it."
        ),
    ),
    (
        "regret",
        _("Regret"),
        _("A stop after which somebody was back within 15 minutes."),
    ),
    (
        "personal-token",
        _("Personal token"),
        _("What a script shows instead of a password. It opens what its person may at that moment."),
    ),
    (
        "median",
        _("Median"),
        _("The middle of several: half of the runs took longer, half of them less."),
    ),
    (
        "estimate",
        _("Estimate"),
        _("Running hours times the price that admins have set for the class, not a bill."),
    ),
    (
        "flaky",
        _("Flaky"),
        _("A task that failed and then passed, more than once, without an edit from here in between."),
    ),
)
"""The anchor on the page, the word, what it means."""

HINTS: Meanings = {
    "overview": _(
        "It begins with what needs a person. Each line and each number leads to the list that explains it; Search "
        "finds anything by name."
    ),
    "environments-list": _(
        "Type to filter, such as: is:mine phase:running. The address is the filter, so a link is a view. Columns are "
        "yours to choose."
    ),
    "services-list": _("Failed ones come first. Filter by a name to see whether it fails everywhere."),
    "tasks-list": _("The strip beside a task shows its last runs, failures as full bars."),
    "executions-list": _("Open one to see its plan, the log of each step, and what is usual for its task."),
    "idle": _(
        "What runs and nobody uses, with the evidence. Choose rows, look at what would be lost, then stop them "
        "together; it can be undone."
    ),
    "costs": _(
        "Idle hours are those after two hours without any sign of use. With prices set they are money too."
    ),
    "activity": _("Everything that was asked for from here: who, what, when, why, and how it ended."),
}
"""What a page tells whoever sees it for the first time, by the name of its address."""
