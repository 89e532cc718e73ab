"""Where a line's SIP account comes from, and what a configuration entry keeps of it."""

import base64
from collections.abc import Mapping
import contextlib
from enum import StrEnum
import re
import ssl
from typing import Any, Final
from uuid import UUID, uuid5

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.util.ssl import client_context, client_context_no_verify, create_client_context

from ..cloud import Provision, SipInfo
from ..const import (
    CONF_AUTHORIZATION_ID,
    CONF_CA,
    CONF_DOMAIN,
    CONF_PROVISION,
    CONF_PROXY,
    CONF_SOURCE,
    CONF_TRANSPORT,
    CONF_VERIFY,
    USER_AGENT,
)
from ..softphone import Account, Proxy, Transport

# RingCentral shows its devices' proxies with a port; these are the usual ones.
RINGCENTRAL_PORTS: Final = {Transport.TCP: 5090, Transport.TLS: 5096}
SIP_PORTS: Final = {transport: transport.default_port for transport in Transport}

# The body of a certificate in PEM (RFC 7468); between its lines there may be anything that a browser made of them.
_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", re.ASCII
)
# What the instances of this integration's lines are derived from.
_INSTANCES: Final = UUID("5c0e1c1b-8a4e-4f0e-9a57-3f6f0c1d7b52")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")


class Source(StrEnum):
    """The ways to an account; also the steps of the configuration flow's menu."""

    BROWSER = "browser"
    RINGCENTRAL = "ringcentral"
    DEVICE = "device"
    SIP = "sip"


# Signed in to, so that RingCentral says what registers the line.
SIGNED_IN: Final = frozenset({Source.BROWSER, Source.RINGCENTRAL})


def account_of(data: Mapping[str, Any], entry_id: str | None = None) -> Account:
    """Return what a line registers with; raises ValueError for what no phone can use.

    A line has the id of its entry, by which its registrations take each other's place. A trial has none: it must not
    take the place of the line that is at work.
    """
    if data[CONF_SOURCE] in SIGNED_IN:
        provision = Provision.from_dict(data[CONF_PROVISION])
        info = provision.sip_info[0]
        transport = Transport.TLS if info.transport == "TLS" else Transport.TCP
        return Account(
            username=info.username,
            password=info.password,
            authorization_id=info.authorization_id,
            domain=info.domain,
            proxies=_proxies(info),
            user_agent=USER_AGENT,
            transport=transport,
            # Who wants nobody to listen in wants that of the sound too; and keys never go in the clear.
            require_srtp=transport is Transport.TLS,
            instance_id=_instance_id(entry_id, info.authorization_id),
            switch_back_interval=info.switch_back_interval,
            error_codes=frozenset(provision.sip_error_codes),
        )
    return Account(
        username=data[CONF_USERNAME],
        password=data[CONF_PASSWORD],
        authorization_id=data[CONF_AUTHORIZATION_ID],
        domain=data[CONF_DOMAIN],
        proxies=(Proxy.parse(data[CONF_PROXY]),),
        user_agent=USER_AGENT,
        transport=Transport(data[CONF_TRANSPORT]),
        # Who wants nobody to listen in wants that of the sound too; and keys never go in the clear.
        require_srtp=data[CONF_TRANSPORT] == Transport.TLS,
        instance_id=_instance_id(entry_id, data[CONF_AUTHORIZATION_ID]),
    )


def wants_encryption(data: Mapping[str, Any]) -> bool:
    """Return whether a line of somebody signed in is encrypted where RingCentral offers that; so it is unless declined."""
    return data.get(CONF_TRANSPORT) != Transport.TCP


def tls_of(data: Mapping[str, Any]) -> ssl.SSLContext:
    """Return what decides whom a line believes, should it speak TLS; blocks, for it may read files.

    Who names a certificate authority of their own adds it to those that everybody believes.
    """
    if not data.get(CONF_VERIFY, True):
        return client_context_no_verify()
    if not (authority := data.get(CONF_CA)):
        return client_context()
    context = create_client_context()
    context.load_verify_locations(cadata=authority)
    # Authorities made at home often lack what RFC 5280 wants besides a name and a signature.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def certificates_in(text: str) -> str:
    """Return the certificates of a PEM text and nothing else of it; raises ValueError when none can be read.

    A private key beside them, which nobody should have pasted, is left out.
    """
    ders = [base64.b64decode(body) for body in _CERTIFICATE.findall(text)]
    pem = "".join(map(ssl.DER_cert_to_PEM_cert, ders))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except ssl.SSLError as error:
        raise ValueError("This is no certificate") from error
    return pem


def registers_as(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells a server that two lines are one: only the newest of them would ring."""
    if data[CONF_SOURCE] in SIGNED_IN:
        info = Provision.from_dict(data[CONF_PROVISION]).sip_info[0]
        return info.authorization_id, info.domain.lower()
    return data[CONF_AUTHORIZATION_ID], data[CONF_DOMAIN].lower()


def _instance_id(entry_id: str | None, authorization_id: str) -> str | None:
    """Return the same for ever for a device of a line (RFC 5626 §4.1).

    Another device of the same line is another instance: RingCentral refuses one that it knows of another device.
    """
    return None if entry_id is None else uuid5(_INSTANCES, f"{entry_id} {authorization_id}").urn


def _proxies(info: SipInfo) -> tuple[Proxy, ...]:
    """Return the proxies in order; raises ValueError when the first is none. A stand-in that is none is left out."""
    proxies = [Proxy.parse(info.outbound_proxy)]
    for stand_in in (info.outbound_proxy_backup, info.outbound_proxy_ipv6, info.outbound_proxy_ipv6_backup):
        with contextlib.suppress(ValueError):
            proxies.append(Proxy.parse(stand_in or ""))
    return tuple(dict.fromkeys(proxies))


def with_port(address: str, port: int) -> str:
    """Return host:port of an address that may lack its port; raises ValueError for what is no address."""
    host, stated = without_port(address), address.strip()
    if not _HOST.fullmatch(host):
        raise ValueError("An address is a host name or a number")
    proxy = Proxy.parse(stated if stated != host else f"{host}:{port}")
    return f"{host}:{proxy.port}"


def without_port(address: str) -> str:
    """Return the host of an address that may have a port."""
    host, _, port = address.strip().rpartition(":")
    return host if host and port.isdigit() else address.strip()
