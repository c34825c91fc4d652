"""What is kept encrypted, and how its keys are changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SealingError, SettingsError
from agent.records.sealing import Sealing, new_key

OLD, NEW = new_key(), new_key()


@given(st.text(), st.booleans())
def test_what_was_sealed_can_be_read(text: str, with_keys: bool) -> None:
    """Whatever it says, with keys and without."""
    sealing = Sealing([OLD] if with_keys else [])
    assert sealing.unseal(sealing.seal(text)) == text


def test_nothing_of_the_text_is_kept() -> None:
    """Nor is the same text kept the same way twice."""
    sealing = Sealing([OLD])
    kept = sealing.seal("My canary sings.")
    assert "canary" not in kept
    assert kept != sealing.seal("My canary sings.")


def test_a_new_key_in_front_seals_and_the_old_one_opens_still() -> None:
    """So that a worker may be given its new key at any moment."""
    kept = Sealing([OLD]).seal("Hello.")
    both = Sealing([NEW, OLD])
    assert both.unseal(kept) == "Hello."
    assert Sealing([NEW]).unseal(both.seal("Good morning.")) == "Good morning."


def test_rotation_makes_the_old_key_needless() -> None:
    """What is current stays as it is, so that a rotation which broke off goes on where it was."""
    both = Sealing([NEW, OLD])
    kept = Sealing([OLD]).seal("Hello.")
    assert not both.is_current(kept)
    rotated = both.rotate(kept)
    assert both.is_current(rotated)
    assert both.rotate(rotated) == rotated
    assert Sealing([NEW]).unseal(rotated) == "Hello."


def test_rotation_seals_what_was_kept_before_there_were_keys() -> None:
    """And what was plain can be read until then."""
    sealing = Sealing([NEW])
    assert sealing.unseal("Hello.") == "Hello."
    assert sealing.unseal(sealing.rotate("Hello.")) == "Hello."
    assert "Hello" not in sealing.rotate("Hello.")


def test_a_caller_who_types_the_mark_breaks_nothing() -> None:
    """What only looks sealed is kept and read as it was said."""
    plain = Sealing()
    for said in ("sealed:abc", "plain:abc"):
        kept = plain.seal(said)
        assert plain.unseal(kept) == said
        assert Sealing([NEW]).unseal(kept) == said


def test_audio_is_sealed_as_well() -> None:
    """And is as it was without keys."""
    audio = b"OggS\x00\xff"
    assert Sealing().seal_bytes(audio) == audio
    kept = Sealing([OLD]).seal_bytes(audio)
    assert audio not in kept
    assert Sealing([NEW, OLD]).unseal_bytes(kept) == audio


def test_a_missing_key_is_told() -> None:
    """By what the operator must do, and never by a traceback of the cipher."""
    kept = Sealing([OLD]).seal("Hello.")
    with pytest.raises(SealingError, match="put back the one"):
        Sealing([NEW]).unseal(kept)
    with pytest.raises(SealingError, match="PARLEY_RECORDS_KEYS has no key"):
        Sealing().unseal(kept)


def test_bad_keys_are_told_by_their_place() -> None:
    """All of them, and none of their values."""
    with pytest.raises(SettingsError) as caught:
        Sealing([OLD, "hunter2", "ключ", NEW])
    assert "key 2 of 4" in str(caught.value)
    assert "key 3 of 4" in str(caught.value)
    assert "hunter2" not in str(caught.value)
