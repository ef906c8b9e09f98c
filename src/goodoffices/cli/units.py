# SPDX-License-Identifier: Apache-2.0
"""Units for systemd: a desk and a relay that start with the machine, and may do nothing else on it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

_HARDENED = """\
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={folder}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
MemorySwapMax=0
"""


def _unit(
    what: str, program: str, words: Sequence[str], user: str, folder: Path, more: str, kind: str = "exec"
) -> str:
    home = "no" if any(folder.is_relative_to(each) for each in ("/home", "/root", "/run/user")) else "yes"
    port = int(words[words.index("--port") + 1])
    capabilities = "CAP_NET_BIND_SERVICE" if port < 1024 else ""
    hardened = _HARDENED.format(home=home, folder=shlex.quote(str(folder)), capabilities=capabilities)
    return (
        f"[Unit]\nDescription=Good Offices {what}\nWants=network-online.target\nAfter=network-online.target\n"
        "# It comes back however often it has to: nobody is there at night to start it.\nStartLimitIntervalSec=0\n\n"
        f"[Service]\nType={kind}\nUser={user}\nWorkingDirectory={folder}\n"
        f"ExecStart={program} {' '.join(map(shlex.quote, words))}\nRestart=always\nRestartSec=2\n{more}"
        f"{hardened}\n[Install]\nWantedBy=multi-user.target\n"
    )


def desk_unit(program: str, words: Sequence[str], user: str, folder: Path) -> str:
    """The desk's unit."""
    more = (
        "# A desk that has left the building is not started again.\nRestartPreventExitStatus=3\n"
        "# It stands once its alarms had their first round, however long a vault takes to come up to this version;\n"
        "# without a round for three minutes it is ended and started again.\n"
        "NotifyAccess=main\nTimeoutStartSec=infinity\nWatchdogSec=180\n"
        "# Backups into a folder of this machine need: ReadWritePaths=/media/backup\n"
    )
    return _unit("desk", program, words, user, folder, more, "notify")


def relay_unit(program: str, words: Sequence[str], user: str, folder: Path) -> str:
    """The relay's unit."""
    return _unit("relay", program, words, user, folder, "LimitNOFILE=65536\n")
