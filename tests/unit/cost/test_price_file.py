"""The operator's prices over those that come with Parley."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from agent.cost.price_file import load_price_files
from agent.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    file = folder / "prices.toml"
    file.write_text(text)
    return file


def test_own_prices_go_over_the_bundled_ones_value_by_value(tmp_path: Path) -> None:
    """What the operator does not say stays as it is."""
    own = write(
        tmp_path,
        'date = 2026-12-01\n[models."gpt-4o-transcribe"]\ninput_mtok = 2.10\n[models.mine]\n'
        "audio_minute = 0\n[telephone]\nminute = 0.0085\n",
    )
    files = load_price_files(own)
    transcribe = files.models["gpt-4o-transcribe"]
    assert (transcribe.input_mtok, transcribe.audio_minute) == (Decimal("2.10"), Decimal("0.006"))
    assert files.models["mine"].audio_minute == 0
    assert files.telephone is not None
    assert files.telephone.minute == Decimal("0.0085")


def test_the_version_tells_a_corrected_file_from_the_one_before(tmp_path: Path) -> None:
    """Though it has the same date."""
    text = "date = 2026-12-01\n[models.mine]\naudio_minute = "
    first = load_price_files(write(tmp_path, text + "0.1")).version
    second = load_price_files(write(tmp_path, text + "0.2")).version
    assert first.startswith("parley 20")
    assert "own 2026-12-01" in first
    assert first != second


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """By place, so that they can be corrected in one go."""
    own = write(
        tmp_path,
        "[models.a]\ninput_mtok = -1\n[models.b]\noutput = 3\n[models.c]\n"
        '[telephone]\nminute = "x"\n',
    )
    with pytest.raises(SettingsError) as refused:
        load_price_files(own)
    told = "\n".join(refused.value.faults)
    for place in ("date", "models.a.input_mtok", "models.b.output", "models.c", "telephone.minute"):
        assert f"PARLEY_PRICES_FILE: prices.toml: {place}: " in told


@pytest.mark.parametrize("text", ["this is no TOML", "date = 2026-13-45"])
def test_a_file_that_is_no_toml_is_a_fault(tmp_path: Path, text: str) -> None:
    """As is one that is not there."""
    with pytest.raises(SettingsError, match="PARLEY_PRICES_FILE"):
        load_price_files(write(tmp_path, text))
    with pytest.raises(SettingsError, match="PARLEY_PRICES_FILE"):
        load_price_files(tmp_path / "nowhere.toml")
