"""Real parts for every test that makes a call: each program is started once a test run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.caller.driver import Caller
from tests.caller.processes import PROJECT, Child
from tests.caller.stack import LiveKitServer, Page, SandboxProvider, Stack, Worker
from tests.postgres import PostgresServer, postgres_programs

BUNDLED_PERSONAS = PROJECT / "agent/personas/bundled"
BRIEFLY = "How can I help you?"

# What an example takes says more of the machine than of the code; tests that are about time measure
# it themselves.
hypothesis.settings.register_profile("parley", deadline=None)
hypothesis.settings.load_profile("parley")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./scripts/test --each-pipeline tests/integration`."""
    parser.addoption(
        "--each-pipeline",
        action="store_true",
        help="try every whole call in both pipelines, also what both give to the same code",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last log lines of the programs that a failed test used."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, Child):
                report.sections.append((f"log of {name}", value.tail()))
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs of this test run keep their logs."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def livekit_server(run_folder: Path) -> Iterator[LiveKitServer]:
    """A LiveKit server on loopback."""
    with LiveKitServer(run_folder) as server:
        yield server


@pytest.fixture(scope="session")
def sandbox_process(run_folder: Path) -> Iterator[SandboxProvider]:
    """The sandbox provider; tests take `provider`, which clears its script."""
    with SandboxProvider(run_folder) as sandbox:
        yield sandbox


@pytest.fixture
def provider(sandbox_process: SandboxProvider) -> Iterator[SandboxProvider]:
    """The sandbox provider with no script; what a test plays ends with it."""
    sandbox_process.play()
    yield sandbox_process
    sandbox_process.play()


@pytest.fixture(scope="session")
def brief(run_folder: Path) -> Path:
    """A folder with the bundled personas, who greet in five words: tests of what comes after the
    greeting wait less.
    """
    folder = run_folder / "brief"
    shutil.copytree(BUNDLED_PERSONAS, folder)
    for file in folder.glob("*.toml"):
        text = re.sub(r'^en = "Hello, .*"$', f'en = "{BRIEFLY}"', file.read_text(), flags=re.M)
        file.write_text(text)
    return folder


@pytest.fixture(scope="session")
def worker(
    run_folder: Path, livekit_server: LiveKitServer, sandbox_process: SandboxProvider, brief: Path
) -> Iterator[Worker]:
    """Parley's worker, registered; job metadata switches its pipeline."""
    env = {**livekit_server.env, **sandbox_process.env, "PARLEY_PERSONAS_DIR": str(brief)}
    with Worker(run_folder, env) as worker:
        worker.wait_until_registered()
        yield worker


@pytest.fixture(scope="session")
def page(run_folder: Path, livekit_server: LiveKitServer, worker: Worker) -> Iterator[Page]:
    """The page and the token endpoint, which lets nobody in whom this worker would not answer."""
    checked = {"PARLEY_CHECK_WORKERS": "true", "PARLEY_DATABASE_URL": worker.database_url}
    with Page(run_folder, {**livekit_server.env, **checked}) as page:
        yield page


@pytest.fixture
def stack(
    livekit_server: LiveKitServer, provider: SandboxProvider, worker: Worker, page: Page
) -> Stack:
    """Everything a browser needs: open `stack.page_url`."""
    return Stack(livekit_server, provider, worker, page)


@pytest.fixture
def caller(livekit_server: LiveKitServer, provider: SandboxProvider, worker: Worker) -> Caller:
    """Someone who calls Parley's worker."""
    return Caller(livekit_server.url, logs=[worker, provider])
