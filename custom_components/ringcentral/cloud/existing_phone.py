"""An "Existing Phone": a device an administrator made, for a telephone that is set up by hand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from .fields import JsonObject, items, obj, optional_text, text
from .models import HOST_AND_PORT, TCP, TLS, Provision, SipInfo
from .regions import NEAREST_FIRST, Region

_TYPE: Final = "OtherPhone"


@dataclass(frozen=True, slots=True)
class ExistingPhone:
    """One of the user's, as the device list shows it. The number is its direct one, if it has any."""

    id: str = field(repr=False)
    name: str | None = field(repr=False)
    number: str | None = field(default=None, repr=False)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a record of the device list. Raise ValueError when it isn't one."""
        record = obj(data, "device")
        return cls(
            # It becomes part of an address.
            id=str(int(text(record, "id"))),
            name=optional_text(record, "name"),
            number=next(_numbers(record), None),
        )


def existing_phones(listed: Iterable[object]) -> tuple[ExistingPhone, ...]:
    """Return those among the records of `GET …/extension/~/device`. Raise ValueError when one isn't a record."""
    records = [obj(record, "device") for record in listed]
    return tuple(ExistingPhone.from_dict(record) for record in records if record.get("type") == _TYPE)


def provision_of(device_id: str, data: JsonObject, near: Region, *, encrypted: bool = True) -> Provision:
    """Return what registers the device, from the answer of `GET …/device/{id}/sip-info`.

    The proxies of the nearest region come first; the next one stands in. An encrypted proxy far away is better than a
    plain one nearby, unless `encrypted` says that there should be none.

    Raises:
        ValueError: when `data` is anything else, or has no proxy.
    """
    order = {region.value: place for place, region in enumerate(NEAREST_FIRST[near])}
    offered = sorted(
        (obj(proxy, "outboundProxies") for proxy in items(data, "outboundProxies")),
        key=lambda proxy: order.get(str(proxy.get("region")), len(order)),
    )
    secure = [address for proxy in offered if (address := optional_text(proxy, "proxyTLS")) is not None]
    plain = [address for proxy in offered if (address := optional_text(proxy, "proxy")) is not None]
    chosen, transport = (secure, TLS) if secure and (encrypted or not plain) else (plain, TCP)
    proxies = [address for address in chosen if HOST_AND_PORT.fullmatch(address)]
    if not proxies:
        raise ValueError("outboundProxies has no host:port")
    info = SipInfo(
        username=text(data, "userName"),
        password=text(data, "password"),
        authorization_id=text(data, "authorizationId"),
        domain=text(data, "domain"),
        outbound_proxy=proxies[0],
        outbound_proxy_backup=proxies[1] if len(proxies) > 1 else None,
        transport=transport,
    )
    return Provision(device_id=device_id, sip_info=(info,), existing=True)


def _numbers(record: JsonObject) -> Iterator[str]:
    for line in items(record, "phoneLines"):
        info = obj(obj(line, "phoneLines").get("phoneInfo") or {}, "phoneInfo")
        if (number := optional_text(info, "phoneNumber")) is not None:
            yield number
