"""Nothing grows without end: every table is pruned by a job that beat sends, or says why it need not be."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone

from dashboard import jobs
from dashboard.control import ledger_keep
from dashboard.control.models import Action, Batch

PRUNED = {
    "control.Action": "prune_actions",
    "control.AskedOnce": "prune_sign_ins",
    "control.AuditEntry": "prune_audit",
    "control.Batch": "prune_actions",
    "control.Delivery": "prune_notices",
    "control.EnvironmentDay": "prune_history",
    "control.FleetReport": "prune_replays",
    "control.PersonalToken": "prune_sign_ins",
    "control.PhaseCount": "count_hours",
    "control.PolicyRun": "prune_policy_runs",
    "control.PolicyVerdict": "prune_policy_runs",
    "control.RecordedEnvironment": "prune_history",
    "control.Replay": "prune_replays",
    "control.ServiceSpell": "prune_history",
    "control.SignIn": "prune_sign_ins",
    "control.StopWarning": "prune_policy_runs",
    "control.Stretch": "prune_history",
    "control.WebhookDelivery": "prune_events",
    "sessions.Session": "prune_sign_ins",
}
BOUNDED = {
    "auth.Group": "what people make by hand",
    "auth.Permission": "one for each kind of row",
    "contenttypes.ContentType": "one for each kind of row",
    "control.AuditForwarded": "one row",
    "control.Channel": "what people make by hand",
    "control.ClassPrice": "one for each class",
    "control.DefaultView": "one for each person and list",
    "control.Exemption": "what people make by hand",
    "control.IdlePolicy": "what people make by hand",
    "control.RecordedName": "one for each person, project and class there ever was",
    "control.Recording": "one row",
    "control.ReportChannel": "one for each channel",
    "control.SavedView": "what people make by hand",
    "control.Star": "a limited number for each person",
    "control.User": "one for each person",
    "control.Webhook": "what people make by hand",
    "control.WebhookMark": "one for each webhook and event",
    "control.MailChoice": "one for each person",
}


def test_every_table_is_pruned_or_bounded() -> None:
    tables = {model._meta.label for model in apps.get_models()}
    assert tables == set(PRUNED) | set(BOUNDED)
    assert not set(PRUNED) & set(BOUNDED)


@pytest.mark.parametrize("job", sorted(set(PRUNED.values())))
def test_every_pruning_job_is_sent_at_least_daily(job: str) -> None:
    turns = {turn["task"]: turn["schedule"] for turn in jobs.SCHEDULE.values()}
    assert turns[f"jobs.{job}"] <= 86_400


@pytest.mark.django_db
def test_actions_and_batches_go_when_the_audit_no_longer_tells_of_them() -> None:
    now = timezone.now()
    old, young = now - timedelta(days=settings.AUDIT_DAYS + 1), now - timedelta(days=settings.AUDIT_DAYS - 1)
    given = {"verb": "environment.stop", "kind": "environment", "target_name": "one", "not_before": old}

    def action(key: str, batch: Batch | None = None, **fields: object) -> None:
        Action.objects.create(**given | {"target_id": key, "created": old, "batch": batch} | fields)

    done = Batch.objects.create(verb="environment.stop", created=old)
    half = Batch.objects.create(verb="environment.stop", created=old)
    action("a", done, state="confirmed", ended=old)
    action("b", half, state="confirmed", ended=old)
    action("c", half, state="confirmed", ended=young)
    action("d", state="queued")
    assert ledger_keep.prune(now) == 3
    assert set(Action.objects.values_list("target_id", flat=True)) == {"c", "d"}
    assert list(Batch.objects.all()) == [half]
    assert ledger_keep.prune(now) == 0
