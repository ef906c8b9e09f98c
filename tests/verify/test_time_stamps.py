# SPDX-License-Identifier: Apache-2.0
"""Time stamps in a record: judged by certificates that whoever verifies was given, and never a verdict (P8)."""

from __future__ import annotations

import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from goodoffices.core.errors import GoodOfficesError
from goodoffices.core.readable.texts import texts
from goodoffices.verify.command import BadTrustFile, main, read_authorities, read_trust, read_witnesses
from goodoffices.verify.stamps import Authorities
from goodoffices.verify.verifier import Verdict, verify
from tests.verify.channel import Channel, exported, sign_again
from tests.verify.second import Second
from tests.verify.test_checkpoints import mine, put

_CONFIG = """[req]
distinguished_name=dn
prompt=no
[dn]
CN=NAME
[ca]
basicConstraints=critical,CA:TRUE
[leaf]
basicConstraints=CA:FALSE
extendedKeyUsage=critical,timeStamping
[t]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
"""


class Authority:
    """A time stamp authority with a certificate of an issuer's, made of the system's openssl."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01\n")
        new = "openssl req -new -newkey rsa:2048 -nodes -keyout {0}.key -config {0}.cnf "
        for name, more in (
            ("issuer", "-x509 -days 30 -extensions ca -out issuer.pem"),
            ("tsa", "-out tsa.csr"),
        ):
            (folder / f"{name}.cnf").write_text(_CONFIG.replace("NAME", f"The {name} of a test"))
            self.run(new.format(name) + more)
        self.run(
            "openssl x509 -req -in tsa.csr -CA issuer.pem -CAkey issuer.key -CAcreateserial -days 30"
            " -extfile tsa.cnf -extensions leaf -out tsa.pem"
        )

    def run(self, words: str) -> None:
        subprocess.run(words.split(), check=True, cwd=self.folder, capture_output=True)

    def stamp(self, text: bytes) -> bytes:
        """A time stamp over ``text``, as the desk keeps it, with the authority's certificate in it."""
        builder = TimestampRequestBuilder().data(text).hash_algorithm(HashAlgorithm.SHA256)
        (self.folder / "query").write_bytes(builder.cert_request(cert_request=True).build().as_bytes())
        self.run(
            "openssl ts -reply -queryfile query -config tsa.cnf -section t -signer tsa.pem -inkey tsa.key -out reply"
        )
        return (self.folder / "reply").read_bytes()

    def revoking(self, reason: x509.ReasonFlags | None, when: timedelta) -> str:
        """The issuer's list, by which the authority's certificate was revoked so long after now."""
        issuer = x509.load_pem_x509_certificate(self.pem("issuer").encode())
        serial = x509.load_pem_x509_certificate(self.pem("tsa").encode()).serial_number
        at = issuer.not_valid_before_utc + when
        row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        if reason is not None:
            row = row.add_extension(x509.CRLReason(reason), critical=False)
        made = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
        made = made.last_update(at).next_update(at + timedelta(days=1))
        key = load_pem_private_key((self.folder / "issuer.key").read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        signed = made.add_revoked_certificate(row.build()).sign(key, SHA256())
        return signed.public_bytes(Encoding.PEM).decode()

    def pem(self, name: str) -> str:
        return (self.folder / f"{name}.pem").read_text()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "tsa")


@pytest.fixture(scope="module")
def stamp(authority: Authority) -> bytes:
    return authority.stamp(b"text")


