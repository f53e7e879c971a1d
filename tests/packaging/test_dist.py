# SPDX-License-Identifier: MIT
"""make dist: the archive of a commit."""

import os
import tarfile
import time

import pytest

from installed import call, files_below

BUILD_SECONDS = 300


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return dist(tmp_path_factory.mktemp("dist"))


def dist(folder, umask=0o022):
    """The archive, made in a build folder of its own."""
    done = call("make", "-s", f"O={folder}", "dist", umask=umask, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
                GIT_CONFIG_VALUE_0="*")
    assert done.returncode == 0, done.stdout + done.stderr
    (name,) = [name for name in os.listdir(folder) if name.startswith("globes-")]
    assert name.endswith(".tar.gz")
    return os.path.join(folder, name)


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def unpack(archive, folder):
    assert call("tar", "-xzf", archive, "-C", folder).returncode == 0
    return os.path.join(folder, os.path.basename(archive).removesuffix(".tar.gz"))


def test_the_same_commit_makes_the_same_bytes(archive, tmp_path):
    made = os.stat(archive).st_mtime
    while time.time() < int(made) + 1:  # another second on the clock, which gzip would write down
        time.sleep(0.05)
    assert contents(dist(tmp_path, umask=0o077)) == contents(archive)


def test_it_holds_what_the_commit_holds(archive, tmp_path):
    tree = unpack(archive, tmp_path)
    listed = call("git", "-c", "safe.directory=*", "-c", "core.quotePath=off", "ls-tree", "-r", "--name-only", "HEAD").stdout
    assert files_below(tree) == set(listed.splitlines())


def test_all_is_below_one_folder_with_the_version(archive):
    with tarfile.open(archive) as tar:
        tops = {name.split("/")[0] for name in tar.getnames()}
    assert tops == {os.path.basename(archive).removesuffix(".tar.gz")}


def test_the_programs_are_built_from_it(archive, tmp_path):
    tree = unpack(archive, tmp_path)
    done = call("make", "-s", "-j2", "OPT=-O0", "all", cwd=tree, timeout=BUILD_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("globes.fcgi", "globes-relay", "globesctl"):
        assert call(os.path.join(tree, "build", name), "--version").stdout.startswith(name + " ")
