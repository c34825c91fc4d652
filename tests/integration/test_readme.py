"""What the README says about tools and personas, done as it says."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from pathlib import Path

from tests.caller.processes import PROJECT
from tests.caller.stack import SandboxProvider

ASK = """
import asyncio, os, pathlib
from tests.behaviour.conversation import talk_with, text_settings

async def main():
    folder = pathlib.Path("personas")
    settings = text_settings(
        {name: os.environ[name] for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY")},
        pathlib.Path("."), PARLEY_PERSONAS_DIR=str(folder),
    )
    async with talk_with("valet", settings) as conversation:
        await conversation.says("How many parking spaces are free at the north entrance?")
        print(conversation.last_words())

asyncio.run(main())
"""


def blocks(kind: str) -> dict[str, str]:
    """The README's code blocks of a kind, by what their first line says."""
    readme = (PROJECT / "README.md").read_text("utf-8")
    found = re.findall(rf"^```{kind}\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    return {text.partition("\n")[0].strip("#<!-> "): text for text in found}


def follow_readme(folder: Path) -> None:
    """A copy of the tools with the README's tool in it, and its persona beside them."""
    shutil.copytree(PROJECT / "tools", folder / "tools")
    for package in ("agent", "tests"):
        (folder / package).symlink_to(PROJECT / package)
    personas = folder / "personas"
    personas.mkdir()
    (folder / "tools/parking.py").write_text(blocks("python")["tools/parking.py"])
    (personas / "valet.toml").write_text(blocks("toml")["valet.toml"])
    (personas / "valet.md").write_text(blocks("markdown")["valet.md"])
    catalogue = folder / "tools/catalogue.py"
    text = catalogue.read_text("utf-8")
    (patch,) = blocks("diff").values()
    for context, added in re.findall(r"^ (.+)\n\+(.+)$", patch, re.MULTILINE):
        assert text.count(context) == 1
        text = text.replace(context, f"{context}\n{added}")
    catalogue.write_text(text)


async def test_a_tool_and_a_persona_as_the_readme_shows_them(
    tmp_path: Path, provider: SandboxProvider
) -> None:
    """One file and its line in the catalogue, one TOML and one Markdown file: the caller gets an
    answer.
    """
    follow_readme(tmp_path)
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ASK),
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **provider.env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, trouble = await asyncio.wait_for(asking.communicate(), 60)
    assert said.decode().strip() == "12 parking spaces are free at the north entrance.", (
        trouble.decode()
    )
