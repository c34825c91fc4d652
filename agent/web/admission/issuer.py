"""The rule `jwt`: whoever has a JWT of the operator's issuer may call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jwt
from fastapi import Request

from agent.errors import SettingsError
from agent.settings import JwtSettings
from agent.web.admission.admitted import Admitted
from agent.web.admission.bearer import bearer_of, not_valid
from agent.web.admission.claims import admitted_by, verified
from agent.web.admission.key_set import KeySet

MIN_SECRET_LENGTH = {"HS256": 32, "HS384": 48, "HS512": 64}
"""A secret is as long as what the algorithm makes of it (RFC 7518, 3.2)."""
PEM = "-----BEGIN"


class IssuedPasses:
    """Admits by a JWT of one issuer. An Admission.

    Raises:
        SettingsError: what was set is not enough, or does not go together.
    """

    def __init__(self, settings: JwtSettings) -> None:
        if faults := list(_faults(settings)):
            raise SettingsError(faults)
        self._settings = settings
        self._key = None if settings.key is None else _read_key(settings.key.get_secret_value())
        self._keys = KeySet(settings.key_set_url) if settings.key_set_url is not None else None

    async def __call__(self, request: Request) -> Admitted:
        """See Admission."""
        token = bearer_of(request)
        key = self._key if self._keys is None else await self._find(token, self._keys)
        settings = self._settings
        wanted = {"issuer": settings.issuer, "audience": settings.audience}
        claims = verified(token, key, settings.algorithms, **wanted)
        # The options of a call are not the issuer's: their claim may mean something else there.
        told = {name: value for name, value in claims.items() if name != "options"}
        admitted = admitted_by(told, user=settings.user_claim, tenant=settings.tenant_claim)
        if not admitted.user or (settings.tenant_claim is not None and not admitted.tenant):
            raise not_valid()
        return admitted

    async def _find(self, token: str, keys: KeySet) -> Any:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise not_valid() from None
        # Before anything is fetched for it.
        if header.get("alg") not in self._settings.algorithms:
            raise not_valid()
        name = header.get("kid")
        if not isinstance(name, str | None) or (key := await keys.find(name)) is None:
            raise not_valid()
        return key


def _faults(settings: JwtSettings) -> Iterator[str]:
    if (settings.key_set_url is None) == (settings.key is None):
        yield "PARLEY_JWT_JWKS_URL: one of it and PARLEY_JWT_KEY says how JWTs are verified"
    for name, value in (
        ("PARLEY_JWT_ISSUER", settings.issuer),
        ("PARLEY_JWT_AUDIENCE", settings.audience),
    ):
        if value is None:
            yield f"{name}: is needed with PARLEY_ADMISSION=jwt"
    are_shared = {name.startswith("HS") for name in settings.algorithms}
    if len(are_shared) > 1:
        yield "PARLEY_JWT_ALGORITHMS: must be all of public keys or all of shared secrets (HS…)"
        return
    (is_shared,) = are_shared
    if settings.key is not None:
        yield from _key_faults(settings.key.get_secret_value(), settings.algorithms)
    elif is_shared:
        yield "PARLEY_JWT_ALGORITHMS: HS… needs PARLEY_JWT_KEY; a URL tells public keys"


def _key_faults(key: str, algorithms: Sequence[str]) -> Iterator[str]:
    length = max(MIN_SECRET_LENGTH.get(name, 0) for name in algorithms)
    is_public = PEM in key
    if length and is_public:
        yield "PARLEY_JWT_KEY: is a public key, which must not be used as a shared secret (HS…)"
    elif length and len(key) < length:
        yield f"PARLEY_JWT_KEY: has fewer than {length} characters"
    elif not length:
        try:
            _read_key(key)
        except ValueError:
            is_public = False
        if not is_public:
            yield "PARLEY_JWT_KEY: is no public key in PEM; set PARLEY_JWT_ALGORITHMS for a secret"


def _read_key(text: str) -> Any:
    """A public key, whose lines may be in one with a backslash and an n between; else the secret
    itself.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(text.replace("\\n", "\n").encode()) if PEM in text else text
