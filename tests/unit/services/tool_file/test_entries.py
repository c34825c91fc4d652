"""The operator's file of tools, read and checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.errors import SettingsError
from agent.services.tool_file import ToolFile, load_tool_file
from agent.settings import ToolFileSettings

GOOD = """
allow_hosts = ["api.example.com", "127.0.0.1:8080"]

[[http]]
name = "stock_of"
description = "How many pieces of a product there are."
url = "https://api.example.com/products/{product}/stock"
answer = "result.0.text"
headers.Authorization = "Bearer ${PARLEY_SECRET_SHOP_KEY}"
[http.parameters]
type = "object"
required = ["product"]
properties.product = { type = "string", description = "The product." }

[[http]]
name = "order_again"
description = "Order the same again."
method = "POST"
url = "http://127.0.0.1:8080/orders"
changes = true
access = "verified"
confirm = "Shall I order the same again?"
from_call = { customer = "caller.customer" }

[[mcp]]
name = "contacts"
command = ["python", "contacts.py"]
env = { CONTACTS_KEY = "${PARLEY_SECRET_CONTACTS}" }
[mcp.tools.find_contact]
access = "staff"
"""

SECRETS = {
    "PARLEY_SECRET_SHOP_KEY": SecretStr("s3cret"),
    "PARLEY_SECRET_CONTACTS": SecretStr("t0ken"),
}


def load(folder: Path, text: str, **options: object) -> ToolFile:
    """The file of this text."""
    file = folder / "tools.toml"
    file.write_text(text)
    return load_tool_file(ToolFileSettings(file=file, secrets=SECRETS), **options)  # type: ignore[arg-type]


def faults_of(folder: Path, text: str, **options: object) -> list[str]:
    """What is wrong with it, without the variable's name."""
    with pytest.raises(SettingsError) as refused:
        load(folder, text, **options)
    assert all(fault.startswith("PARLEY_TOOLS_FILE: ") for fault in refused.value.faults)
    return [fault.removeprefix("PARLEY_TOOLS_FILE: ") for fault in refused.value.faults]


def http(**fields: str) -> str:
    """An entry with these fields instead of good ones, as they are written in TOML."""
    entry = {
        "name": '"look_up"',
        "description": '"Look something up."',
        "url": '"https://api.example.com/x"',
        **fields,
    }
    lines = (f"{name} = {value}" for name, value in entry.items())
    return 'allow_hosts = ["api.example.com"]\n[[http]]\n' + "\n".join(lines)


def test_secrets_are_put_in_and_names_are_known(tmp_path: Path) -> None:
    """A persona can be checked against the names before any server is started."""
    file = load(tmp_path, GOOD)
    assert file.names == ("stock_of", "order_again", "find_contact")
    assert file.http[0].headers == {"Authorization": "Bearer s3cret"}
    assert file.mcp[0].env == {"CONTACTS_KEY": "t0ken"}


def test_without_a_file_there_are_no_tools() -> None:
    """Which is how Parley comes."""
    assert load_tool_file(ToolFileSettings()).names == ()


def test_only_a_request_without_effects_may_be_repeated_unless_said_so(tmp_path: Path) -> None:
    """A GET may; a POST may when the operator knows it to be idempotent."""
    file = load(tmp_path, GOOD)
    assert [entry.may_be_repeated for entry in file.http] == [True, False]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[http]", "is not TOML: "),
        (http(name='"Look Up"'), 'http "Look Up": name: '),
        (http(method='"BREW"'), 'http "look_up": method: '),
        (http(colour='"red"'), 'http "look_up": colour: Extra inputs are not permitted'),
        (http(url='"ftp://api.example.com"'), "url: must start with https://"),
        (http(url='"https://{host}/x"'), "{host} is neither an argument"),
        (http(url='"https://a@api.example.com/"'), "url: must start with https://"),
        (http(url='"https://elsewhere.example/x"'), "elsewhere.example is not in allow_hosts"),
        (
            http(url='"https://api.example.com:8443/x"'),
            "api.example.com:8443 is not in allow_hosts",
        ),
        (http(url='"http://api.example.com/x"'), "url: must be https"),
        (http(url='"https://api.example.com/{product}"'), "{product} is neither an argument"),
        (http(confirm='"Buy {product}?"'), "{product} is neither an argument"),
        (http(from_call='{ x = "caller.secrets" }'), "from_call.x is none of"),
        (http(parameters='{ type = "array" }'), 'must be a JSON schema of type "object"'),
        (
            http(parameters='{ type = "object", properties = { a = { type = "thing" } } }'),
            "is no JSON schema",
        ),
        (http(headers='{ "A B" = "x" }'), "'A B' is no header"),
        (http(headers='{ A = "x\\r\\nB: y" }'), "'A' is no header"),
        (http(headers='{ A = "${HOME}" }'), "${HOME} must be a variable that starts with"),
        (http(headers='{ A = "${PARLEY_SECRET_NONE}" }'), "PARLEY_SECRET_NONE is not set"),
        ('allow_hosts = ["https://a.b/"]', "allow_hosts: 'https://a.b/' is no host"),
        ('[[mcp]]\nname = "x"\ntools.y = {}', "needs either a command or a url"),
        ('[[mcp]]\nname = "x"\ncommand = ["y"]\ntools = {}', 'mcp "x": tools: '),
        (
            '[[mcp]]\nname = "x"\nurl = "https://elsewhere.example/mcp"\ntools.y = {}',
            'mcp "x": url: elsewhere.example is not in allow_hosts',
        ),
        (http() + "\n" + http().partition("\n")[2], '"look_up" is declared 2 times'),
    ],
)
def test_a_fault_is_told_by_its_entry(tmp_path: Path, text: str, fault: str) -> None:
    """And never with a secret."""
    faults = faults_of(tmp_path, text)
    assert any(fault in told for told in faults), faults


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Of several entries, in one go."""
    text = http(method='"BREW"') + '\n[[mcp]]\nname = "x"\ntools.y = { access = "nobody" }'
    faults = faults_of(tmp_path, text)
    assert len(faults) == 2


def test_the_names_of_bundled_tools_are_taken(tmp_path: Path) -> None:
    """An operator's tool does not stand in for one that comes with Parley."""
    faults = faults_of(tmp_path, http(name='"end_call"'), taken=["end_call"])
    assert faults == ['"end_call" is the name of a tool that comes with Parley']


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A wrong path does not mean no tools."""
    with pytest.raises(SettingsError, match="cannot be read"):
        load_tool_file(ToolFileSettings(file=tmp_path / "missing.toml"))
