# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk setup``: from nothing to a desk that starts with its machine, by few questions."""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import pwd
import shlex
import shutil
import ssl
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click
import segno

from goodoffices.cli.certificate import AUTHORITY, CHAIN, KEY, TLS, issue
from goodoffices.cli.desk import desk
from goodoffices.cli.office import new
from goodoffices.cli.output import aside, say, secret_lines, write_new
from goodoffices.cli.units import desk_unit, relay_unit
from goodoffices.core.certificates import names_in
from goodoffices.core.errors import MachineError, YourError
from goodoffices.core.office import Right
from goodoffices.desk.presence.people import people
from goodoffices.desk.routes.admittance import AUTHORITIES, SECRETS
from goodoffices.desk.routes.relay_client import check_relay_url
from goodoffices.desk.service import desk_of
from goodoffices.desk.vault.files import on_disk, write_private
from goodoffices.desk.vault.vault import open_vault
from goodoffices.drill.scene.processes import Server

FILE = click.Path(dir_okay=False, path_type=Path)
CARD = "Good Offices relay. Whoever has this can make mailboxes there: hand it to your counterpart alone."
ALONE = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names by which nothing but this machine itself reaches a desk."""
BEGIN = "-----BEGIN CERTIFICATE-----"
WHY = {
    "office": "What counterparts see of you. It is signed into the office's credential and cannot be changed later.",
    "officer": "Who signs in here; counterparts see a number instead. Further ones come with --officer, or later on"
    " the page Officers.",
    "root": "The root signs every change of keys. It is written to this file once. Put it on a stick or a disk that"
    " does not stay here.",
    "host": "By this name browsers and telephones reach the desk, and counterparts a relay beside it. Passkeys need a"
    " name; an address will do without. localhost: from this machine alone.",
}


@dataclass(frozen=True)
class Place:
    """What setup has laid out."""

    folder: Path

    @property
    def vault(self) -> Path:
        return self.folder / "vault"

    @property
    def tls(self) -> Path:
        return self.folder / TLS

    @property
    def admission(self) -> Path:
        return self.folder / "admission"

    @property
    def trusted(self) -> Path:
        """The authorities of the relays that this desk uses."""
        return self.folder / AUTHORITIES

    @property
    def secrets(self) -> Path:
        """What those relays ask for before they make a mailbox."""
        return self.folder / SECRETS

    @property
    def card(self) -> Path:
        """What counterparts need to use the relay here."""
        return self.folder / "relay-card.txt"

    @property
    def relay(self) -> Path:
        return self.folder / "relay.db"


@desk.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--office", "office_name", help="The office's name, as its counterparts will see it.")
@click.option(
    "--officer", "officers", multiple=True, help="NAME, or NAME=right,right. Repeat for each officer."
)
@click.option("--root", "root_file", type=FILE, help="Where the root is exported: not on this machine.")
@click.option("--passphrase-file", type=FILE, help="One passphrase a line, in the officers' order.")
@click.option(
    "--token", type=FILE, help="PKCS#11 module: the first officer's key is made on a token and stays there."
)
@click.option("--token-label", help="Which token, where this machine has several.")
@click.option("--host-name", help="The name by which browsers reach the desk.")
@click.option("--tls-cert", type=FILE, help="A certificate chain that you have; otherwise one is made.")
@click.option("--tls-key", type=FILE, help="Its key.")
@click.option("--listen", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104
@click.option("--port", default=8443, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--with-relay", is_flag=True, help="A relay beside the desk, for counterparts to reach.")
@click.option(
    "--use-relay", "cards", multiple=True, type=FILE, help="A relay's card, from whoever runs it. Repeat."
)
@click.option("--relay-port", default=8444, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--user", default=None, help="Who runs the services; you, if left out.")
def setup(
    folder: Path,
    office_name: str | None,
    officers: tuple[str, ...],
    root_file: Path | None,
    passphrase_file: Path | None,
    token: Path | None,
    token_label: str | None,
    host_name: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    listen: str,
    port: int,
    with_relay: bool,
    cards: tuple[Path, ...],
    relay_port: int,
    user: str | None,
) -> None:
    """Set a desk up in FOLDER: office, certificate, services, a first start. What is there already is kept."""
    place, owner = Place(folder.resolve()), user or getpass.getuser()
    _check_owner(owner)
    if (tls_cert is None) != (tls_key is None):
        raise YourError(
            "A certificate and its key go together.", "Give --tls-cert and --tls-key, or neither."
        )
    with on_disk(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _hand_over(place.folder, getpass.getuser())  # from whom an earlier run as root gave it to
    if place.vault.exists():
        say(f"office    kept as it is in {place.vault}")
    else:
        secret: dict[str, object] = {
            "passphrase_file": passphrase_file,
            "token": token,
            "token_label": token_label,
        }
        _found(place, office_name, officers, root_file, secret)
    lines, keeper = _standing(place.vault)
    before = names_in((place.tls / CHAIN).read_bytes()) if (place.tls / CHAIN).exists() else []
    name = host_name or _ask("host", "Host name of the desk", default=next(iter(before), "localhost"))
    cert, key = tls_cert, tls_key
    if cert is None or key is None:
        cert, key = place.tls / CHAIN, place.tls / KEY
        _certify(place, name, before)
    if with_relay and not place.admission.exists():
        write_new(place.admission, os.urandom(24).hex().encode() + b"\n")
    urls = _relays(place, cards, f"https://{name}:{relay_port}" if with_relay else None, own=tls_cert is None)
    words = _desk_words(place, cert, key, name, port)
    relay_words = _relay_words(place, cert, key, relay_port)
    _units(place, owner, listen, words, relay_words if with_relay else None)
    _first_start(words, relay_words if with_relay else None, cert, own=tls_cert is None, tls=place.tls)
    _hand_over(place.folder, owner)
    _tell(place, name, port, keeper, urls, lines, with_relay=with_relay, own=tls_cert is None)


def _certify(place: Place, name: str, before: list[str]) -> None:
    """A certificate for this name. One that was made keeps its names and gets the new one beside them."""
    names = list(dict.fromkeys([name, *before, "localhost", "127.0.0.1"]))
    if set(names) == set(before):
        return
    if issue(place.tls, names):
        aside(f"Browsers and telephones trust the desk once {place.tls / AUTHORITY} is installed on them.")
    elif before:
        aside(f"The certificate was made anew, for {name} too. Its authority is the one of before.")


def _check_owner(owner: str) -> None:
    try:
        found = pwd.getpwnam(owner)
    except KeyError:
        raise YourError(
            f"There is no user named {owner} on this machine.", f"Make one: useradd --system {owner}"
        ) from None
    if found.pw_uid == 0:
        aside("These services would run as root. Better: a user of their own, by --user NAME.")


def _hand_over(folder: Path, owner: str) -> None:
    """Everything belongs to whom the services run as."""
    if os.geteuid() == 0:
        with on_disk(folder):
            for each in (folder, *folder.rglob("*")):
                shutil.chown(each, owner)


def _standing(vault: Path) -> tuple[list[str], str]:
    """The lines that are there already, by name, and who keeps keys here: he may pair a further one."""
    with open_vault(vault) as opened:
        desk = desk_of(opened)
        here = [each for each in people(opened, desk) if each.locked_out is None]
        keepers = (each.name for each in here if each.rights & Right.KEYS)
        return [each.name for each in desk.ledger.lines()], next(keepers, "OFFICER")


def _relays(place: Place, cards: tuple[Path, ...], own_url: str | None, *, own: bool) -> list[str]:
    """Note which relays this desk trusts and what they ask for; write the card of its own. Returns their addresses."""
    secrets = dict(
        line.split() for line in (secret_lines(place.secrets) if place.secrets.exists() else []) if line
    )
    trusted = place.trusted.read_text(encoding="ascii") if place.trusted.exists() else ""
    secret = ""
    if own_url is not None:
        secret = "".join(secret_lines(place.admission)).strip()
        pem = (place.tls / AUTHORITY).read_text(encoding="ascii") if own else ""
        _write(place.card, f"{CARD}\nrelay: {own_url}\nadmission: {secret}\n{pem}")
        cards = (place.card, *cards)
    for card in cards:
        lines = secret_lines(card)
        told = dict(line.split(": ", 1) for line in lines if line.startswith(("relay: ", "admission: ")))
        if set(told) != {"relay", "admission"}:
            raise YourError(
                f"{card} is no card of a relay.", "Take the file that desk setup --with-relay wrote."
            )
        check_relay_url(told["relay"])
        secrets[told["relay"]] = told["admission"]
        pem = "\n".join(lines[lines.index(BEGIN) :]) + "\n" if BEGIN in lines else ""
        trusted += pem if pem not in trusted else ""
    if secrets:
        _write(place.secrets, "".join(f"{url} {secret}\n" for url, secret in secrets.items()))
    if trusted:
        _write(place.trusted, trusted)
    # Lines may still use the relay here by a name of before; who pairs is told the name of now.
    return [url for url, held in secrets.items() if own_url in (None, url) or held != secret]


def _write(path: Path, text: str) -> None:
    with on_disk(path):
        path.unlink(missing_ok=True)
        write_private(path, text.encode("ascii"))


def _ask(why: str, what: str, default: str | None = None) -> str:
    aside(WHY[why])
    return str(click.prompt(what, default=default, err=True)).strip()


def _found(
    place: Place,
    office_name: str | None,
    officers: tuple[str, ...],
    root_file: Path | None,
    secret: dict[str, object],
) -> None:
    context = click.get_current_context()
    name = office_name or _ask("office", "Name of the office")
    names = officers or (_ask("officer", "Name of the first officer"),)
    root = root_file or Path(_ask("root", "File for the root, on a medium that leaves this machine"))
    if root.resolve().is_relative_to(place.folder):
        raise YourError("The root is not kept beside the desk.", "Name a file on another medium.")
    context.invoke(
        new, folder=place.vault, name=name, officers=names, root_file=root, unlock_file=None, releasers=1,
        drill_realm=None, **secret,
    )  # fmt: skip


def _desk_words(place: Place, cert: Path, key: Path, name: str, port: int) -> list[str]:
    words = ["desk", "serve", "--vault", str(place.vault), "--port", str(port)]
    words += ["--tls-cert", str(cert.resolve()), "--tls-key", str(key.resolve()), "--name", name]
    return words + _relay_options(place)


def _relay_options(place: Place) -> list[str]:
    words = ["--admission-file", str(place.secrets)] if place.secrets.exists() else []
    return [*words, "--relay-ca", str(place.trusted)] if place.trusted.exists() else words


def _relay_words(place: Place, cert: Path, key: Path, port: int) -> list[str]:
    words = [
        "relay",
        "serve",
        "--db",
        str(place.relay),
        "--port",
        str(port),
        "--admission-file",
        str(place.admission),
    ]
    return [*words, "--tls-cert", str(cert.resolve()), "--tls-key", str(key.resolve())]


def _units(place: Place, user: str, listen: str, words: list[str], relay_words: list[str] | None) -> None:
    program = f"{sys.executable} -m goodoffices"
    folder = place.folder / "units"
    with on_disk(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        texts = {
            "goodoffices-desk.service": desk_unit(program, [*words, "--host", listen], user, place.folder)
        }
        if relay_words is not None:
            texts["goodoffices-relay.service"] = relay_unit(
                program, [*relay_words, "--host", listen], user, place.folder
            )
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    say(f"services  {', '.join(texts)} in {folder}")


def _first_start(
    words: list[str], relay_words: list[str] | None, cert: Path, *, own: bool, tls: Path
) -> None:
    """Start everything once on this machine's own address, and ask how it is."""
    trusted = ssl.create_default_context(cafile=str(tls / AUTHORITY) if own else None)
    if not own:
        trusted.load_verify_locations(cafile=str(cert))
        trusted.check_hostname = False  # its names are the given certificate's business
    with tempfile.TemporaryDirectory() as logs, contextlib.ExitStack() as undo:
        for each in (words, relay_words):
            if each is None:
                continue
            server = Server(tuple(each), Path(logs) / each[0])
            server.start()
            undo.callback(server.stop)
            url = f"https://127.0.0.1:{server.address.rpartition(':')[2]}/health"
            try:
                with urllib.request.urlopen(url, context=trusted, timeout=20) as answer:
                    say(f"{each[0]:9} answers: {answer.read().decode().strip()}")
            except OSError as error:
                step = "Look at the certificate's names."
                raise MachineError(f"The first start did not answer: {error}.", step) from None


