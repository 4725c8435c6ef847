"""Certificate authorities and certificates for one test run, made with the openssl command: good ones, and whatever a caller asks for by
dates, digest, key and extensions. What makes one bad is bad_certificates.py's subject."""

import datetime
import itertools
import subprocess

CA_EXTENSIONS = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
EC, RSA = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("rsa:2048",)

# `openssl ca` and not `openssl x509`, because only it takes a date of the caller's own for the beginning.
CONFIG = """
[ca]
default_ca = this
[this]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
email_in_dn = no
policy = any
[any]
commonName = optional
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def alternative_names(*names):
    """The line of a subjectAltName extension; a name that reads as an address is one."""
    kinds = ["IP" if ":" in name or name.replace(".", "").isdigit() else "DNS" for name in names]
    return "subjectAltName=" + ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names))


def days_from_now(days):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)


def self_signed(folder, name, extensions, *, key=EC):
    """(certificate, key) that nobody else has signed."""
    folder.mkdir(exist_ok=True)
    certificate, key_file = folder / "self.pem", folder / "self.key"
    added = [part for extension in extensions for part in ("-addext", extension)]
    request = ["req", "-x509", "-newkey", *key, "-nodes", "-days", 30, "-subj", f"/CN={name}", *added]
    openssl(*request, "-keyout", key_file, "-out", certificate)
    return certificate, key_file


class Authority:
    """A root, or below `issuer` an intermediate. `certificate` is what a client trusts; issue() makes leaves under it."""

    def __init__(self, folder, name="test authority", *, issuer=None, extensions=CA_EXTENSIONS):
        folder.mkdir(exist_ok=True)
        self.folder, self._numbers = folder, itertools.count(1)
        self._config, self._extensions = folder / "ca.cnf", folder / "extensions"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "index").write_text("")
        if issuer:
            self.certificate, self._key = issuer.sign(name, extensions)
        else:
            self.certificate, self._key = self_signed(folder, name, extensions)

    def sign(self, name, extensions, *, start=-1, end=30, digest="sha256", key=EC):
        """(certificate, key) with the common name `name` and exactly these extensions, valid from day `start` to day `end` from now."""
        base = self.folder / str(next(self._numbers))
        certificate, key_file, request = (base.with_suffix(suffix) for suffix in (".pem", ".key", ".csr"))
        self._extensions.write_text("\n".join(extensions) + "\n")
        openssl("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}", "-keyout", key_file, "-out", request)
        dates = [days_from_now(days).strftime("%Y%m%d%H%M%SZ") for days in (start, end)]
        command = ["ca", "-batch", "-notext", "-config", self._config, "-cert", self.certificate, "-keyfile", self._key]
        command += ["-in", request, "-startdate", dates[0], "-enddate", dates[1], "-md", digest]
        openssl(*command, "-extfile", self._extensions, "-out", certificate)
        return certificate, key_file

    def issue(self, *names, more=(), **how):
        """(certificate, key) of a server with these names; `more` extensions, and sign()'s own arguments."""
        return self.sign(names[0], ["basicConstraints=CA:FALSE", alternative_names(*names), *more], **how)

    def chain(self, leaf):
        """`leaf`, as issue() returned it, with this authority's own certificate behind it in one file."""
        certificate, key = leaf
        chained = certificate.with_suffix(".chain")
        chained.write_bytes(certificate.read_bytes() + self.certificate.read_bytes())
        return chained, key
