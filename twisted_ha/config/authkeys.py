"""
C{authkeys}: the shared secrets (configuration.md section 6, wire-protocol.md section 2.4).

No complaint shows a line of this file or any word of it but numbers and the names of methods: what
stands in the wrong place may well be the secret.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from twisted_ha.auth.key import Key
from twisted_ha.config.complaints import Complaints, listed
from twisted_ha.config.host import FileFacts
from twisted_ha.config.location import Location
from twisted_ha.config.model import Keys

__all__ = ["METHODS", "checkFile", "parse"]

METHODS = ("crc", "md5", "sha1", "sha256", "sha512")
_OURS = ("sha256", "sha512")
"""Methods heartbeat does not know: it refuses a file that has one of them."""
_HIGHEST = 15
_WORD = re.compile(r"[^ \t\r\f\v]+")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_PUBLISHED = frozenset({b"YourSecretClusterPassword", b"HI!", b"Hello!", b"TestSecret", b"secret"})
"""Secrets that stand in samples and guides; everybody knows them."""


def checkFile(file: str, facts: FileFacts, complaints: Complaints) -> None:
    """Whether others can read the secrets (section 6.2)."""
    where = Location(file=file)
    repair = f"run chmod 600 {file}"
    if facts.mode & 0o044:
        complaints.error(
            where,
            f"others may read the keys: its mode is {facts.mode:04o}",
            repair,
            category="authkeys-permissions",
        )
    elif facts.mode & 0o022:
        complaints.warning(
            where,
            f"others may change the keys: its mode is {facts.mode:04o}",
            repair,
            category="authkeys-writable",
        )
    if not facts.trusted:
        complaints.warning(
            where,
            "it belongs to another user, who can read and change the keys",
            f"run chown root {file}",
            category="authkeys-owner",
        )


def parse(file: str, text: str, complaints: Complaints) -> Keys | None:
    """
    Read C{text}.

    @return: L{None} if there is no key to sign with.
    """
    return _Fold(file, complaints).read(text)


class _Fold:
    """The state between two lines."""

    def __init__(self, file: str, complaints: Complaints) -> None:
        self._file = file
        self._complaints = complaints
        self._keys: dict[int, Key] = {}
        self._lines: dict[int, int] = {}
        self._wanted: int | None = None
        self._wantedLine = 0
        self._signing: int | None = None
        self._broken = False
        self._line = 0

    def read(self, text: str) -> Keys | None:
        """Take every line; a line is one line however long it is."""
        for self._line, line in enumerate(text.split("\n"), 1):
            words = list(_WORD.finditer(line))
            if not words or words[0].group().startswith("#"):
                continue
            if "\0" in line:
                self._error(words[0], "there is a NUL byte on this line", "write it anew", "nul-byte")
            elif words[0].group().startswith("a"):
                self._auth(words)
            else:
                self._key(words)
        if self._signing is None or (self._wanted is not None and self._wanted != self._signing):
            self._noSigning()
        if self._signing is None:
            return None
        return Keys(keys=MappingProxyType(self._keys), signing=self._signing)

    def _auth(self, words: list[re.Match[str]]) -> None:
        if words[0].group() != "auth" or len(words) < 2:
            self._error(
                words[0], "this is not an auth line", "write for example auth 1", "auth-line-bad"
            )
            return
        number = self._number(words[1], "auth-line-bad")
        if number is None:
            return
        self._wanted, self._wantedLine = number, self._line

    def _number(self, word: re.Match[str], category: str) -> int | None:
        text = word.group()
        if not _NUMBER.fullmatch(text):
            self._error(
                word,
                "a number is expected here",
                "write auth 1 to choose a key, and 1 sha1 SECRET to define it",
                category,
            )
            return None
        if not 0 <= int(text) <= _HIGHEST:
            self._error(
                word,
                f"{text} is not the number of a key",
                f"write one from 0 to {_HIGHEST}",
                "auth-index-range",
            )
            return None
        return int(text)

    def _key(self, words: list[re.Match[str]]) -> None:
        if words[0].group() == "AUTH" or words[0].group() == "Auth":
            self._error(words[0], "auth is written in lower case", "write auth", "auth-line-garbage")
            return
        number = self._number(words[0], "auth-line-garbage")
        if number is None:
            return
        if len(words) < 2:
            self._error(words[0], "a method must follow", _HOW, "auth-line-garbage")
            return
        method = words[1].group()
        if method not in METHODS:
            lowered = method.lower()
            hint = f"write {lowered}" if lowered in METHODS else f"write {listed(METHODS, 'or')}"
            self._error(words[1], "this is not a method", hint, "auth-method-unknown")
            return
        secret = words[2].group().encode("utf-8", "surrogateescape") if len(words) > 2 else b""
        if method == "crc" and secret:
            self._error(
                words[2],
                "crc has no key, and a comment here is taken for one",
                "delete everything after crc",
                "auth-key-not-allowed",
            )
            return
        if method != "crc" and not secret:
            self._error(words[1], f"{method} needs a key", _HOW, "auth-key-required")
            return
        self._take(number, words, Key(method, secret))

    def _take(self, number: int, words: list[re.Match[str]], key: Key) -> None:
        if number in self._keys:
            self._warning(
                words[0],
                f"this replaces key {number} of line {self._lines[number]}",
                "give it another number if both are meant",
                "auth-key-twice",
            )
        self._keys[number] = key
        self._lines[number] = self._line
        if number == self._wanted:
            self._signing = number
        if key.method in _OURS:
            self._warning(
                words[1],
                f"heartbeat itself does not know {key.method} and will not start with this file",
                "use sha1 while a node runs heartbeat",
                "auth-method-ours",
            )
        if key.secret in _PUBLISHED:
            self._warning(
                words[2],
                "this key stands in a sample or a guide: everybody knows it",
                "choose another, for example with openssl rand -hex 20",
                "auth-key-published",
            )
        if key.method == "crc" and number == self._wanted:
            self._warning(
                words[1],
                "crc finds accidents, not intruders: whoever reaches a medium can command the cluster",
                "use sha1 unless every medium is a cable between the nodes",
                "auth-crc",
            )

    def _noSigning(self) -> None:
        if self._broken:
            return
        if self._wanted is None:
            self._complaints.error(
                Location(file=self._file),
                "no auth line chooses the key to sign with",
                "begin the file with a line auth 1",
                category="auth-line-missing",
            )
        elif self._signing is not None:
            # As the original, which only says nothing about it.
            self._complaints.warning(
                Location(file=self._file, line=self._wantedLine),
                f"auth {self._wanted} is not followed by a key {self._wanted}; {self._signing} signs",
                "put the auth line above its key",
                category="auth-key-not-found",
            )
        elif self._wanted in self._keys:
            self._complaints.error(
                Location(file=self._file, line=self._wantedLine),
                f"auth {self._wanted} comes after key {self._wanted} (line {self._lines[self._wanted]})",
                "put the auth line first",
                category="auth-key-not-found",
            )
        else:
            known = (
                f"there is {listed(str(number) for number in self._keys)}"
                if self._keys
                else "there is none"
            )
            self._complaints.error(
                Location(file=self._file, line=self._wantedLine),
                f"auth {self._wanted} chooses a key that is not defined; {known}",
                f"write {self._wanted} sha1 SECRET below it",
                category="auth-key-not-found",
            )

    def _where(self, word: re.Match[str]) -> Location:
        return Location(
            file=self._file, line=self._line, column=word.start() + 1, length=len(word.group())
        )

    def _error(self, word: re.Match[str], message: str, hint: str, category: str) -> None:
        self._broken = True
        self._complaints.error(self._where(word), message, hint, category=category)

    def _warning(self, word: re.Match[str], message: str, hint: str, category: str) -> None:
        self._complaints.warning(self._where(word), message, hint, category=category)


_HOW = "write for example 1 sha1 SECRET"
