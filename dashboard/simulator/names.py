"""Words for believable people, branches and texts. All of them are made up."""

from random import Random


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OPERATOR = ("Oda Perera", "operator@example.com")

_FIRST = _words(
    "Aiko Amara Anders Anouk Ayşe Bongani Chiara Chidi Daan Dalia Eero Eszter Farid Femke Goran Hana Ingrid "
    "Ioana Ivo Jamal João Kaito Katya Lakshmi Lars Leïla Lucía Mahmoud Małgorzata Mateo Mei Minh Nadia Naveen "
    "Niamh Nour Olumide Paulina Priya Quentin Rasmus Renata Rohan Sanna Selim Siobhán Soo-jin Tomás Ulrika "
    "Valentina Wanjiru Xin Yara Yusuf Zofia"
)
_LAST = _words(
    "Abara Almeida Andersson Bakker Bergström Björk Castellanos Chen Dlamini Eriksen Fekete Fernando García "
    "Haddad Horvat Ibrahim Ishikawa Jansen Kamau Kowalska Laurent Lindqvist Mbeki Moreau Nakamura Ncube Nguyen "
    "Novák O'Brien Okafor Oliveira Park Petrov Popescu Quispe Rahman Rossi Sato Silva Sørensen Tanaka Toivonen "
    "Ueda Varga Virtanen Wójcik Xu Yamamoto Yildirim Zhang"
)
_PLAIN = str.maketrans(
    "áàâäãåçéèêëíìîïñóòôöõøśşúùûüýžłńáıźćęąğőÁÀÂÄÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŚŞÚÙÛÜÝŽŁŃ",
    "aaaaaaceeeeiiiinoooooossuuuuyzlnaizceagoAAAAAACEEEEIIIINOOOOOOSSUUUUYZLN",
)

_TOPICS = _words(
    "retry-backoff invoice-export dark-mode oauth-refresh flaky-e2e cache-headers rate-limits onboarding "
    "pagination csv-import webhooks search-index audit-trail feature-flags upgrade-node slow-queries "
    "image-resize a11y-labels timezone-bug bulk-edit session-expiry metrics-labels helm-values docs-typos"
)
_KINDS = ("feat", "fix", "chore", "spike", "refactor")
_NICKNAMES = (
    "checkout rewrite",
    "demo for Thursday",
    "perf investigation",
    "incident follow-up",
    "pairing box",
    "release candidate",
    "scratch",
    "data backfill",
    "load test",
    "design review",
)
ODD_NAMES = (
    '<script>alert(1)</script> & "co"',
    "an environment whose name is exactly as long as a name may be: eighty characters",
    "بيئة التطوير 🚀 \u200f(RTL)",
)

COMMIT_SUBJECTS = (
    "Retry uploads with a growing delay",
    "Split the settings page in two",
    "Remove the unused feature flag",
    "Bump the base image",
    "Fix off-by-one in pagination",
    "Add a test for empty carts",
    "WIP",
    "Address review comments",
)
FILES = (
    "src/api/handlers.py",
    "src/ui/Table.tsx",
    "README.md",
    "db/migrations/0042_index.sql",
    "package-lock.json",
    "tests/test_checkout.py",
    "internal/billing/invoice.go",
    ".ona/automations.yaml",
)
START_FAILURES = (
    "failed to pull the dev container image: manifest unknown",
    "machine did not become ready within 10m0s",
    "cannot clone repository: authentication required",
    "no capacity for the requested machine class in this zone",
)
DEVCONTAINER_FAILURE = "postCreateCommand failed with exit code 1: npm ERR! peer dependency conflict"
WARNINGS = (
    "dotfiles installation failed; the environment works without them",
    "the automations file defines no triggers",
    "disk usage above 85 %",
)
SOURCES = ("VS Code", "SSH connections", "Dashboard Terminal", "JetBrains", "Cursor", "Agent")


def people(total: int, rng: Random) -> list[tuple[str, str]]:
    """`total` different (full name, e-mail) pairs, the operator first."""
    pairs = [(first, last) for first in _FIRST for last in _LAST]
    chosen = rng.sample(pairs, min(total - 1, len(pairs)))
    return [OPERATOR, *((f"{first} {last}", _email(first, last)) for first, last in chosen)]


def _email(first: str, last: str) -> str:
    plain = f"{first}.{last}".translate(_PLAIN).lower()
    return "".join(letter for letter in plain if letter.isascii() and letter != "'") + "@example.com"


def branch(rng: Random) -> str:
    """A branch name; every fourth is main."""
    if rng.random() < 0.25:
        return "main"
    return f"{rng.choice(_KINDS)}/{rng.choice(_TOPICS)}"


def nickname(rng: Random) -> str:
    """What people call an environment; mostly nothing at all, as on the platform."""
    return rng.choice(_NICKNAMES) if rng.random() < 0.35 else ""


def context_url(repository: str, branch: str) -> str:
    """The address that an environment was created from."""
    return repository.removesuffix(".git") + f"/tree/{branch}"
