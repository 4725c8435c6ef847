"""The certificates that egressd makes, as strict clients see them, and the clients that do not take them."""

import datetime
import ssl

import pytest

from support.client import inner
from support.client_hello import client_hello
from support.command import run


def _opened(egressd, name="origin.test"):
    client = egressd.inside(name)
    return client, ssl.DER_cert_to_PEM_cert(client.tls.getpeercert(binary_form=True))


def _text(pem):
    return run("openssl", "x509", "-noout", "-text", stdin=pem.encode()).stdout.decode()


def test_the_leaf(start, tls_origin):
    """Made for the one name, short-lived, P-256, for servers only, and no authority itself."""
    egressd = start()
    client, pem = _opened(egressd)
    leaf = client.tls.getpeercert()
    assert leaf["subjectAltName"] == (("DNS", "origin.test"),)
    text = _text(pem)
    assert "ASN1 OID: prime256v1" in text and "ecdsa-with-SHA256" in text
    assert "CA:FALSE" in text and "TLS Web Server Authentication" in text and "Digital Signature" in text
    assert "TLS Web Client Authentication" not in text and "Certificate Sign" not in text
    assert "Authority Key Identifier" in text, "NSS and Java find the issuer by it"
    start_time, end_time = (
        datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(leaf[key]), datetime.timezone.utc)
        for key in ("notBefore", "notAfter")
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    assert start_time < now - datetime.timedelta(minutes=1), "clients whose clock is behind take it too"
    assert now < end_time < now + datetime.timedelta(days=398), "browsers take none that lives longer"
    assert int(leaf["serialNumber"], 16) > 2**63, "CA/Browser Forum: 64 random bits at least"


def test_each_name_has_its_own_serial_and_all_one_key(start, tls_origin, dns):
    dns.set("second.test", "93.184.216.34")
    egressd = start({"allow": ["origin.test", "second.test"]})
    (one, one_pem), (two, two_pem) = _opened(egressd), _opened(egressd, "second.test")
    assert one.tls.getpeercert()["serialNumber"] != two.tls.getpeercert()["serialNumber"]
    keys = {run("openssl", "x509", "-noout", "-pubkey", stdin=pem.encode()).stdout for pem in (one_pem, two_pem)}
    assert len(keys) == 1, "making one costs more than all the rest"


def test_two_installations_have_two_authorities(start, tls_origin):
    one, two = start(), start()
    assert one.ca_file.read_bytes() != two.ca_file.read_bytes()
    with pytest.raises(ssl.SSLCertVerificationError):
        one.client().connect("origin.test:443").start_tls("origin.test", two.ca_file)


def test_an_authority_outlives_its_process(start, tls_origin):
    """The clients have been told whom to trust; a restart does not change that."""
    egressd = start()
    before = egressd.ca_file.read_bytes()
    egressd.stop()
    egressd.start()
    assert egressd.ca_file.read_bytes() == before
    assert egressd.inside().request(inner("GET", "/")).body == b"ok"


def test_the_strictest_check_of_openssl(start, tls_origin):
    """-x509_strict and the purpose check, with the chain and nothing else to trust."""
    egressd = start()
    _, pem = _opened(egressd)
    leaf = egressd.folder / "leaf.pem"
    leaf.write_text(pem)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "origin.test"]
    assert b"OK" in run(*verify, "-no-CApath", "-no-CAstore", "-CAfile", egressd.ca_file, leaf).stdout


def test_openssl_s_client(start, tls_origin):
    egressd = start()
    proxy = egressd.url.removeprefix("http://")
    command = ["openssl", "s_client", "-proxy", proxy, "-connect", "origin.test:443", "-verify_return_error"]
    command += ["-verify_hostname", "origin.test", "-CAfile", egressd.ca_file, "-quiet", "-ign_eof"]
    done = run(*command, stdin=b"GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n")
    assert done.stdout.endswith(b"\r\n\r\nok"), done


def test_no_early_data(start, tls_origin):
    """0-RTT bytes could be replayed by anybody on the path (RFC 8446 8); no ticket of ours allows them."""
    egressd = start()
    proxy = egressd.url.removeprefix("http://")
    command = ["openssl", "s_client", "-proxy", proxy, "-connect", "origin.test:443", "-CAfile", egressd.ca_file, "-ign_eof"]
    done = run(*command, stdin=b"GET / HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n", code=None)
    assert b"Max Early Data: 0" in done.stdout, done.stdout.decode()


def _assert_rejected(egressd, origin):
    end = egressd.wait_for_records(proto="connect")[0]
    assert end["reason"] == "tls-client-rejected" and end["host"] == "origin.test", end
    assert "origin.test" in end["detail"] and "tls: tunnel" in end["detail"] and "egressd env" in end["detail"], end
    assert origin.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_trust_our_authority(start, tls_origin, authority, version):
    """Its alert is on record, with the host and what can be done."""
    egressd = start()
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.minimum_version = context.maximum_version = version
    client = egressd.client().connect("origin.test:443")
    with pytest.raises(ssl.SSLCertVerificationError):
        client.start_tls("origin.test", None, context=context)
    _assert_rejected(egressd, tls_origin)


def test_a_client_that_only_closes_when_it_sees_our_certificate(start, tls_origin):
    """Some clients send no alert."""
    egressd = start()
    client = egressd.client().connect("origin.test:443")
    client.send(client_hello())
    client.read_exactly(6)
    client.close()
    _assert_rejected(egressd, tls_origin)


def test_curl_that_does_not_trust_us(start, tls_origin):
    egressd = start()
    run("curl", "-sS", "https://origin.test/", proxy=egressd.url, code=60)
    _assert_rejected(egressd, tls_origin)
