"""`scripts/build-client` where npm is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.web.test_process import ROOT

TOOLS = ("bash", "cat", "dirname", "env", "find", "sha256sum", "sort", "xargs")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the page's sources, and a `bin` folder of everything the script needs but npm."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "build-client", tmp_path / "scripts")
    client = Path("agent/web/client")
    shutil.copytree(ROOT / client, tmp_path / client, ignore=shutil.ignore_patterns("node_modules"))
    return tmp_path


def build(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "scripts" / "build-client"],
        env={"PATH": str(checkout / "bin")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_npm_it_says_what_to_install(checkout: Path) -> None:
    """A machine without npm gets the reason and the package, not a shell's error."""
    run = build(checkout)
    assert run.returncode == 1
    assert "npm is missing" in run.stderr
    assert "apt-get install nodejs npm" in run.stderr


def test_a_page_built_from_these_sources_is_left_alone(checkout: Path) -> None:
    """What is up to date is not built again, so no npm is needed; a changed source is noticed."""
    shutil.copytree(ROOT / "agent/web/static", checkout / "agent/web/static")
    assert build(checkout).stdout == "The page is up to date.\n"
    words = checkout / "agent/web/client/src/words.ts"
    words.write_text(words.read_text() + "\n")
    assert build(checkout).returncode == 1
