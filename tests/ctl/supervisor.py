# SPDX-License-Identifier: MIT
"""One `globesctl run` over stand-ins for globes.fcgi and globes-relay, with the real lighttpd: for tests of the
supervisor alone. Whole sites are in tests/lib."""

import json
import os
import re
import signal
import subprocess

from lib.globes import BUILD, free_port, is_running, wait

GLOBESCTL = os.path.join(BUILD, "globesctl")
STANDIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "standin")


class Supervisor:
    def __init__(self, folder, *arguments, port=None, data=None, **environment):
        self.port = port or free_port()
        self.data = data or os.path.join(folder, "data")
        self.errors = os.path.join(folder, f"log.{self.port}")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [GLOBESCTL, "run", "--port", str(self.port), "--data", self.data, "--programs", STANDIN, *arguments],
                stdout=subprocess.PIPE, stderr=errors, cwd=folder, env={**clean, **environment}, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def log(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ready(self):
        assert self.process.stdout.readline() == f"ready: http://127.0.0.1:{self.port}/\n", self.log()
        return self

    def ended(self):
        """Its exit code; it is not asked to end."""
        code = self.process.wait(20)
        assert not self.running(), self.log()
        return code

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.ended()
        assert self.process.stdout.read() == "", "more than the ready line on stdout"
        return code

    def pids(self, name):
        return [int(pid) for started, pid in re.findall(r"started (\S+) pid=(\d+)", self.log()) if started == name]

    def running(self):
        return [pid for name in ("globes.fcgi", "globes-relay", "lighttpd") for pid in self.pids(name) if is_running(pid)]

    def given(self):
        """What the stand-in of the relay was started with."""
        return json.loads(re.findall(r"given (\{.*\})", self.log())[-1])

    def wait_for(self, text):
        wait(lambda: text in self.log(), what=f"in the log: {text}")
