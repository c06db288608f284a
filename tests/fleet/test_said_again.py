"""Sentences that were kept as English text are said in the language of whoever reads them, and nothing else is."""

from itertools import chain, zip_longest

import pytest
from django.utils import translation

from dashboard.fleet.said_again import NUMBERS, made_of, templates
from dashboard.fleet.sentences import counted_sentence, joined, looked_up, number, sentence
from dashboard.ona.send import rules


@pytest.mark.parametrize(
    ("kept", "german"),
    [
        ("ada cancelled the rest of the batch", "ada hat den Rest des Stapels abgebrochen"),
        ("it is no longer there", "sie ist nicht mehr da"),
        ("Would have stopped 3, kept 40", "Hätte 3 gestoppt, 40 behalten"),
        ("Kept everything: its window is closed", "Alles behalten: ihr Fenster ist geschlossen"),
        (
            "2 services read “odd”, a phase that this version does not know; it is shown as it came.",
            "2 Dienste haben „odd“, eine Phase, die diese Version nicht kennt; sie wird gezeigt, wie sie kam.",
        ),
        ("no space left on device", "no space left on device"),
        ("it is broken beyond repair", "it is broken beyond repair"),
        ("Stop cancelled the rest of the batch", "Stop hat den Rest des Stapels abgebrochen"),
    ],
)
def test_what_is_kept_is_said_again_and_a_name_or_anothers_words_stay(kept: str, german: str) -> None:
    assert looked_up(kept) == kept
    with translation.override("de"):
        assert looked_up(kept) == german


def test_every_template_knows_its_own_sentences() -> None:
    for template in templates():
        values = ["7" if name in NUMBERS else f"v{place}" for place, name in enumerate(template.names)]
        words = "".join(chain.from_iterable(zip_longest(template.between, values, fillvalue="")))
        found = made_of(words)
        assert found is not None, words
        assert list(found[1].values()) == values, words


def test_a_long_text_that_fits_nothing_costs_little() -> None:
    assert made_of("it is " * 300) is None
    assert made_of("it is " * 3_000) is None


def test_a_rule_of_the_api_is_said_in_the_language_of_the_form() -> None:
    broken = rules.length(1, 80)("")
    assert (broken, looked_up(broken)) == ("must have 1 to 80 characters",) * 2
    with translation.override("de"):
        assert looked_up(broken) == "muss 1 bis 80 Zeichen haben"
        assert looked_up(joined("; ", (broken, sentence("did you mean “{near}”?", near="x")))) == (
            "muss 1 bis 80 Zeichen haben; „x“ gemeint?"
        )
        assert number(12_345).said() == "12.345"
    assert counted_sentence("{many} row", "{many} rows", 2, many=number(2)) == "2 rows"
