"""The rule of admission that the settings name, or what to do where they name none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import SecretStr

from agent.errors import SettingsError
from agent.settings import AdmissionSettings, Settings
from agent.web.admission.admitted import Admission, admit_everyone, admit_nobody
from agent.web.admission.issuer import IssuedPasses
from agent.web.admission.link import SignedLinks
from agent.web.admission.own import load_own_rule
from agent.web.admission.session import SiteSessions

_CHOICES = (
    "say who may call: jwt (a JWT of your issuer), link (links that `python agent.py link` signs),"
    " session (a cookie of your site), callable (a function of your own), or nobody"
)


def build_rule(settings: Settings) -> Admission:
    """The rule.

    Raises:
        SettingsError: there is none in production, or what it needs is not set.
    """
    admission = settings.admission
    rule = admission.rule
    if rule is None or rule == "everyone":
        if settings.environment == "production":
            told = "is not set" if rule is None else "must not be everyone in production"
            raise SettingsError([f"PARLEY_ADMISSION: {told}; {_CHOICES}"])
        return admit_everyone
    if faults := list(_faults(settings)):
        raise SettingsError(faults)
    match rule:
        case "jwt":
            return IssuedPasses(settings.jwt)
        case "link":
            return SignedLinks(_values(admission.link_keys))
        case "session":
            return SiteSessions(_values(admission.session_keys))
        case "callable":
            return load_own_rule(admission.function or "")
        case _:
            return admit_nobody


def _faults(settings: Settings) -> Iterator[str]:
    admission = settings.admission
    needed = {
        "link": ("PARLEY_LINK_KEYS", admission.link_keys),
        "session": ("PARLEY_SESSION_KEYS", admission.session_keys),
        "callable": ("PARLEY_ADMISSION_CALLABLE", admission.function),
    }
    name, value = needed.get(admission.rule or "", ("", "-"))
    if not value:
        yield f"{name}: is needed with PARLEY_ADMISSION={admission.rule}"
    yield from _shared(settings, admission)


def _shared(settings: Settings, admission: AdmissionSettings) -> Iterator[str]:
    """What is signed with one secret must not pass for what is signed with another."""
    taken = {settings.livekit.api_secret.get_secret_value(): "LIVEKIT_API_SECRET"}
    if settings.operators.secret is not None:
        taken[settings.operators.secret.get_secret_value()] = "PARLEY_OPERATOR_SECRET"
    for name, keys in (
        ("PARLEY_LINK_KEYS", admission.link_keys),
        ("PARLEY_SESSION_KEYS", admission.session_keys),
    ):
        for key in _values(keys):
            if key in taken and taken[key] != name:
                yield f"{name}: must be other ones than {taken[key]}"
            taken.setdefault(key, name)


def _values(keys: Sequence[SecretStr]) -> tuple[str, ...]:
    return tuple(key.get_secret_value() for key in keys)
