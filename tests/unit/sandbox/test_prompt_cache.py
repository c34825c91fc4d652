"""What the sandbox's chat endpoint tells of its prompt cache."""

from __future__ import annotations

from agent.sandbox.prompt_cache import PromptCache

LONG = "word " * 1_100


def test_a_conversation_that_goes_on_is_found_in_whole_blocks() -> None:
    """1,100 words were read before: eight blocks of 128."""
    cache = PromptCache()
    assert cache.read([LONG, "first question"]) == 0
    assert cache.read([LONG, "another question"]) == 1024


def test_what_differs_at_its_beginning_is_read_anew() -> None:
    """However much is the same after that; so are short prompts."""
    cache = PromptCache()
    cache.read(["short", LONG])
    assert cache.read(["other", LONG]) == 0
    assert cache.read(["short"]) == 0
