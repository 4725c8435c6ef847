"""A ClientHello written by hand (RFC 8446 4.1.2), with every freedom that a hostile client has: names, records, sizes."""

import struct

SERVER_NAME, ALPN, PADDING, VERSIONS, ECH = 0, 16, 21, 43, 0xFE0D


def _vector(width, content):
    return len(content).to_bytes(width, "big") + content


def extension(kind, content):
    return struct.pack(">H", kind) + _vector(2, content)


def server_name(*names, kind=0):
    """One server_name extension with all `names` in its list (RFC 6066 3)."""
    entries = b"".join(bytes([kind]) + _vector(2, name if isinstance(name, bytes) else name.encode()) for name in names)
    return extension(SERVER_NAME, _vector(2, entries))


def handshake(extensions, legacy_version=0x0303):
    body = (
        struct.pack(">H", legacy_version)
        + bytes(range(32))
        + _vector(1, bytes(32))
        + _vector(2, b"\x13\x01\x13\x02\xc0\x2f")
        + _vector(1, b"\x00")
        + _vector(2, b"".join(extensions))
    )
    return b"\x01" + _vector(3, body)


def records(message, size=16384):
    return b"".join(b"\x16\x03\x01" + _vector(2, message[at : at + size]) for at in range(0, len(message), size))


def client_hello(
    names=("origin.test",),
    *,
    twice=False,
    name_type=0,
    padding=0,
    record=16384,
    ech=False,
    alpn=(),
    versions=(0x0304,),
    legacy_version=0x0303,
):
    """`twice` puts each name into an extension of its own; `record` is the size of a TLS record; without `versions` `legacy_version` counts."""
    extensions = [
        extension(10, b"\x00\x02\x00\x1d"),
        extension(13, b"\x00\x04\x04\x03\x08\x04"),
        extension(51, _vector(2, b"\x00\x1d" + _vector(2, bytes(range(1, 33))))),
    ]
    if twice:
        extensions += [server_name(name, kind=name_type) for name in names]
    elif names:
        extensions.append(server_name(*names, kind=name_type))
    if ech:
        extensions.append(extension(ECH, b"\x00" + bytes(4) + b"\x01" + _vector(2, bytes(32)) + _vector(2, bytes(96))))
    if versions:
        offered = b"".join(struct.pack(">H", version) for version in versions)
        extensions.append(extension(VERSIONS, _vector(1, offered)))
    if alpn:
        protocols = b"".join(_vector(1, protocol.encode()) for protocol in alpn)
        extensions.append(extension(ALPN, _vector(2, protocols)))
    if padding:
        extensions.append(extension(PADDING, bytes(padding)))
    return records(handshake(extensions, legacy_version), record)