def _start(place: Place, service: str) -> str:
    # Each file by its name: whoever says this cannot look into the folder, which belongs to the services' user.
    unit = shlex.quote(str(place.folder / "units" / f"{service}.service"))
    return f"sudo cp {unit} /etc/systemd/system/ && sudo systemctl enable --now {service}"


def _tell(
    place: Place,
    name: str,
    port: int,
    officer: str,
    relays: list[str],
    lines: list[str],
    *,
    with_relay: bool,
    own: bool,
) -> None:
    url = f"https://{name}:{port}/"
    code, target = segno.make(url, error="m"), place.folder / "desk.svg"
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", scale=8, border=4)
    target.write_bytes(drawn.getvalue())
    code.terminal(out=sys.stderr, compact=True)
    say(f"pages     {url} (as a QR code for telephones above and in {target})")
    if with_relay:
        say(f"relay     {place.card}: hand it to the counterpart, who gives it to desk setup --use-relay")
    aside("Next, in this order:")
    if name in ALONE:
        aside(
            f"  By the name {name} this machine alone reaches what runs here. For telephones and counterparts, say"
        )
        aside(
            "  this command once more with --host-name NAME: what is there is kept, the address is written anew."
        )
    if with_relay:
        aside(f"  {_start(place, 'goodoffices-relay')}")
    words = ["goodoffices", "line", "meeting", "--vault", str(place.vault), "--officer", officer]
    words += [each for url in relays or ["RELAY"] for each in ("--relay", url)]
    for each in lines:
        aside(f"  The line {each} stands: nothing is to be paired for it.")
    if not lines:
        aside("  With the counterpart on the telephone (one of you adds --code and the code of the other):")
        aside(f"  {shlex.join([*words, *_relay_options(place), '--name', 'COUNTERPART'])}")
    aside(f"  {_start(place, 'goodoffices-desk')}")
    if own:
        aside(
            f"  Install {place.tls / AUTHORITY} on each browser and telephone: before, it warns of the desk."
        )
    aside(f"  Open {url} and sign in as {officer}, with the passphrase of before.")
    aside(
        "  Then test the line on the page Line status, set backups up (page Backups), and look at the page Ready."
    )
    if with_relay:
        aside(
            "  One relay here is one building. Take a second one from the counterpart, or from whom both accept:"
        )
        aside("  a line uses both, and any one of them carries.")
    else:
        aside("  Relays: two, in two places. The counterpart may run one and you the other (--with-relay).")
