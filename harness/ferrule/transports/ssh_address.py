"""Addresses of SSH servers, as URLs."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from ferrule.errors import UsageError

DEFAULT_PORT = 22


@dataclass(frozen=True)
class Address:
    """Address of an SSH server and the user to log in as."""

    user: str
    host: str
    port: int = DEFAULT_PORT

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `ssh://user@host[:port]`; IPv6 addresses are in brackets, with a zone after `%25` (RFC 6874) or `%`.

        In the user's name `%40` is an @ sign, as in any URL.

        Raises:
            UsageError: another scheme, no user or host, a password, a path, or an invalid port.
        """
        with suppress(ValueError):
            parts = urlsplit(url)
            bare = not (parts.password or parts.query or parts.fragment or parts.path.strip("/"))
            if parts.scheme == "ssh" and parts.username and parts.hostname and bare and parts.port != 0:
                user, host = unquote(parts.username, errors="strict"), parts.hostname
                if ":" in host:
                    host = re.sub("%25(?=.)", "%", host)
                if user.isprintable() and host.isprintable():
                    return cls(user, host, parts.port or DEFAULT_PORT)
        raise UsageError(f"{url!r} is no SSH address; write ssh://user@host or ssh://user@host:port")

    @property
    def known_as(self) -> str:
        """The host's name in known_hosts files."""
        return self.host if self.port == DEFAULT_PORT else f"[{self.host}]:{self.port}"

    def __str__(self) -> str:
        """The URL, port always included."""
        host = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return f"ssh://{quote(self.user, safe='')}@{host}:{self.port}"
