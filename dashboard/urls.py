"""Every address of the dashboard."""

from datetime import date
from urllib.parse import quote, unquote

from django.urls import URLPattern, path, register_converter

from dashboard.fleet.entities import Kind
from dashboard.web import step_up
from dashboard.web.api import guide
from dashboard.web.pages import (
    accounts,
    actions,
    activity,
    audit,
    automations,
    batches,
    bulk,
    channels,
    classes,
    columns,
    costs,
    creation,
    daily,
    environments,
    executions,
    exemptions,
    filters,
    finding,
    helping,
    idle,
    keeping,
    logs,
    metrics,
    overview,
    policies,
    prices,
    reports,
    services,
    sessions,
    stars,
    system,
    tasks,
    tokens,
    told,
    views,
    webhooks,
    whatif,
)
from dashboard.web.sso import oidc

Pages = list[URLPattern]


class Identifier:
    """An id of the API in an address, whatever letters it has: one odd id must not break the list it is in."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return unquote(value)

    def to_url(self, value: str) -> str:
        return quote(value, safe="") or "-"


class DayOfYear:
    """A day in an address: 2026-11-22. One that no calendar has is not found."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        return str(value)


register_converter(Identifier, "id")
register_converter(DayOfYear, "day")


def _act(section: str, kind: Kind) -> URLPattern:
    return path(f"{section}/<id:identifier>/<slug:deed>/", actions.act, {"kind": kind}, name=f"{section}-act")


