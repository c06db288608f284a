"""The picture of the architecture says what the import contracts say."""

from pathlib import Path

from scripts import architecture

ROOT = Path(__file__).parent.parent


def test_the_picture_and_the_rules_are_current() -> None:
    assert architecture.main(["check"]) == 0, "python -m scripts.architecture"


def test_every_layer_is_drawn_and_every_rule_is_told() -> None:
    picture, page = architecture.picture(), architecture.PAGE.read_text(encoding="utf-8")
    for name in (*(name for names in architecture.layers() for name in names), "simulator"):
        assert f">{name}</tspan>" in picture
        assert (ROOT / "dashboard" / name).is_dir()
    for contract in architecture.contracts():
        assert f"- {contract['name']}\n" in page
