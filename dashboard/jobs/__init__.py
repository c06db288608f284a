"""Every Celery job, each a few lines: lock, call, report. (The word *task* belongs to Ona's tasks.)

Beat does not prevent overlap, so each sweep takes a lock with a lifetime, and messages that waited too long
expire. No result is kept and no acknowledgement mode matters: what was accepted is in the database, and
`sweep_actions` finds what was left behind.

Pages import this package to hand jobs over: what only a job needs (the API, the sweeps) is loaded when one runs.
"""

from typing import Any

from django.conf import settings

from dashboard.celery import app
from dashboard.jobs import meters, parts, trails
from dashboard.jobs.actions import chase, enqueue_action, perform, prune_actions, sweep_actions
from dashboard.jobs.auditing import anchor_audit, forward_audit, prune_audit
from dashboard.jobs.notices import find_notices, prune_notices, send_notices
from dashboard.jobs.polls import (
    poll_full,
    poll_hot,
    poll_names,
    read_automations_file,
    read_early,
    refresh,
    watcher,
)
from dashboard.jobs.reclaiming import run_policies, send_batches, send_lane, start_batch
from dashboard.jobs.records import (
    count_hours,
    prune_history,
    prune_policy_runs,
    prune_sign_ins,
    record_history,
)
from dashboard.jobs.replays import make_reports, prune_replays, replay, start_replay
from dashboard.jobs.tails import logs, tail
from dashboard.jobs.webhooks import find_events, prune_events, send_events

__all__ = [
    "SCHEDULE",
    "anchor_audit",
    "chase",
    "count_hours",
    "enqueue_action",
    "find_events",
    "find_notices",
    "forward_audit",
    "logs",
    "make_reports",
    "meters",
    "parts",
    "perform",
    "poll_full",
    "poll_hot",
    "poll_names",
    "prune_actions",
    "prune_audit",
    "prune_events",
    "prune_history",
    "prune_notices",
    "prune_policy_runs",
    "prune_replays",
    "prune_sign_ins",
    "read_automations_file",
    "read_early",
    "record_history",
    "refresh",
    "replay",
    "run_policies",
    "send_batches",
    "send_events",
    "send_lane",
    "send_notices",
    "start_batch",
    "start_replay",
    "sweep_actions",
    "tail",
    "trails",
    "watcher",
]

SCHEDULE: dict[str, Any] = {
    "hot": {"task": "jobs.poll_hot", "schedule": settings.POLL_HOT_SECONDS},
    "full": {"task": "jobs.poll_full", "schedule": settings.POLL_FULL_SECONDS},
    "names": {"task": "jobs.poll_names", "schedule": 300.0},
    "chase": {"task": "jobs.chase", "schedule": 1.0},
    "history": {"task": "jobs.record_history", "schedule": settings.POLL_HOT_SECONDS},
    "hours": {"task": "jobs.count_hours", "schedule": 60.0},
    "prune": {"task": "jobs.prune_history", "schedule": 6 * 3600.0},
    "sign-ins": {"task": "jobs.prune_sign_ins", "schedule": 6 * 3600.0},
    "audit-anchor": {"task": "jobs.anchor_audit", "schedule": 3600.0},
    "audit-prune": {"task": "jobs.prune_audit", "schedule": 3600.0},
    "actions": {"task": "jobs.sweep_actions", "schedule": 10.0},
    "old-actions": {"task": "jobs.prune_actions", "schedule": 6 * 3600.0},
    "batches": {"task": "jobs.send_batches", "schedule": 1.0},
    "policies": {"task": "jobs.run_policies", "schedule": 60.0},
    "to-tell": {"task": "jobs.find_notices", "schedule": 10.0},
    "notices": {"task": "jobs.send_notices", "schedule": 5.0},
    "find-events": {"task": "jobs.find_events", "schedule": 5.0},
    "events": {"task": "jobs.send_events", "schedule": 5.0},
    "old-events": {"task": "jobs.prune_events", "schedule": 6 * 3600.0},
    "old-notices": {"task": "jobs.prune_notices", "schedule": 6 * 3600.0},
    "replays": {"task": "jobs.replay", "schedule": 10.0},
    "reports": {"task": "jobs.make_reports", "schedule": 60.0},
    "old-replays": {"task": "jobs.prune_replays", "schedule": 6 * 3600.0},
    "policy-runs": {"task": "jobs.prune_policy_runs", "schedule": 6 * 3600.0},
}
if settings.AUDIT_FORWARD is not None:
    SCHEDULE["audit-forward"] = {"task": "jobs.forward_audit", "schedule": 2.0}
app.conf.beat_schedule = SCHEDULE
