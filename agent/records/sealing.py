"""Encryption at rest of what was said, with keys that only the environment holds.

Fernet (AES-128-CBC with HMAC-SHA-256) and not AES-GCM: each text is sealed on its own by many
workers that share a key and nothing else, and GCM breaks when two of them happen upon the same
nonce, while Fernet needs no care of that kind; and MultiFernet has the rotation that is wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from agent.errors import SealingError, SettingsError
from agent.settings import PrivacySettings

SEALED, PLAIN = "sealed:", "plain:"
"""What a sealed text begins with, and one that is not sealed and would else look as if it were."""
VARIABLE = "PARLEY_RECORDS_KEYS"


class Sealing:
    """Seals texts with the first of some keys and opens them with any. Without keys, texts stay as
    they are; those that were kept so before there were keys can be read ever after.

    Args:
        keys: As `new_key` makes them.

    Raises:
        SettingsError: naming each key that is none by its place, and never by its value.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        fernets, faults = [], []
        for place, key in enumerate(keys, 1):
            try:
                fernets.append(Fernet(key.encode()))
            except ValueError:
                faults.append(
                    f"{VARIABLE}: key {place} of {len(keys)} is not 32 bytes in URL-safe base64;"
                    " make one with `python agent.py new-key`"
                )
        if faults:
            raise SettingsError(faults)
        self._all = MultiFernet(fernets) if fernets else None
        self._first = fernets[0] if fernets else None

    def seal(self, text: str) -> str:
        """The text as it is kept."""
        if self._all is not None:
            return SEALED + self._all.encrypt(text.encode()).decode()
        return PLAIN + text if text.startswith((SEALED, PLAIN)) else text

    def unseal(self, kept: str) -> str:
        """The text again.

        Raises:
            SealingError: when none of the keys opens it.
        """
        if not kept.startswith(SEALED):
            return kept.removeprefix(PLAIN)
        return self.unseal_bytes(kept.encode()).decode()

    def rotate(self, kept: str) -> str:
        """What is kept, sealed anew with the first key; so that the others can be given up.

        Raises:
            SealingError: when none of the keys opens it.
        """
        return kept if self.is_current(kept) else self.seal(self.unseal(kept))

    def is_current(self, kept: str) -> bool:
        """Whether it is kept as `seal` would keep it now, and the other keys are not needed."""
        return self.are_current(kept.encode())

    @property
    def has_keys(self) -> bool:
        """Whether anything is sealed."""
        return self._all is not None

    def seal_bytes(self, content: bytes) -> bytes:
        """As `seal`, for what is no text and looks like none that is sealed, such as audio."""
        if self._all is None:
            return content
        return SEALED.encode() + self._all.encrypt(content)

    def unseal_bytes(self, kept: bytes) -> bytes:
        """The content again.

        Raises:
            SealingError: when none of the keys opens it.
        """
        if not kept.startswith(SEALED.encode()):
            return kept
        if self._all is None:
            raise SealingError(f"it is sealed, and {VARIABLE} has no key")
        try:
            return self._all.decrypt(kept.removeprefix(SEALED.encode()))
        except InvalidToken:
            raise SealingError(
                f"none of the keys in {VARIABLE} opens it; put back the one it was sealed with,"
                " after the present ones"
            ) from None

    def are_current(self, kept: bytes) -> bool:
        """As `is_current`, for what `seal_bytes` keeps."""
        is_sealed = kept.startswith(SEALED.encode())
        if self._first is None or not is_sealed:
            return self._first is None and not is_sealed
        try:
            self._first.decrypt(kept.removeprefix(SEALED.encode()))
        except InvalidToken:
            return False
        return True


def build_sealing(settings: PrivacySettings) -> Sealing:
    """With the keys of the settings.

    Raises:
        SettingsError: when one of them is none.
    """
    return Sealing([key.get_secret_value() for key in settings.records_keys])


def new_key() -> str:
    """A key for PARLEY_RECORDS_KEYS: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()
