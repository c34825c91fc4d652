"""`scripts/install-livekit-server`, with small stand-ins for the programs on PATH."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "install-livekit-server"
SERVER = "#!/bin/sh\necho livekit-server version {version}\n"
# Does what `go install` does as far as the script can see: a program named after the folder.
GO = """#!/bin/sh
case "$1" in
  version) echo "go version go{go} linux/amd64" ;;
  install)
    echo "$2" >>"{log}"
    printf '#!/bin/sh\\necho livekit-server version {built}\\n' >"$GOBIN/server"
    chmod +x "$GOBIN/server"
    exit {status} ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A project folder and a PATH of its own."""

    project: Path
    bin: Path

    @property
    def ours(self) -> Path:
        return self.project / ".tools" / "bin" / "livekit-server"

    @property
    def log(self) -> Path:
        return self.project / "go.log"

    def add(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def add_go(self, *, go: str = "1.26.0", built: str = "1.13.5", status: int = 0) -> None:
        self.add(self.bin / "go", GO.format(go=go, built=built, status=status, log=self.log))

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self.project / "scripts" / SCRIPT.name), *arguments],
            env={"PATH": str(self.bin), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with the usual tools of a shell, but neither Go nor a LiveKit server."""
    project, programs = tmp_path / "project", tmp_path / "bin"
    (project / "scripts").mkdir(parents=True)
    programs.mkdir()
    shutil.copy2(SCRIPT, project / "scripts")
    for name in ("bash", "env", "sh", "dirname", "mkdir", "mktemp", "mv", "rm", "chmod"):
        (programs / name).symlink_to(shutil.which(name) or name)
    return Machine(project, programs)


def test_a_new_enough_server_on_path_is_used(machine: Machine) -> None:
    """A later version on PATH is taken, and nothing is built."""
    machine.add(machine.bin / "livekit-server", SERVER.format(version="1.14.0"))
    machine.add_go()
    done = machine.run()
    assert done.stdout.splitlines()[-1] == str(machine.bin / "livekit-server")
    assert not machine.log.exists()


def test_an_old_server_on_path_is_passed_over(machine: Machine) -> None:
    """1.9.12 is older than 1.13.5, though it sorts after it as text."""
    machine.add(machine.bin / "livekit-server", SERVER.format(version="1.9.12"))
    machine.add_go()
    done = machine.run()
    assert done.stdout.splitlines()[-1] == str(machine.ours)
    assert machine.log.read_text().endswith("cmd/server@v1.13.5\n")


def test_what_was_built_once_is_not_built_again(machine: Machine) -> None:
    """The second run finds the first one's server."""
    machine.add_go()
    assert machine.run().returncode == 0
    assert machine.run().stdout.splitlines() == [str(machine.ours)]
    assert len(machine.log.read_text().splitlines()) == 1


def test_print_path_builds_nothing(machine: Machine) -> None:
    """With --print-path a missing server is an error, even where Go could build it."""
    machine.add_go()
    done = machine.run("--print-path")
    assert done.returncode == 1
    assert done.stdout == ""
    assert not machine.log.exists()


@pytest.mark.parametrize("go", [None, "1.20.14"])
def test_without_a_usable_go_the_ways_to_get_it_are_told(machine: Machine, go: str | None) -> None:
    """No Go, or one that cannot fetch a newer Go: the official ways are listed."""
    if go is not None:
        machine.add_go(go=go)
    done = machine.run()
    assert done.returncode == 1
    assert "brew install livekit" in done.stderr
    assert "LIVEKIT_URL" in done.stderr


def test_a_failed_build_leaves_nothing_behind(machine: Machine) -> None:
    """When `go install` fails, the ways are told and no half-made server or folder remains."""
    machine.add_go(status=1)
    done = machine.run()
    assert done.returncode == 1
    assert "get.livekit.io" in done.stderr
    assert not machine.ours.exists()
    assert [path.name for path in (machine.project / ".tools").iterdir()] == ["bin"]


def test_unknown_arguments_are_refused(machine: Machine) -> None:
    """A misspelt option builds nothing."""
    machine.add_go()
    assert machine.run("--print-paht").returncode == 2
    assert not machine.log.exists()
