# SPDX-License-Identifier: MIT
"""What `make install` puts somewhere, and how the tests of this folder call things."""

import os
import re
import subprocess

from lib.globes import BUILD, ROOT

PROGRAMS = {"globes.fcgi": "lib/globes/globes.fcgi", "globes-relay": "lib/globes/globes-relay", "globesctl": "bin/globesctl"}
UNITS = ["globes-relay.service", "globes-relay.socket", "globes-fcgi.service", "globes-fcgi.socket"]
SERVICES = ["globes-relay.service", "globes-fcgi.service"]
MINUTE = 60


def clean_environment(**more):
    """Without what make or a person's shell would tell the programs."""
    own = {k: v for k, v in os.environ.items() if not re.match(r"GLOBES_|MAKE|MFLAGS|DESTDIR$|PREFIX$|O$", k)}
    return {**own, **more}


def call(*command, cwd=ROOT, timeout=MINUTE, umask=0o022, **environment):
    return subprocess.run([str(word) for word in command], cwd=cwd, env=clean_environment(**environment), timeout=timeout,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, umask=umask)


def make(*words, **more):
    done = call("make", "-s", f"O={os.path.relpath(BUILD, ROOT)}", *words, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def files_below(folder):
    return {os.path.relpath(os.path.join(base, name), folder) for base, _, names in os.walk(folder) for name in names}


class Installed:
    def __init__(self, destdir, prefix="/usr", httpd=True, **more):
        self.destdir, self.prefix, self.more = str(destdir), prefix, more
        if httpd:
            for folder in ("conf-available", "conf-enabled"):
                os.makedirs(self.path("/etc/lighttpd/" + folder), exist_ok=True)
        self.install()

    def path(self, place):
        """Where a file is that a site would have at this place."""
        return self.destdir + place

    def below(self, place):
        return self.path(f"{self.prefix}/{place}")

    def install(self):
        return make("install", f"DESTDIR={self.destdir}", f"PREFIX={self.prefix}", **self.more)

    def uninstall(self):
        return make("uninstall", f"DESTDIR={self.destdir}", f"PREFIX={self.prefix}")

    def program(self, name):
        return self.below(PROGRAMS[name])

    def text(self, place):
        with open(self.path(place), encoding="utf-8") as file:
            return file.read()

    def unit(self, name):
        return self.text(f"{self.prefix}/lib/systemd/system/{name}")
