"""Sending to an address that somebody else chose: to none inside but where that is allowed, and no further than there.

The name is looked up at each attempt and the connection is made to the very address that was judged, so that a name
cannot mean one address when it is judged and another when it is asked.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from gridmgmt.errors import InputError
from gridmgmt.feed.rules import DeliveryProblem

TIMEOUT_S = 10.0
"""How long the other side may be silent, in seconds."""

MOST_S = 30.0
"""How long an attempt may take in all, in seconds: who answers letter by letter is never silent."""

LONGEST_URL = 2_000
Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

_ROUTED = ip_network("2000::/3")
"""The addresses of IPv6 that are given out (RFC 4291 §2.4); others are of a link, a site, or hold one of IPv4."""
_HIDING = (ip_network("2002::/16"), ip_network("2001::/32"))
"""Those among them that hold one of IPv4, to which a gateway may hand the connection on."""


class NotTakenError(Exception):
    """The other side has not taken what was sent."""

    def __init__(self, problem: DeliveryProblem, status: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.status = status


@dataclass(frozen=True)
class Target:
    """Where to send."""

    is_secure: bool
    host: str
    port: int
    path: str


def networks_of(text: str) -> Networks:
    """Return the networks of a setting.

    >>> [str(each) for each in networks_of("10.0.0.0/8, ::1")]
    ['10.0.0.0/8', '::1/128']

    Raises
    ------
    InputError
        When one is none.
    """
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InputError("webhook_networks_invalid", field="webhook_networks", value=text) from error


def parse_target(url: str) -> Target:
    """Return where a URL leads.

    Raises
    ------
    InputError
        When it is not ``https`` or ``http``, names no host, or holds a user, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        plain = path.isascii() and path.isprintable() and " " not in path
    except (ValueError, UnicodeError) as error:
        raise InputError("webhook_url_invalid", field="url", value=url[:LONGEST_URL]) from error
    known = parts.scheme in {"https", "http"} and bool(host) and port != 0 and plain
    if not known or "@" in parts.netloc or parts.fragment or len(url) > LONGEST_URL:
        raise InputError("webhook_url_invalid", field="url", value=url[:LONGEST_URL])
    is_secure = parts.scheme == "https"
    return Target(is_secure, host, port or (443 if is_secure else 80), path or "/")


def is_allowed(address: Address, networks: Networks, *, is_secure: bool) -> bool:
    """Tell whether may be sent to an address: over TLS anywhere public, in the networks that are allowed in any case.

    >>> own = networks_of("10.1.0.0/16")
    >>> [is_allowed(ip_address(a), own, is_secure=True) for a in ("8.8.8.8", "10.1.2.3", "10.2.0.1", "169.254.169.254")]
    [True, True, False, False]
    >>> is_allowed(ip_address("8.8.8.8"), own, is_secure=False)
    False
    >>> is_allowed(ip_address("::ffff:127.0.0.1"), own, is_secure=True)
    False
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in networks):
        return True
    hidden = address.version == 6 and (address not in _ROUTED or any(address in network for network in _HIDING))
    return is_secure and address.is_global and not address.is_multicast and not hidden


def post(url: str, body: bytes, headers: Mapping[str, str], networks: Networks) -> int:
    """Send a body once and return the status of the answer, 2xx; redirects are not followed.

    Raises
    ------
    NotTakenError
        When it was not taken, or may not be sent there.
    """
    target = parse_target(url)
    connection = _Connection(target, _resolved(target, networks))
    end = threading.Timer(MOST_S, connection.abort)
    end.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        status = connection.getresponse().status
    except TimeoutError as error:
        raise NotTakenError(DeliveryProblem.TOO_SLOW) from error
    except ssl.SSLError as error:
        raise NotTakenError(DeliveryProblem.INSECURE) from error
    except (OSError, http.client.HTTPException) as error:
        raise NotTakenError(DeliveryProblem.UNREACHABLE) from error
    finally:
        end.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise NotTakenError(DeliveryProblem.REFUSED, status)
    return status


def _resolved(target: Target, networks: Networks) -> str:
    """Return the first address of a host that may be sent to."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotTakenError(DeliveryProblem.UNRESOLVED) from error
    for *_, place in found:
        address = str(place[0]).partition("%")[0]
        if is_allowed(ip_address(address), networks, is_secure=target.is_secure):
            return address
    raise NotTakenError(DeliveryProblem.FORBIDDEN_ADDRESS)


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name of its host."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_S)
        self._target, self._address = target, address
        if target.is_secure and target.port == 443:
            self.default_port = 443  # the Host header names no port that goes without saying

    def connect(self) -> None:
        """Connect, and agree on keys where the target is secure."""
        connected = socket.create_connection((self._address, self._target.port), TIMEOUT_S)
        if self._target.is_secure:
            connected = ssl.create_default_context().wrap_socket(connected, server_hostname=self._target.host)
        self.sock = connected

    def abort(self) -> None:
        """Break off what is being sent or waited for, from another thread."""
        with suppress(OSError, AttributeError):  # it is not connected yet, or not any more
            self.sock.shutdown(socket.SHUT_RDWR)
