"""Which network addresses a customer's endpoint may have: those of the public internet. Pure.

Written out instead of taken from `ipaddress.is_global`, whose answers differ between versions of Python.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_UNICAST = IPv6Network("2000::/3")
_NOT_UNICAST = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments; Teredo, which carries an IPv4 address inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """text: an address as sockets write it. False for whatever is no address. One that carries an IPv4 address counts as that."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _public4(address)
    if address.ipv4_mapped is not None:
        return _public4(address.ipv4_mapped)
    if address in _NAT64:
        # A network without IPv4 reaches the rest of the world this way.
        return _public4(IPv4Address(int(address) & 0xFFFFFFFF))
    return _public6(address)


def _public4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC)


def _public6(address: IPv6Address) -> bool:
    return address in _UNICAST and not any(address in network for network in _NOT_UNICAST)
