# SPDX-License-Identifier: MIT
"""/readyz of globes.fcgi names the settings of which globes-relay has another value: each reads them for itself."""
import itertools
import json
import os
import socket
import subprocess

import pytest
from direct import answer_of, fcgi
from lib import fastcgi
from lib.globes import BUILD

numbers = itertools.count(1)


@pytest.fixture
def another_fcgi(site):
    """Starts a globes.fcgi beside the site's own, on the same store and relay; ready(): what its /readyz says."""
    started = []

    def start(*files, **settings):
        path = os.path.join(site.data, "run", f"another{next(numbers)}.sock")
        here = {"store": f"sqlite:{site.data}", "secret_file": f"{site.data}/secret",
                "relay_listen": f"unix:{site.data}/run/relay.sock", "control_socket": f"unix:{site.data}/run/control.sock"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GLOBES_")}
        same = {**site.settings, "room": "Lobby|public|Say hello", **here, **settings}
        environment.update({f"GLOBES_{name.upper()}": str(value) for name, value in same.items() if value is not None})
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            listening.listen(8)
            command = [os.path.join(BUILD, "globes.fcgi"), *(files or ("-f", "/dev/null"))]
            started.append(subprocess.Popen(command, stdin=listening, stderr=subprocess.DEVNULL, env=environment))

        def ready():
            answer = answer_of(fastcgi.ask(path, b"", REQUEST_METHOD="GET", REQUEST_URI="/readyz", REMOTE_ADDR="127.0.0.1"))
            return answer.status, json.loads(answer.text)
        return ready

    yield start
    for process in started:
        process.terminate()
        assert process.wait(10) == 0


def test_the_same_settings_are_not_spoken_of(site, another_fcgi):
    assert fcgi(site, "GET", "/readyz").json() == {"status": True, "store": True, "relay": True}
    assert another_fcgi()() == (200, {"status": True, "store": True, "relay": True})


def test_others_are_named_and_their_values_are_not(another_fcgi):
    status, said = another_fcgi(message_max="1k", hidden_rooms="secret", room="Cellar|public|Nobody's business")()
    assert status == 200  # it works: that it was meant so cannot be known
    assert sorted(said.pop("settings_differ")) == ["hidden_rooms", "message_max", "room"]
    assert said == {"status": True, "store": True, "relay": True}


def test_the_same_value_written_otherwise_is_another(another_fcgi):
    """Better named than overlooked: what a text means is each program's own business."""
    assert another_fcgi(body_max="16384")()[1]["settings_differ"] == ["body_max"]


def test_a_web_servers_snippet_is_compared_as_the_environment_is(site, another_fcgi, tmp_path):
    snippet = tmp_path / "globes.conf"
    snippet.write_text('SetEnv GLOBES_MESSAGE_MAX 2k\n"GLOBES_NAME_MAX" => "64",\n', encoding="ascii")
    assert another_fcgi("-f", str(snippet), message_max=None)()[1]["settings_differ"] == ["message_max"]
