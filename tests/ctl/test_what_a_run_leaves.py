# SPDX-License-Identifier: MIT
"""What globesctl run leaves on disk: nothing of a start that was refused, and no half-written store of a relay that ended well."""

import os
import socket
import subprocess

from ctl.supervisor import GLOBESCTL, STANDIN
from lib.globes import BUILD, wait
from lib.ws import Ws


def test_a_start_that_is_refused_for_its_port_makes_no_folder(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GLOBES_")}
        done = subprocess.run(
            [GLOBESCTL, "run", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "d"), "--programs", STANDIN],
            env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "is taken" in done.stderr
    assert not (tmp_path / "d").exists()


def relay_alone(folder):
    """globes-relay as a service manager would start it, with everything below a folder."""
    secret = folder / "secret"
    secret.write_text("s" * 64 + "\n")
    secret.chmod(0o600)
    settings = {"STORE": f"sqlite:{folder}/store", "SECRET_FILE": secret, "RELAY_LISTEN": f"unix:{folder}/relay",
                "CONTROL_SOCKET": f"unix:{folder}/control", "ROOM": "Lobby|public|"}
    return subprocess.Popen([os.path.join(BUILD, "globes-relay"), "-f", "/dev/null"], stdin=subprocess.DEVNULL,
                            env={f"GLOBES_{name}": str(value) for name, value in settings.items()})


def test_a_relay_that_ends_well_leaves_nothing_but_databases(tmp_path):
    """All is in them: nothing is left beside them that is to be read in at the next start."""
    relay = relay_alone(tmp_path)
    try:
        sock = str(tmp_path / "relay")
        wait(lambda: os.path.exists(sock) and os.path.exists(tmp_path / "store" / "log.db"), what="a relay that serves")
        with Ws(sock, "/chats/lobby/ws") as ws:
            ws.join("Ann")
            ws.echo("hello")
        assert os.path.getsize(tmp_path / "store" / "log.db-wal") > 0
    finally:
        relay.terminate()
        assert relay.wait(20) == 0
    assert set(os.listdir(tmp_path / "store")) == {"log.db", "rooms.db", "lock"}
