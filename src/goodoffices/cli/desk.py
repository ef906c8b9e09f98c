# SPDX-License-Identifier: Apache-2.0
"""``goodoffices desk``: run the office's node and its pages."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import sys
from pathlib import Path

import click
import uvicorn
from starlette.applications import Starlette

from goodoffices.cli.output import SOCKS, Group, admission, aside, say
from goodoffices.cli.process import calm_collector, fast_loop, many_files, no_core_dump
from goodoffices.core.addresses import check_exposure
from goodoffices.core.errors import MachineError
from goodoffices.core.record.layout import counted
from goodoffices.desk.journal import Event, log
from goodoffices.desk.machine import read_translator
from goodoffices.desk.outsiders import read_witness
from goodoffices.desk.routes.admittance import keep as keep_admittance
from goodoffices.desk.routes.relay_client import read_reach
from goodoffices.desk.routes.socks import read_proxy
from goodoffices.desk.service import DeskConfig, DeskService
from goodoffices.web.app import create_app
from goodoffices.web.connections import PageServer, page_http
from goodoffices.web.observing import create_observer

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
LEFT = 3
"""Exit code of a desk that has left: a service manager must not start it again."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.group(cls=Group)
def desk() -> None:
    """Run the desk: collect, verify, receipt, forward, and show its pages."""


@desk.command()
@click.option("--vault", required=True, type=FOLDER, help="The office's vault.")
@click.option("--unlock-file", type=FILE, help="Where the unattended tier's secret lies.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default="any free one", type=click.IntRange(0, 65_535))
@click.option("--tls-cert", type=FILE, help="Certificate chain (PEM). Needed on anything but loopback.")
@click.option("--tls-key", type=FILE, help="The certificate's key (PEM).")
@click.option("--name", "names", multiple=True, help="A host name by which browsers reach this desk.")
@click.option("--relay-ca", type=FILE, help="Certificate authority of the relays (PEM), if it is your own.")
@click.option(
    "--admission-file", type=FILE, help="The secret that the relays ask for before they make a mailbox."
)
@click.option("--witness", "witnesses", multiple=True, help="'NAME+ID+KEY URL' of a witness for checkpoints.")
@click.option("--metrics-port", type=click.IntRange(0, 65_535), help="Serve metrics at this loopback port.")
@click.option("--time-stamps", multiple=True, metavar="URL", help="A time stamp authority for checkpoints.")
@click.option("--socks", metavar="URL", help=SOCKS)
@click.option(
    "--reach", "reaches", multiple=True, metavar="RELAY=ADDRESS", help="Reach a relay at another address."
)
@click.option(
    "--translator",
    metavar="COMMAND",
    help="A programme on this machine that translates: text in, text out, {from} and {to} for the languages.",
)
def serve(
    vault: Path,
    unlock_file: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    names: tuple[str, ...],
    relay_ca: Path | None,
    admission_file: Path | None,
    witnesses: tuple[str, ...],
    metrics_port: int | None,
    time_stamps: tuple[str, ...],
    translator: str | None,
    socks: str | None,
    reaches: tuple[str, ...],
) -> None:
    """Serve until SIGTERM or Ctrl-C. Prints one line once the pages answer."""
    check_exposure(host, tls_cert, tls_key)
    config = DeskConfig(
        vault=vault,
        unlock=unlock_file,
        relay_ca=relay_ca,
        admission=admission(admission_file),
        witnesses=tuple(map(read_witness, witnesses)),
        time_stamps=time_stamps,
        translator=read_translator(translator) if translator is not None else None,
        proxy=read_proxy(socks) if socks is not None else None,
        reach=tuple(map(read_reach, reaches)),
        tls_cert=tls_cert,
    )
    no_core_dump()
    many_files()
    calm_collector()
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_serve(config, host, port, tls_cert, tls_key, names, metrics_port, admission_file))


async def _serve(
    config: DeskConfig,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    names: tuple[str, ...],
    metrics_port: int | None,
    admission_file: Path | None,
) -> None:
    service = DeskService(config)
    keep_admittance(service.desk.ledger, config.relay_ca, admission_file)
    log(Event.STARTED, service.now())
    listener = _bind(host, port)
    watching = _bind("127.0.0.1", metrics_port) if metrics_port is not None else None
    port = listener.getsockname()[1]
    scheme = "https" if tls_cert else "http"
    app = create_app(service, secure=tls_cert is not None, hosts=(*LOOPBACK, host, *names))
    settings = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
        timeout_graceful_shutdown=1,
        http=page_http(),
        ws="none",
        lifespan="off",
    )
    try:
        settings.load()
    except (OSError, ssl.SSLError) as error:
        raise MachineError(
            f"The TLS files cannot be used: {error}.", "Check --tls-cert and --tls-key."
        ) from None
    server = PageServer(settings)
    # Signals are taken here: the vault must close after the last answer, whoever stops the desk.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    observed: list[tuple[uvicorn.Server, asyncio.Future[None]]] = []
    try:
        await service.start()
        if watching is not None:
            observer = uvicorn.Server(_quiet(create_observer(service)))
            observer.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
            observing = asyncio.ensure_future(observer.serve(sockets=[watching]))
            observed.append((observer, observing))
        log(Event.READY, service.now(), **({"metrics_port": watching.getsockname()[1]} if watching else {}))
        say(f"desk ready at {scheme}://{'[' + host + ']' if ':' in host else host}:{port}")
        ends = [asyncio.ensure_future(each.wait()) for each in (stop, service.leaving.over)]
        await asyncio.wait({serving, *ends}, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
    finally:
        service.stop_telling()
        server.should_exit = True
        for observer, _ in observed:
            observer.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
            await asyncio.gather(*(each for _, each in observed))
        await service.stop()
        log(Event.LEFT if service.leaving.left is not None else Event.STOPPED, service.now())
        aside("desk stopped")
    if service.leaving.left is not None:
        told = counted(service.leaving.told, "relay was", "relays were")
        aside(f"This desk has left: its keys are destroyed. {told} told.")
        sys.exit(LEFT)


def _quiet(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, ws="none", lifespan="off"
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From here on whoever calls waits in line: "ready" may be said before the server's first turn.
        listener.listen()
    except OSError as error:
        listener.close()
        raise MachineError(
            f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another port."
        ) from None
    return listener
