"""How values are written in the environment."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

MIN_SECRET_LENGTH = 32
"""livekit-server only logs an error for shorter secrets; in production Parley refuses them."""

LANGUAGE_TAG = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def _url_of(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(
                f"must be a URL that starts with {' or '.join(s + '://' for s in schemes)}"
            )
        return value.rstrip("/")

    return AfterValidator(check)


def split_commas(value: Any) -> Any:
    """A text as the list of its parts."""
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


_DATABASE_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


def _name_driver(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    scheme, separator, rest = value.partition("://")
    if not separator or scheme not in _DATABASE_DRIVERS:
        raise ValueError("must be a URL that starts with sqlite:// or postgresql://")
    return f"{_DATABASE_DRIVERS[scheme]}://{rest}"


def _check_time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "must be a time zone of the IANA database, such as Europe/Berlin"
        ) from None
    return value


_TRANSFER_TARGET = re.compile(
    r"tel:\+[1-9][0-9]{5,14}|sips?:[A-Za-z0-9_.!~*'()&=+$;?/%-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?"
)


def split_targets(value: Any) -> Any:
    """`name=tel:+49…, name=sip:…` as addresses by name."""
    if not isinstance(value, str):
        return value
    targets: dict[str, str] = {}
    for part in split_commas(value):
        name, _, address = (piece.strip() for piece in part.partition("="))
        if not name or not _TRANSFER_TARGET.fullmatch(address):
            raise ValueError("must be a list such as reception=tel:+4930123456, sales=sip:a@b.com")
        targets[name] = address
    return targets


def split_amounts(value: Any) -> Any:
    """`name=5.50, name=20` as amounts by name."""
    if not isinstance(value, str):
        return value
    amounts: dict[str, Decimal] = {}
    for part in split_commas(value):
        name, _, amount = (piece.strip() for piece in part.partition("="))
        try:
            amounts[name] = Decimal(amount)
        except InvalidOperation:
            amounts[name] = Decimal("NaN")
        if not name or not (amounts[name].is_finite() and 0 < amounts[name] < 1_000_000):
            raise ValueError("must be a list of US dollars, such as acme=20, globex=5.50")
    return amounts


_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")


def _split_rates(value: Any) -> Any:
    parts = split_commas(value)
    if parts == ["off"]:
        return ()
    if not parts or not all(isinstance(each, str) and _RATE.fullmatch(each) for each in parts):
        raise ValueError("must be rates such as 10/minute, 100/hour, or off")
    return parts


def _check_redis(value: SecretStr) -> SecretStr:
    url = urlsplit(value.get_secret_value())
    if url.scheme not in ("redis", "rediss") or not url.hostname:
        raise ValueError("must be a URL that starts with redis:// or rediss://")
    return value


LiveKitUrl = Annotated[str, _url_of("ws", "wss", "http", "https")]
HttpUrl = Annotated[str, _url_of("http", "https")]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(_name_driver)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
CommaList = Annotated[tuple[str, ...], BeforeValidator(split_commas)]
Countries = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], BeforeValidator(split_commas)
]
Port = Annotated[int, Field(ge=0, le=65535)]
Usd = Annotated[Decimal, Field(gt=0, lt=1_000_000)]
NonEmptySecret = Annotated[SecretStr, Field(min_length=1)]
LongSecret = Annotated[SecretStr, Field(min_length=MIN_SECRET_LENGTH)]
Rates = Annotated[tuple[str, ...], BeforeValidator(_split_rates)]
RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis)]


class Group(BaseModel):
    """Picks its variables out of a mapping of all, by alias."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )


def var(name: str, default: Any = ..., **constraints: Any) -> Any:
    """A field that reads this variable."""
    return Field(default, validation_alias=name, **constraints)
