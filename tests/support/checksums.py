"""The checksums inside token formats, from their published facts alone: what egressd's own code is measured against."""

import base64
import hashlib
import zlib

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
BASE36 = DIGITS + LOWER
BASE62 = DIGITS + UPPER + LOWER
BASE62_LOWER_FIRST = DIGITS + LOWER + UPPER
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def crc32(text):
    return zlib.crc32(text.encode())


def in_base(number, alphabet, width=0):
    text = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        text = alphabet[digit] + text
    return text.rjust(width, alphabet[0])


def crc32_base64(text):
    """Confluent: the little-endian bytes in standard base64, without the padding."""
    return base64.b64encode(crc32(text).to_bytes(4, "little")).decode()[:6]


def github_fine(text):
    """Eight characters of the SHA-256 of all before them."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:8]


def base58check(payload):
    tail = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    zeros = len(payload) - len(payload.lstrip(b"\0"))
    return "1" * zeros + in_base(int.from_bytes(payload + tail, "big"), BASE58)


def bech32(prefix, data):
    """What follows `prefix` and '1': the bytes in groups of five bits and six characters of checksum (BIP 173)."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    human = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    total = 1
    for value in human + values + [0] * 6:
        top, total = total >> 25, (total & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                total ^= generator
    total ^= 1
    return "".join(_BECH32[value] for value in values + [total >> 5 * (5 - at) & 31 for at in range(6)])


def crc16_xmodem(data):
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def nkey_seed(kind, seed):
    """A NATS seed: two bytes that hold 'S' and the kind (five bits each), 32 bytes, CRC-16 in little-endian, base32."""
    alphabet = UPPER + "234567"
    first, second = alphabet.index("S") << 3, alphabet.index(kind) << 3
    body = bytes([first | second >> 5, (second & 31) << 3]) + seed
    return base64.b32encode(body + crc16_xmodem(body).to_bytes(2, "little")).decode().rstrip("=")


def azure_devops(data, key):
    """A classic Azure DevOps token: in 28 bytes, the CRC32 of them XOR `key` is put at places 22, 8, 7, 2 of 32."""
    low_first = (zlib.crc32(data) ^ key).to_bytes(4, "little")
    places = dict(zip((22, 8, 7, 2), low_first))
    rest = iter(data)
    mixed = bytes(places[at] if at in places else next(rest) for at in range(32))
    return base64.b32encode(mixed).decode().rstrip("=").lower()


def luhn(digits):
    """The digit that makes `digits` a card number."""
    total = 0
    for at, char in enumerate(reversed(digits)):
        value = int(char) * (2 if at % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def iban(country, account):
    """The two check digits (ISO 13616)."""
    number = int("".join(str(int(char, 36)) for char in account + country + "00"))
    return f"{98 - number % 97:02d}"
