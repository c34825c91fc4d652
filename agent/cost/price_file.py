"""Files of prices: the one that comes with Parley, and the operator's own."""

from __future__ import annotations

import datetime
import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator

from agent.call.prices import TelephoneRate
from agent.errors import SettingsError

VARIABLE = "PARLEY_PRICES_FILE"
MAX_FILE_BYTES = 1_000_000

Price = Annotated[Decimal, Field(ge=0, le=1_000_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ModelPrices(_Table):
    """What a file says of one model; None where it says nothing."""

    input_mtok: Price | None = None
    cached_input_mtok: Price | None = None
    output_mtok: Price | None = None
    input_audio_mtok: Price | None = None
    cached_input_audio_mtok: Price | None = None
    output_audio_mtok: Price | None = None
    mcharacters: Price | None = None
    audio_minute: Price | None = None

    @validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("has no price")
        return self

    def over(self, other: ModelPrices | None) -> ModelPrices:
        """These, and the other's where these say nothing."""
        if other is None:
            return self
        told = {name: getattr(self, name) for name in self.model_fields_set}
        return other.model_copy(update=told)


class _Telephone(_Table):
    minute: Price
    increment_s: Annotated[Decimal, Field(gt=0, le=3600)] = Decimal(60)


class _File(_Table):
    date: datetime.date
    models: Mapping[Name, ModelPrices] = Field(default_factory=dict)
    telephone: _Telephone | None = None


@dataclass(frozen=True, slots=True)
class PriceFiles:
    """The prices of both files, the operator's over the bundled ones."""

    version: str
    models: Mapping[str, ModelPrices]
    telephone: TelephoneRate | None


def load_price_files(own: Path | None) -> PriceFiles:
    """The bundled prices with the operator's over them.

    Raises:
        SettingsError: with every fault of the operator's file.
    """
    bundled = _parse(resources.files(__package__).joinpath("prices.toml").read_bytes())
    version = f"parley {bundled.date}"
    models, telephone = dict(bundled.models), bundled.telephone
    if own is not None:
        content = _content(own)
        file = _parse_own(own, content)
        # A date alone would not tell a corrected file from the one before.
        version += f", own {file.date} {hashlib.sha256(content).hexdigest()[:8]}"
        for name, prices in file.models.items():
            models[name] = prices.over(models.get(name))
        telephone = file.telephone or telephone
    line = TelephoneRate(telephone.minute, telephone.increment_s) if telephone else None
    return PriceFiles(version, models, line)


def _parse(content: bytes) -> _File:
    # Straight into Decimal: a price must not take the way through binary fractions.
    return _File.model_validate(tomllib.loads(content.decode("utf-8"), parse_float=Decimal))


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise SettingsError([f"{VARIABLE}: {file.name}: {fault.strerror}"]) from None
    if len(content) > MAX_FILE_BYTES:
        raise SettingsError([f"{VARIABLE}: {file.name} is larger than {MAX_FILE_BYTES} bytes"])
    return content


def _parse_own(file: Path, content: bytes) -> _File:
    try:
        return _parse(content)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError([f"{VARIABLE}: {file.name}: {fault}"]) from None
    except ValidationError as error:
        raise SettingsError(
            [f"{VARIABLE}: {file.name}: {line}" for line in _lines(error)]
        ) from None


def _lines(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(str(part) for part in detail["loc"])
        yield f"{place}: {detail['msg'].removeprefix('Value error, ')}"
