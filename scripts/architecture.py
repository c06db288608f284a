"""The picture of the architecture and the list of its rules, made from the import contracts in pyproject.toml.

python -m scripts.architecture [check]     # writes docs/images/architecture.svg and the rules in docs/architecture.md
"""

import sys
import tomllib
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rules: written by scripts/architecture.py -->", "<!-- end of the rules -->"
WORDS = {
    "web": ("shows", "pages, and an API for scripts"),
    "management": ("commands", "manage.py up, doctor, backup …"),
    "jobs": ("runs in the background", "lock, call, report: each job a few lines"),
    "control": ("decides and acts", "ledger, permissions, policies, history, audit"),
    "fleet": ("knows what is there", "polls, rows, the filter language, this process's copy"),
    "ona": ("speaks", "calls, retries, paging, budget, one error tree"),
    "simulator": ("stands apart", "in the place of the API"),
}
"""Package → what it does, and what of."""
BESIDE = {"control": "PostgreSQL or SQLite", "fleet": "Redis or Valkey", "ona": "the Ona API"}
"""What a layer alone speaks with."""
SAID = (
    "Arrows are imports, one way only: each layer may use those below it.",
    "Contracts in pyproject.toml, checked by make check, hold the code to it.",
)
WIDTH, LEFT, HIGH, GAP, SPAN = 880, 20, 64, 30, 560
STYLE = """
.page{fill:#fff}
.box{fill:#fff;stroke:#8c959f}.out{fill:#f6f8fa;stroke:#8c959f;stroke-dasharray:4 3}.line{stroke:#57606a;fill:none}
.head{fill:#57606a}
text{font:13px system-ui,sans-serif;fill:#1f2328}.name{font-weight:600;font-size:15px}.of{fill:#57606a}
@media(prefers-color-scheme:dark){.page{fill:#0d1117}
.box{fill:#161b22;stroke:#6e7681}.out{fill:#0d1117;stroke:#6e7681}
.line{stroke:#9198a1}.head{fill:#9198a1}text{fill:#e6edf3}.of{fill:#9198a1}}
""".strip()


def contracts() -> list[dict[str, Any]]:
    """As import-linter reads them."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(written["tool"]["importlinter"]["contracts"])


def layers() -> list[list[str]]:
    """From the top: names of the packages of each layer."""
    [stack] = [one["layers"] for one in contracts() if one["type"] == "layers"]
    return [[name.strip().removeprefix("dashboard.") for name in layer.split(":")] for layer in stack]


def picture() -> str:
    """An SVG: a row a layer, arrows in the direction of imports, what stands beside in dashed boxes."""
    rows, parts = layers(), list[str]()
    for number, names in enumerate(rows):
        top = GAP + number * (HIGH + GAP)
        wide = (SPAN - GAP * (len(names) - 1)) // len(names)
        for place, name in enumerate(names):
            left = LEFT + place * (wide + GAP)
            parts.append(_box(name, left, top, wide))
            if number < len(rows) - 1:
                parts.append(_arrow(left + wide // 2, top + HIGH, top + HIGH + GAP))
        for name in names:
            if name in BESIDE:
                parts.append(_outside(BESIDE[name], top))
    bottom = GAP + len(rows) * (HIGH + GAP)
    parts.append(_box("simulator", LEFT + SPAN + 60, bottom, WIDTH - SPAN - 60 - 2 * LEFT))
    parts.append(
        f'<path class="line" stroke-dasharray="4 3" d="M{LEFT + SPAN + 160} {bottom - GAP - 10}v{GAP + 10}"/>'
    )
    for line, words in enumerate(SAID):
        parts.append(f'<text class="of" x="{LEFT}" y="{bottom + 26 + 20 * line}">{escape(words)}</text>')
    height = bottom + HIGH + GAP
    parts.insert(0, f'<rect class="page" width="{WIDTH}" height="{height}"/>')
    title = "Layers from the top: " + ", ".join(" and ".join(names) for names in rows)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
    return f'{head} aria-label="{escape(title)}">\n<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"


def _box(name: str, x: int, y: int, wide: int) -> str:
    does, of = WORDS[name]
    return (
        f'<rect class="box" x="{x}" y="{y}" width="{wide}" height="{HIGH}" rx="8"/>'
        f'<text x="{x + 14}" y="{y + 27}"><tspan class="name">{name}</tspan> {escape(does)}</text>'
        f'<text class="of" x="{x + 14}" y="{y + 48}">{escape(of)}</text>'
    )


def _outside(words: str, y: int) -> str:
    x, wide = LEFT + SPAN + 60, WIDTH - SPAN - 60 - 2 * LEFT
    return (
        f'<path class="line" d="M{LEFT + SPAN} {y + HIGH // 2}h60"/>'
        f'<rect class="out" x="{x}" y="{y + 10}" width="{wide}" height="{HIGH - 20}" rx="8"/>'
        f'<text x="{x + 14}" y="{y + 37}">{escape(words)}</text>'
    )


def _arrow(x: int, start: int, end: int) -> str:
    tip = f'<path class="head" d="M{x - 5} {end - 9}h10l-5 8z"/>'
    return f'<path class="line" d="M{x} {start}V{end - 8}"/>{tip}'


def rules() -> str:
    """The names of the contracts, as a list."""
    return "\n".join(f"- {one['name']}" for one in contracts())


def page(text: str) -> str:
    """`text` with the rules as they are now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{rules()}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    wanted = {PICTURE: picture(), PAGE: page(PAGE.read_text(encoding="utf-8"))}
    if arguments == ["check"]:
        stale = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
        print("\n".join(f"{name} is not current: python -m scripts.architecture" for name in stale))
        return int(bool(stale))
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
