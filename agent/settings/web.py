"""The page, the token endpoint, and who may use them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, IPvAnyNetwork, SecretStr

from agent.settings.conversation import Pipeline
from agent.settings.forms import (
    LANGUAGE_TAG,
    MIN_SECRET_LENGTH,
    CommaList,
    Group,
    HttpUrl,
    LongSecret,
    NonEmptySecret,
    Port,
    Rates,
    RedisUrl,
    split_commas,
    var,
)

AdmissionRule = Literal["everyone", "nobody", "jwt", "link", "session", "callable"]
JwtAlgorithm = Literal[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "HS256",
    "HS384",
    "HS512",
]


class WebSettings(Group):
    """The page and the token endpoint."""

    host: str = var("PARLEY_WEB_HOST", "127.0.0.1")
    port: Port = var("PARLEY_WEB_PORT", 8000)
    cors_origins: CommaList = var("PARLEY_WEB_CORS_ORIGINS", ())
    token_ttl_s: int = var("PARLEY_TOKEN_TTL_S", 300, ge=120, le=3600)


class AdmissionSettings(Group):
    """Who may call: each call costs money."""

    rule: AdmissionRule | None = var("PARLEY_ADMISSION", None)
    """None is everyone in development, and no start of the web server in production."""
    link_keys: Annotated[tuple[LongSecret, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_LINK_KEYS", ()
    )
    """Links are signed with the first, and valid with any."""
    session_keys: Annotated[tuple[LongSecret, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_SESSION_KEYS", ()
    )
    """What the operator's site signs the cookie with that says who is signed in there."""
    function: str | None = var(
        "PARLEY_ADMISSION_CALLABLE", None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"
    )
    """The operator's own rule, such as `company.calls:admit`."""
    check_workers: bool = var("PARLEY_CHECK_WORKERS", True)
    """Whether a call is refused that no worker would take."""


class JwtSettings(Group):
    """What a JWT of the operator's issuer must be like to let its bearer call."""

    key_set_url: HttpUrl | None = var("PARLEY_JWT_JWKS_URL", None)
    key: NonEmptySecret | None = var("PARLEY_JWT_KEY", None)
    """In place of the URL: a public key in PEM, or a secret shared with the issuer."""
    issuer: str | None = var("PARLEY_JWT_ISSUER", None)
    audience: str | None = var("PARLEY_JWT_AUDIENCE", None)
    algorithms: Annotated[tuple[JwtAlgorithm, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_JWT_ALGORITHMS", ("RS256", "ES256"), min_length=1
    )
    user_claim: str = var("PARLEY_JWT_USER_CLAIM", "sub", min_length=1)
    tenant_claim: str | None = var("PARLEY_JWT_TENANT_CLAIM", None)
    """None: what the issuer says of tenants is not asked for."""


class RateSettings(Group):
    """How often calls may be asked for."""

    address: Rates = var("PARLEY_RATE_ADDRESS", ("30/minute", "300/hour"))
    user: Rates = var("PARLEY_RATE_USER", ("10/minute", "100/hour"))
    store_url: RedisUrl | None = var("PARLEY_RATE_STORE_URL", None)
    """Where several web servers count together; None counts in each process for itself."""
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_TRUSTED_PROXIES", ()
    )
    """Whose X-Forwarded-For is believed."""


class DirectSettings(Group):
    """Calls in which a browser talks with the realtime provider itself, without a room."""

    mode: Literal["auto", "on", "off"] = var("PARLEY_DIRECT", "auto")
    """`auto`: in development only, where there is a provider's key."""
    public_url: HttpUrl | None = var("PARLEY_DIRECT_PUBLIC_URL", None)
    """Where browsers reach the provider when that differs from its address for this server."""
    secret_s: int = var("PARLEY_DIRECT_SECRET_S", 60, ge=10, le=600)
    """How long a page may take to connect with the secret that it was given."""
    call_s: int = var("PARLEY_DIRECT_CALL_S", 1800, ge=60, le=3600)
    """How long such a call may be; after that its page hangs up and its tools are refused."""
    max_calls: int = var("PARLEY_DIRECT_MAX_CALLS", 50, ge=1, le=1_000)
    """At once, for each web server."""


class OfferSettings(Group):
    """What visitors of the page may choose; see `agent.web.offer` for where nothing is named."""

    personas: CommaList = var("PARLEY_OFFER_PERSONAS", ())
    pipelines: Annotated[tuple[Pipeline, ...], BeforeValidator(split_commas)] = var(
        "PARLEY_OFFER_PIPELINES", ()
    )
    languages: Annotated[
        tuple[Annotated[str, Field(pattern=LANGUAGE_TAG)], ...], BeforeValidator(split_commas)
    ] = var("PARLEY_OFFER_LANGUAGES", ())
    voices: CommaList = var("PARLEY_OFFER_VOICES", ())


class OperatorSettings(Group):
    """Who may read the records of calls over the web."""

    secret: SecretStr | None = var("PARLEY_OPERATOR_SECRET", None, min_length=MIN_SECRET_LENGTH)
    """Operators' tokens are signed with it. None shows records on a developer's machine only."""
