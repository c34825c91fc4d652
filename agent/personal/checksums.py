"""Whether a number ends in the check figures that a card, an account or a national id must have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache


def is_card(digits: str) -> bool:
    """Whether it is as long as a payment card's number and ends in the right check figure."""
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and is_luhn(digits)


def is_of_network(digits: str) -> bool:
    """Whether a card's number begins and is as long as those of one of the large networks (ISO/IEC
    7812-1; the networks' published ranges).
    """
    size, two = len(digits), digits[:2]
    match digits[0]:
        case "4":
            return size in (13, 16, 19)
        case "5":
            return size == 16
        case "6":
            return 16 <= size <= 19
        case "2":
            return size == 16 and "22" <= two <= "27"
        case "3":
            return size == _SIZES_OF_THREE.get(two, 16)
    return False


_SIZES_OF_THREE = {"34": 15, "37": 15, "30": 14, "36": 14, "38": 14, "39": 14}


def is_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_iban(value: str) -> bool:
    """Whether its check figures are right (ISO 13616)."""
    turned = value[4:] + value[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _weighed(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def is_steuer_id(digits: str) -> bool:
    """Germany's tax id: ISO 7064 MOD 11,10, and one figure of the first ten twice or three times
    (BZSt, 2016).
    """
    if digits[0] == "0" or max(digits[:10].count(d) for d in digits[:10]) not in (2, 3):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_nir(value: str) -> bool:
    """France's social security number with its key: 97 less the remainder by 97, Corsica's 2A and
    2B read as 19 and 18 (INSEE).
    """
    number, key = value[:-2].upper().replace("2A", "19").replace("2B", "18"), value[-2:]
    return number.isdigit() and 97 - int(number) % 97 == int(key)


def is_rrn(digits: str) -> bool:
    """Korea's resident registration number as it was made until October 2020."""
    return (11 - _weighed(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(
        digits[12]
    )


def is_dni(value: str) -> bool:
    """Spain's DNI and NIE: the letter by the remainder by 23."""
    number = value[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return value[-1].upper() == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def is_bsn(digits: str) -> bool:
    """The Netherlands' citizen service number: the eleven test."""
    return _weighed(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def is_ean13(digits: str) -> bool:
    """As in Switzerland's AHV number."""
    return _weighed(digits, (1, 3) * 6 + (1,)) % 10 == 0


@lru_cache(maxsize=1)
def checksums() -> Mapping[str, Callable[[str], bool]]:
    """By the name that a pack of national ids uses; each takes figures and letters alone."""
    return {
        "steuer-id": is_steuer_id,
        "nir": is_nir,
        "rrn": is_rrn,
        "dni": is_dni,
        "bsn": is_bsn,
        "ean13": is_ean13,
        "luhn": is_luhn,
        "iban": lambda value: is_iban(value.upper()),
    }
