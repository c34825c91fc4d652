"""What is written about the business, as it is given to the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.call.knowledge import Passage
from agent.errors import ToolError
from tests.fakes.answers import FakeKnowledge
from tests.fakes.business import business_call
from tools.knowledge import search_knowledge


async def test_passages_come_with_their_headings() -> None:
    """A passage alone may not say what it is about."""
    call = business_call()
    returns = Passage("Returns: Opened parcels", "They can be sent back within thirty days.")
    call.services = replace(call.services, knowledge=FakeKnowledge({"parcel": returns}))
    said = await search_knowledge.run(call, {"question": "return an opened parcel"})
    assert said == "Returns: Opened parcels\nThey can be sent back within thirty days."


async def test_what_is_not_written_is_not_made_up() -> None:
    """The model is told to say so, and what to offer."""
    call = business_call()
    call.services = replace(call.services, knowledge=FakeKnowledge())
    with pytest.raises(ToolError, match="Nothing is written about that"):
        await search_knowledge.run(call, {"question": "the meaning of life"})


def test_documents_count_as_data() -> None:
    """A sentence in a document is no instruction to the model."""
    assert search_knowledge.policy.outside
