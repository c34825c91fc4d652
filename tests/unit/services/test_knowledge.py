"""Documents that callers ask about."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.call.knowledge import Passage
from agent.errors import SettingsError
from agent.services.knowledge import Knowledge, read_passages
from agent.services.passages import MOST_CHARS, passages_of

DOCUMENT = """
Before any heading.

# Delivery
Takes **two** to three days, see [our page](https://example.com/delivery).

## To other countries
- Five to seven days.
- It costs _twelve_ euros.

```
# not a heading
```

# Returns
Within thirty days.
"""


_KNOWLEDGE = Knowledge(read_passages(None))


def passages(markdown: str) -> list[Passage]:
    """All of a document."""
    return list(passages_of(markdown, name="Notes"))


def test_a_document_is_cut_at_its_headings() -> None:
    """A passage knows what it stands under, and is plain text."""
    assert passages(DOCUMENT) == [
        Passage("Notes", "Before any heading."),
        Passage("Delivery", "Takes two to three days, see our page."),
        Passage(
            "Delivery: To other countries",
            "Five to seven days. It costs twelve euros. # not a heading",
        ),
        Passage("Returns", "Within thirty days."),
    ]


@given(st.lists(st.text(alphabet="abc .#*_`[]()\n", max_size=2000), max_size=4))
def test_any_text_gives_passages_that_can_be_read_out(parts: list[str]) -> None:
    """None empty, none too long, whatever the Markdown."""
    for passage in passages("\n".join(parts)):
        assert passage.title
        assert 0 < len(passage.text) <= MOST_CHARS


@given(st.lists(st.text(alphabet="abcde", min_size=1, max_size=30), min_size=1, max_size=300))
def test_a_long_text_is_cut_and_nothing_of_it_lost(words: list[str]) -> None:
    """Word by word it is still there, in its order."""
    found = passages("# Title\n" + " ".join(words))
    assert " ".join(passage.text for passage in found).split() == words


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How long does delivery take?", "Delivery: How long it takes"),
        ("can I return an opened box", "Returns and warranty: Returning something"),
        ("do you deliver to Norway", "Delivery: To other countries"),
        ("my kettle is broken", "Returns and warranty: Something is broken"),
        ("where can I park my car", "The shop: Where we are"),
    ],
)
async def test_questions_find_their_passage(question: str, title: str) -> None:
    """In a caller's words, which are rarely those of the document."""
    found = await _KNOWLEDGE.search(question)
    assert found[0].title == title


async def test_no_more_than_asked_for_is_found() -> None:
    """A model that reads everything answers badly."""
    assert len(await _KNOWLEDGE.search("order parcel delivery euros", limit=2)) == 2


async def test_what_is_not_written_is_not_found() -> None:
    """Words that every question has do not count."""
    assert not await _KNOWLEDGE.search("what is the meaning of philosophy")


@given(question=st.text(max_size=200))
async def test_nothing_in_a_question_is_syntax(question: str) -> None:
    """Quotes, operators, columns and stars are words or nothing."""
    await _KNOWLEDGE.search(question)


@pytest.mark.parametrize(
    "question", ['" OR 1', "title: delivery NOT", "NEAR(a b)", "deliv*", "a AND", "-x", "_", "^"]
)
async def test_search_syntax_is_harmless(question: str) -> None:
    """The same, where it is known to hurt."""
    await _KNOWLEDGE.search(question)


async def test_a_folder_is_read_with_the_folders_in_it(tmp_path: Path) -> None:
    """Other files are left alone; a file without headings goes by its name."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "gift-cards.md").write_text("They are valid for three years.")
    (tmp_path / "notes.txt").write_text("gift cards are a secret")
    with closing(Knowledge(read_passages(tmp_path))) as knowledge:
        found = await knowledge.search("gift cards")
    assert found == (Passage("Gift cards", "They are valid for three years."),)


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    """Rather than found out in a call."""
    with pytest.raises(SettingsError, match="PARLEY_KNOWLEDGE_DIR"):
        read_passages(tmp_path)
    with pytest.raises(SettingsError, match="PARLEY_KNOWLEDGE_DIR"):
        read_passages(tmp_path / "missing")


def test_all_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """At once, by their names."""
    (tmp_path / "a.md").write_bytes(b"\xff\xfe")
    (tmp_path / "b.md").write_bytes(b"\xff")
    with pytest.raises(SettingsError) as refused:
        read_passages(tmp_path)
    assert len(refused.value.faults) == 2
