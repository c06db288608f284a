"""Pages cut into items without reading them: what came before byte for byte is not read again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.ona.environments import LISTED

SECRETS = [{"id": "01900000-0000-7000-8000-000000000001", "name": 'x},{"id":"y","metadata":{'}]


def item(number, **more):
    identifier = f"01900000-0000-7000-8000-{number:012d}"
    return {"id": identifier, "metadata": {"name": f"n{number}"}, "spec": {"secrets": SECRETS}, **more}


def body(items, token="", first=False, **more):
    pagination = {"pagination": {"nextToken": token} if token else {}}
    listed = {"environments": items, **more}
    document = pagination | listed if first else listed | pagination
    return json.dumps(document, separators=(",", ":")).encode()


class Known(dict):
    """Remembers what it is given and counts what is asked for."""

    def take(self, decoded):
        self.update({digest: one.id for digest, one in zip(decoded.digests, decoded.items, strict=True)})
        return decoded


@pytest.mark.parametrize("first", [False, True], ids=["pagination last", "pagination first"])
def test_only_what_is_new_is_read(first):
    known = Known()
    items = [item(number) for number in range(5)]
    page = known.take(LISTED.decode(body(items, "t", first), known.get))
    assert [one.id for one in page.items] == [one["id"] for one in items]
    assert page.next_token == "t"
    items[2]["metadata"]["name"] = "another"
    again = LISTED.decode(body(items, "", first), known.get)
    assert [one.metadata.name for one in again.items] == ["another"]
    assert again.recalled == [one["id"] for place, one in enumerate(items) if place != 2]
    assert again.order == [one["id"] if place != 2 else None for place, one in enumerate(items)]
    assert again.next_token == ""


@pytest.mark.parametrize(
    "text",
    [
        b'{"environments":[],"pagination":{}}',
        b'{"pagination":{}}',
        b"{}",
        b'{ "environments" : [ {"id":"a"} ] }',
        b'{"environments":[{"metadata":{},"id":"a"},{"metadata":{},"id":"b"}],"pagination":{}}',
        b'{"environments":[{"id":"a","metadata":{}},{"id":"b","metadata":{}}],"count":{"value":2}}',
        b'{"environments":[{"id":"a","metadata":{}},{"id":"b","metadata":{}},7],"pagination":{}}',
        b'{"environments":[{"id":"a","metadata":{}},{"id":["b"],"metadata":{}}],"pagination":{}}',
    ],
)
def test_a_page_written_in_another_way_reads_the_same_as_without_a_memory(text):
    known = Known()
    for _ in range(2):
        page, plain = LISTED.decode(text, known.get), LISTED.decode(text)
        ids = {one.id for one in page.items} | set(page.recalled)
        assert ids == {one.id for one in plain.items}
        assert page.skipped == plain.skipped
        assert page.next_token == plain.next_token
        if page.digests:
            known.take(page)


def test_a_page_in_another_form_says_that_it_was_read_twice():
    known = Known()
    good = body([item(number) for number in range(3)])
    odd = (
        json.dumps(json.loads(good)).encode(),  # with spaces
        body([item(1, spec={"specVersion": 7})]),  # a number that should be a text
        body([item(1), 7]),
    )
    assert [LISTED.decode(one, known.get).twice for one in (good, *odd)] == [False, True, True, True]
    known.take(LISTED.decode(good, known.get))
    for quick in (good, body([]), b"{}"):
        assert not LISTED.decode(quick, known.get).twice
    assert not LISTED.decode(odd[0]).twice  # the models were asked for


@given(st.lists(st.text(), min_size=1, max_size=6), st.booleans())
def test_no_name_makes_a_page_read_otherwise(names, first):
    items = [item(number, metadata={"name": name}) for number, name in enumerate(names)]
    text, known = body(items, "t", first), Known()
    plain = LISTED.decode(text)
    page = LISTED.decode(text, known.get)
    assert [(one.id, one.metadata.name) for one in page.items] == [
        (one.id, one.metadata.name) for one in plain.items
    ]
    if page.digests:
        known.take(page)
        assert LISTED.decode(text, known.get).recalled == [one.id for one in plain.items]


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_page_that_is_cut_short_is_refused_as_ever(cut):
    known = Known()
    text = body([item(number) for number in range(3)], "t")
    known.take(LISTED.decode(text, known.get))
    with pytest.raises(Exception, match="JSON"):
        LISTED.decode(text[:-cut], known.get)
