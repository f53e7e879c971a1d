# SPDX-License-Identifier: MIT
"""make install and uninstall, into folders of their own."""

import os
import subprocess

import pytest

from installed import PROGRAMS, UNITS, Installed, call, files_below
from lib.globes import ROOT

SETTINGS = "/etc/globes/globes.conf"
RECIPE = "/etc/lighttpd/conf-available/50-globes.conf"
MANUAL = ["man8/globes.fcgi.8", "man8/globes-relay.8", "man8/globesctl.8", "man5/globes.conf.5"]


@pytest.fixture
def site(tmp_path):
    return Installed(tmp_path)


def tracked(folder):
    """The files of a folder of the tree that are no editor's or test's."""
    named = call("git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", folder).stdout
    return {path for path in named.splitlines() if not os.path.basename(path).startswith(".")}


def owners_files(site):
    """What a site has by and by, and nobody may take away."""
    for place in ("/etc/globes/secret", "/var/lib/globes/rooms.db"):
        os.makedirs(os.path.dirname(site.path(place)), exist_ok=True)
        with open(site.path(place), "w", encoding="utf-8") as file:
            file.write("kept\n")
    return {"etc/globes/globes.conf", "etc/globes/secret", "var/lib/globes/rooms.db"}


def change(site, place, text="# mine\n"):
    with open(site.path(place), "a", encoding="utf-8") as file:
        file.write(text)


def test_exactly_what_a_site_needs_is_installed(site):
    below = {*PROGRAMS.values(), *(f"lib/systemd/system/{unit}" for unit in UNITS), *(f"share/man/{page}" for page in MANUAL),
             "lib/sysusers.d/globes.conf", "lib/tmpfiles.d/globes.conf"}
    below |= {f"share/globes/{path}" for path in tracked("web") | tracked("httpd-conf")}
    found = files_below(site.destdir)
    documents = {path for path in found if path.startswith("usr/share/doc/globes/")}
    assert found - documents == {"usr/" + place for place in below} | {SETTINGS[1:], RECIPE[1:]}
    assert {"LICENSE", "README.md", "third-party.md"} <= {os.path.basename(path) for path in documents}


def test_without_lighttpd_nothing_is_made_for_it(tmp_path):
    assert not os.path.exists(Installed(tmp_path, httpd=False).path("/etc/lighttpd"))


def test_programs_can_be_run_and_all_else_can_be_read_by_everyone(tmp_path):
    site = Installed(tmp_path, umask=0o077)
    modes = {path: os.stat(os.path.join(site.destdir, path)).st_mode & 0o777 for path in files_below(site.destdir)}
    programs = {"usr/" + place for place in PROGRAMS.values()}
    assert modes == {path: 0o755 if path in programs else 0o644 for path in modes}
    assert os.stat(site.below("lib/globes")).st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_installed_program_says_its_version(site, name):
    done = call(site.program(name), "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name} {version()}\n", "")


def version():
    with open(os.path.join(ROOT, "common/program.h"), encoding="utf-8") as file:
        return file.read().split('GLOBES_VERSION "')[1].split('"')[0]


def test_check_takes_the_installed_settings(site):
    done = call(site.program("globesctl"), "check", "-f", site.path(SETTINGS))
    assert done.returncode in (0, 1), done.stderr  # no services run here; 78 would be wrong settings
    for line in ("hidden_rooms = secret", "unowned_rooms = locked", "room = Lobby|public|"):
        assert line in done.stdout


def test_an_owners_settings_are_never_overwritten(site):
    change(site, SETTINGS)
    before = site.text(SETTINGS)
    site.install()
    assert site.text(SETTINGS) == before


def test_an_owners_recipe_is_never_overwritten(site):
    change(site, RECIPE)
    before = site.text(RECIPE)
    site.install()
    assert site.text(RECIPE) == before


def test_installing_again_changes_nothing(site):
    before = files_below(site.destdir)
    site.install()
    assert files_below(site.destdir) == before


def test_uninstall_leaves_the_owners_files_alone(site):
    kept = owners_files(site)
    site.uninstall()
    assert files_below(site.destdir) == kept


def test_uninstall_leaves_no_folder_of_its_own(site):
    site.uninstall()
    left = [os.path.join(base, name) for base, names, _ in os.walk(site.destdir) for name in names]
    assert [folder for folder in left if "globes" in os.path.relpath(folder, site.destdir)] == [site.path("/etc/globes")]


def test_uninstall_leaves_what_somebody_else_put_into_our_folders(site):
    place = "/usr/share/globes/web/theirs.css"
    os.makedirs(os.path.dirname(site.path(place)), exist_ok=True)
    change(site, place)
    site.uninstall()
    assert os.path.exists(site.path(place))


def test_uninstall_leaves_a_recipe_that_was_changed(site):
    change(site, RECIPE)
    assert RECIPE in site.uninstall().stdout
    assert os.path.exists(site.path(RECIPE))


def test_uninstall_leaves_a_recipe_that_lighttpd_loads(site):
    os.symlink("../conf-available/50-globes.conf", site.path("/etc/lighttpd/conf-enabled/50-globes.conf"))
    assert RECIPE in site.uninstall().stdout
    assert os.path.exists(site.path(RECIPE))


def test_another_prefix_is_named_wherever_a_file_names_places(tmp_path):
    site = Installed(tmp_path, prefix="/opt/chat")
    found = subprocess.run(["grep", "-rIlE", r"/usr/(lib|bin|share)/globes", site.below("lib"), site.below("share/globes")],
                           stdout=subprocess.PIPE, text=True, check=False)
    assert found.stdout == ""
    assert "ExecStart=/opt/chat/lib/globes/globes-relay\n" in site.unit("globes-relay.service")
    assert os.path.exists(site.path(SETTINGS))