@pytest.fixture(scope="module")
def folder(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tehran's record, one of whose checkpoints was stamped; another has a time stamp of something else."""
    channel = Channel()
    channel.week()
    for node in channel.nodes:
        node.desk.checkpoints.now(channel.tick())
        channel.pump()
    made = exported(channel.east, tmp_path_factory.mktemp("record") / "export", channel.now)
    for writer, about in (("tehran", None), ("bern", b"something else")):
        path, checkpoint = mine(made, writer)
        stamped = authority.stamp(checkpoint.text if about is None else about)
        put(made, path, checkpoint.with_more(stamps=[stamped]), channel.east)
    account = verify(made).account
    assert account is not None
    (text,) = (rows for name, rows in texts(account) if name.endswith("checkpoints.txt"))
    next((made / "lines").glob("*/checkpoints.txt")).write_text("".join(text), encoding="utf-8")
    sign_again(made, channel.east)
    return made


def judged(folder: Path, certificates: str) -> Verdict:
    return verify(folder, authorities=Authorities(certificates.encode()).judge)


def test_an_authority_in_the_trust_file_is_named_with_what_it_stamped_and_when(
    folder: Path, authority: Authority
) -> None:
    """P8. And nothing that does not hold makes a sound record false."""
    told = judged(folder, authority.pem("issuer"))
    assert told.findings == ()
    about = [each for each in told.remarks if "time stamp" in each]
    (stamped,) = (each for each in about if "CN=The tsa of a test stamped Tehran's entries 1 to" in each)
    assert stamped.endswith("Z.")
    assert any("under no checkpoint that a trusted time stamp authority stamped" in each for each in about)
    assert any("1 time stamp holds by no certificate in the trust file" in each for each in about)


def test_a_stranger_among_authorities_says_nothing(folder: Path, tmp_path: Path) -> None:
    """P8"""
    told = judged(folder, Authority(tmp_path / "other").pem("issuer"))
    assert told.findings == ()
    assert any("2 time stamps hold by no certificate" in each for each in told.remarks)
    assert not any("stamped Tehran's entries" in each for each in told.remarks)


def test_the_command_takes_certificates_beside_fingerprints(
    folder: Path, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = verify(folder).account
    assert account is not None
    known = "".join(f"{office.hex()} an office\n" for office in account.offices)
    (tmp_path / "trust").write_text(f"# ours\n{authority.pem('issuer')}{known}")
    assert main([str(folder), "--trust", str(tmp_path / "trust")]) == 0
    assert "the time stamp authority CN=The tsa of a test stamped" in capsys.readouterr().out
    assert read_witnesses(tmp_path / "trust") == ()
    assert len(read_trust(tmp_path / "trust")) == len(account.offices)


SOON, LATER = timedelta(0), timedelta(days=20)


@pytest.mark.parametrize(
    ("reason", "when", "counts"),
    [
        (None, LATER, False),
        (x509.ReasonFlags.key_compromise, LATER, False),
        (x509.ReasonFlags.superseded, SOON, False),
        (x509.ReasonFlags.superseded, LATER, True),
    ],
)
def test_a_revoked_certificate_counts_only_for_what_it_stamped_before_and_if_its_key_was_not_stolen(
    folder: Path,
    authority: Authority,
    tmp_path: Path,
    reason: x509.ReasonFlags | None,
    when: timedelta,
    counts: bool,
) -> None:
    """P8: RFC 3161 §4.1. Told, and no finding."""
    (tmp_path / "trust").write_text(authority.revoking(reason, when) + authority.pem("issuer"))
    told = verify(folder, authorities=read_authorities(tmp_path / "trust"))
    assert told.findings == ()
    assert any("stamped Tehran's entries" in each for each in told.remarks) == counts
    revoked = "1 time stamp is by a certificate that was revoked, and not counted."
    assert any(each.endswith(revoked) for each in told.remarks) != counts


def test_a_list_that_somebody_else_signed_revokes_nothing(
    folder: Path, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    (other.folder / "tsa.pem").write_text(authority.pem("tsa"))
    (tmp_path / "trust").write_text(other.revoking(None, SOON) + authority.pem("issuer"))
    told = verify(folder, authorities=read_authorities(tmp_path / "trust"))
    assert any("stamped Tehran's entries" in each for each in told.remarks)


@pytest.mark.slow
def test_the_second_verifier_passes_over_certificates(
    folder: Path, authority: Authority, second: Second
) -> None:
    """P8: it judges no time stamp, and takes the same trust file."""
    account = verify(folder).account
    assert account is not None
    known = "".join(f"{office.hex()} an office\n" for office in account.offices)
    told = second.judge(folder, authority.revoking(None, SOON) + authority.pem("issuer") + known)
    assert (told["verdict"], told["compared_with_trust"], told["findings"]) == ("verified", True, [])


def test_what_is_no_certificate_and_no_list_is_refused(authority: Authority, tmp_path: Path) -> None:
    """P12"""
    (tmp_path / "trust").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(BadTrustFile, match="certificate"):
        read_authorities(tmp_path / "trust")
    with (tmp_path / "trust").open("w") as file:
        file.write(authority.pem("issuer") + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    with pytest.raises(BadTrustFile, match="list of revoked certificates"):
        read_authorities(tmp_path / "trust")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_malformed_gets_through(authority: Authority, stamp: bytes, seed: int) -> None:
    """P12: a byte changed or cut is refused, and nothing else is raised."""
    judge, rng = Authorities(authority.pem("issuer").encode()).judge, random.Random(seed)
    name, at = judge(stamp, b"text")
    assert name == "CN=The tsa of a test"
    for _ in range(150):
        place = rng.randrange(len(stamp))
        changed = stamp[:place] + bytes([stamp[place] ^ 1 << rng.randrange(8)]) + stamp[place + 1 :]
        for other in (changed, stamp[:place]):
            try:
                assert judge(other, b"text") == (name, at)  # a byte that nobody signed
            except GoodOfficesError:
                continue
