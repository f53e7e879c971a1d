# SPDX-License-Identifier: MIT
"""The service units, as systemd sees them, and whether the files around them name the same users and places."""

import os
import re

import pytest

from installed import SERVICES, UNITS, Installed, call

EXPOSURE_MAX = 15  # tenths


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Installed(tmp_path_factory.mktemp("units"))


def values(text, name):
    return [word for line in re.findall(rf"^{name}=(.*)$", text, re.M) for word in line.split()]


def rows(site, place):
    return [line.split() for line in site.text(place).splitlines() if line and not line.startswith("#")]


def test_verify_has_nothing_to_say(site, tmp_path):
    """Of copies that name the programs where they are here."""
    for unit in UNITS:
        text = re.sub(r"/usr/(lib/globes|bin)/", lambda m: site.below(m[1]) + "/", site.unit(unit))
        (tmp_path / unit).write_text(text, encoding="utf-8")
    done = call("systemd-analyze", "verify", "--man=no", *(tmp_path / unit for unit in UNITS))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_hardly_exposed(site, service):
    done = call("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MAX}",
                site.below("lib/systemd/system/" + service))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Overall exposure level" in done.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_restart_cannot_help_is_not_restarted(site, service):
    assert values(site.unit(service), "Restart") == ["always"]
    assert values(site.unit(service), "RestartPreventExitStatus") == ["64", "78"]


@pytest.mark.parametrize("service", SERVICES)
def test_users_and_group_are_those_of_sysusers(site, service):
    users = rows(site, "/usr/lib/sysusers.d/globes.conf")
    user, group = values(site.unit(service), "User"), values(site.unit(service), "Group")
    assert group == ["globes"] and ["g", "globes", "-"] in users
    assert ["u", user[0], "-:globes"] in [row[:3] for row in users]


def test_the_two_programs_have_users_of_their_own(site):
    assert len({values(site.unit(service), "User")[0] for service in SERVICES}) == 2


@pytest.mark.parametrize("service", SERVICES)
def test_folders_that_a_service_writes_to_are_made_and_closed_to_others(site, service):
    made = {row[1]: row for row in rows(site, "/usr/lib/tmpfiles.d/globes.conf")}
    assert set(values(site.unit(service), "ReadWritePaths")) == set(made)
    assert made["/var/lib/globes"] == ["d", "/var/lib/globes", "2770", "root", "globes"]
    assert made["/run/globes"] == ["d", "/run/globes", "1771", "root", "globes"]


def test_the_web_servers_user_can_connect_and_nobody_else(site):
    for unit in UNITS:
        if unit.endswith(".socket"):
            assert values(site.unit(unit), "SocketGroup") == ["www-data"]
            assert values(site.unit(unit), "SocketMode") == ["0660"]


def test_the_sockets_are_those_of_lighttpds_recipe(site):
    recipe = site.text("/usr/share/globes/httpd-conf/lighttpd/globes.conf")
    for unit in UNITS:
        if unit.endswith(".socket"):
            assert f'"{values(site.unit(unit), "ListenStream")[0]}"' in recipe


@pytest.mark.parametrize("unit", UNITS)
def test_the_manual_that_a_unit_names_is_installed(site, unit):
    for page, section in re.findall(r"man:([\w.-]+)\((\d)\)", site.unit(unit)):
        assert os.path.exists(site.below(f"share/man/man{section}/{page}.{section}"))