urlpatterns: Pages = [
    path("", overview.index, name="overview"),
    path("environments/", environments.index, name="environments-list"),
    path("environments/new/", creation.new, name="environments-new"),
    path("environments/bulk/", bulk.ask_about, name="environments-bulk"),
    path("classes/", classes.index, name="classes"),
    path("classes/prices/", prices.index, name="classes-prices"),
    path("costs/", costs.index, name="costs"),
    path("environments/<id:identifier>/", environments.detail, name="environments-detail"),
    path("environments/<id:identifier>/automations/", automations.show, name="environments-automations"),
    path("environments/<id:identifier>/exempt/", exemptions.of_environment, name="environments-exempt"),
    path("environments/<id:identifier>/keep/", keeping.keep, name="environments-keep"),
    _act("environments", Kind.ENVIRONMENT),
    path("services/", services.index, name="services-list"),
    path("services/<id:identifier>/", services.detail, name="services-detail"),
    path("services/<id:identifier>/log/", logs.show, {"kind": Kind.SERVICE}, name="services-log"),
    _act("services", Kind.SERVICE),
    path("tasks/", tasks.index, name="tasks-list"),
    path("tasks/<id:identifier>/", tasks.detail, name="tasks-detail"),
    _act("tasks", Kind.TASK),
    path("executions/", executions.index, name="executions-list"),
    path("executions/<id:identifier>/", executions.detail, name="executions-detail"),
    path("executions/<id:identifier>/log/", logs.show, {"kind": Kind.EXECUTION}, name="executions-log"),
    _act("executions", Kind.EXECUTION),
    path("find/", finding.search, name="find"),
    path("keys/", finding.keys, name="keys"),
    path("help/", helping.words, name="help"),
    path("help/hints/<slug:name>/away/", helping.put_away, name="hint-away"),
    path("filter/<slug:section>/", filters.explain, name="filter-help"),
    path("filter/<slug:section>/options/", filters.offer, name="filter-offer"),
    path("idle/", idle.index, name="idle"),
    path("idle/stop/", idle.stop, name="idle-stop"),
    path("idle/exemptions/", exemptions.index, name="idle-exemptions"),
    path("idle/exemptions/new/", exemptions.new, name="idle-exempt"),
    path("idle/exemptions/<uuid:identifier>/end/", exemptions.end, name="idle-exemption-end"),
    path("idle/policies/", policies.index, name="idle-policies"),
    path("idle/policies/new/", policies.new, name="idle-policy-new"),
    path("idle/policies/<uuid:identifier>/", policies.detail, name="idle-policy"),
    path("idle/policies/<uuid:identifier>/edit/", policies.edit, name="idle-policy-edit"),
    path("idle/policies/<uuid:identifier>/arm/", policies.arm, name="idle-policy-arm"),
    path("idle/policies/<uuid:identifier>/pause/", policies.pause, name="idle-policy-pause"),
    path("idle/policies/<uuid:identifier>/delete/", policies.delete, name="idle-policy-delete"),
    path("idle/reports/", daily.index, name="idle-reports"),
    path("idle/reports/<day:day>/", daily.show, name="idle-report"),
    path("idle/what-if/", whatif.index, name="idle-what-if"),
    path("idle/what-if/<uuid:identifier>/cancel/", whatif.cancel, name="idle-what-if-cancel"),
    path("idle/channels/", channels.index, name="idle-channels"),
    path("idle/channels/new/", channels.new, name="idle-channel-new"),
    path("idle/channels/<uuid:identifier>/", channels.edit, name="idle-channel-edit"),
    path("idle/channels/<uuid:identifier>/test/", channels.test, name="idle-channel-test"),
    path("idle/channels/<uuid:identifier>/delete/", channels.delete, name="idle-channel-delete"),
    path("batches/", batches.index, name="idle-batches"),
    path("batches/<uuid:identifier>/", batches.show, name="idle-batch"),
    path("batches/<uuid:identifier>/begin/", batches.begin, name="idle-begin"),
    path("batches/<uuid:identifier>/cancel/", batches.cancel, name="idle-cancel"),
    path("batches/<uuid:identifier>/retry/", batches.retry, name="idle-retry"),
    path("batches/<uuid:identifier>/undo/", batches.undo, name="idle-undo"),
    path("columns/<slug:section>/", columns.choose, name="columns"),
    path("views/", views.index, name="views"),
    path("views/new/<slug:section>/", views.new, name="views-new"),
    path("views/counts/<slug:section>/", views.counts, name="views-counts"),
    path("views/<uuid:identifier>/", views.edit, name="views-edit"),
    path("views/<uuid:identifier>/delete/", views.delete, name="views-delete"),
    path("views/<uuid:identifier>/default/", views.open_with, name="views-default"),
    path("stars/", stars.star, name="stars"),
    path("watching/", stars.watching, name="watching"),
    path("activity/", activity.index, name="activity"),
    path("activity/<uuid:identifier>/made/", activity.made, name="activity-made"),
    path("activity/audit/", audit.index, name="activity-audit"),
    path("system/", system.index, name="system"),
    path("system/messages/<uuid:identifier>/again/", channels.again, name="system-message-again"),
    path("accounts/language/", accounts.choose_language, name="language"),
    path("accounts/login/", accounts.sign_in, name="login"),
    path("accounts/logout/", accounts.sign_out, name="logout"),
    path("accounts/sessions/", sessions.index, name="sessions"),
    path("accounts/sessions/<uuid:identifier>/end/", sessions.end, name="sessions-end"),
    path("accounts/messages/", told.index, name="told"),
    path("accounts/tokens/", tokens.index, name="tokens"),
    path("accounts/tokens/<uuid:identifier>/revoke/", tokens.revoke, name="tokens-revoke"),
    path("api/", guide.show, name="api"),
    path("webhooks/", webhooks.index, name="webhooks"),
    path("webhooks/new/", webhooks.new, name="webhook-new"),
    path("webhooks/<uuid:identifier>/", webhooks.show, name="webhook"),
    path("webhooks/<uuid:identifier>/edit/", webhooks.edit, name="webhook-edit"),
    path("webhooks/<uuid:identifier>/test/", webhooks.test, name="webhook-test"),
    path("webhooks/<uuid:identifier>/delete/", webhooks.delete, name="webhook-delete"),
    path("webhooks/sent/<uuid:identifier>/again/", webhooks.again, name="webhook-again"),
    path("accounts/confirmed/", step_up.confirmed, name="confirmed"),
    path("accounts/sso/", oidc.start, name="sso"),
    path("accounts/sso/callback/", oidc.callback, name="sso-callback"),
    path("accounts/sso/logout/", oidc.back_channel, name="sso-logout"),
    path("reports/csp/", reports.refused, name="reports-csp"),
    path("healthz", system.healthz, name="healthz"),
    path("metrics", metrics.show, name="metrics"),
    path("readyz", system.readyz, name="readyz"),
]

handler400 = "dashboard.web.http.bad_request"
handler403 = "dashboard.web.refused.permission_denied"
handler500 = "dashboard.web.trail.server_error"
handler404 = "dashboard.web.http.not_found"
