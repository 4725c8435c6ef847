"""Origins that no client should talk to, each wrong in one way only. The words are of the message that must name the failed check."""

import ssl
from dataclasses import dataclass

from .certificates import Authority, alternative_names, self_signed
from .origin import tls_context

NAME = "origin.test"


@dataclass
class Bad:
    make: callable  # of the trusted root and an empty folder: (certificate, key)
    words: tuple  # one of them stands in the message
    host: str = NAME


def _under_foreign_root(_, folder):
    return Authority(folder, "nobody's authority").issue(NAME)


def _chained_to_foreign_root(_, folder):
    authority = Authority(folder, "nobody's authority")
    return authority.chain(authority.issue(NAME))


def _without_intermediate(root, folder):
    return Authority(folder, "intermediate", issuer=root).issue(NAME)


def _leaf_as_authority(root, folder):
    """Whoever has any certificate of a public authority could otherwise make one for any name."""
    leaf = Authority(folder, "any.test", issuer=root, extensions=("basicConstraints=critical,CA:FALSE",))
    return leaf.chain(leaf.issue(NAME))


def _outside_constraints(root, folder):
    constraint = "nameConstraints=critical,permitted;DNS:other.test"
    extensions = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign", constraint)
    authority = Authority(folder, "constrained", issuer=root, extensions=extensions)
    return authority.chain(authority.issue(NAME))


def _expired_intermediate(root, folder):
    authority = Authority(folder, "intermediate", issuer=root)
    authority.certificate, authority._key = root.sign("intermediate", ["basicConstraints=CA:TRUE"], start=-9, end=-1)
    return authority.chain(authority.issue(NAME))


NAMES = ("name", "match")
TRUST = ("issuer", "self-signed", "self signed", "trust")

BAD = {
    "expired": Bad(lambda root, _: root.issue(NAME, start=-10, end=-1), ("expired",)),
    "not-yet-valid": Bad(lambda root, _: root.issue(NAME, start=1), ("not yet valid", "not valid yet")),
    "self-signed": Bad(lambda _, folder: self_signed(folder, NAME, [alternative_names(NAME)]), TRUST),
    "wrong-name": Bad(lambda root, _: root.issue("other.test"), NAMES),
    "longer-name": Bad(lambda root, _: root.issue("origin.test.evil.test"), NAMES),
    "address-only": Bad(lambda root, _: root.issue("93.184.216.34"), NAMES),
    "common-name-only": Bad(lambda root, _: root.sign(NAME, ["basicConstraints=CA:FALSE"]), NAMES),
    "wildcard-two-labels": Bad(lambda root, _: root.issue("*.origin.test"), NAMES, host="a.b.origin.test"),
    "wildcard-apex": Bad(lambda root, _: root.issue("*.origin.test"), NAMES),
    "wildcard-within-label": Bad(lambda root, _: root.issue("o*n.test"), NAMES),
    "untrusted": Bad(_under_foreign_root, TRUST),
    "untrusted-with-root": Bad(_chained_to_foreign_root, TRUST),
    "missing-intermediate": Bad(_without_intermediate, TRUST),
    "leaf-as-authority": Bad(_leaf_as_authority, ("CA certificate", "authority")),
    "expired-intermediate": Bad(_expired_intermediate, ("expired",)),
    "outside-constraints": Bad(_outside_constraints, ("subtree", "constraint")),
    "sha1": Bad(lambda root, _: root.issue(NAME, digest="sha1", key=("rsa:2048",)), ("weak", "digest")),
    "rsa-1024": Bad(lambda root, _: root.issue(NAME, key=("rsa:1024",)), ("weak", "small")),
    "client-purpose": Bad(lambda root, _: root.issue(NAME, more=["extendedKeyUsage=clientAuth"]), ("purpose", "meant for servers")),
    "unknown-critical": Bad(lambda root, _: root.issue(NAME, more=["1.2.3.4=critical,DER:0500"]), ("critical",)),
}


def lenient_context(certificate, key, **versions):
    """A server that shows what OpenSSL's own security level would refuse to load or to speak."""
    context = tls_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    for bound, version in versions.items():
        setattr(context, bound, version)
    context.load_cert_chain(certificate, key)
    return context


OLD_VERSIONS = {
    "TLS 1.0": {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1},
    "TLS 1.1": {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1},
}
