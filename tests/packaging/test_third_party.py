# SPDX-License-Identifier: MIT
"""docs/third-party.md names every library that the programs are linked with, and which of them is."""

import os
import re

import pytest

from installed import PROGRAMS, call
from lib.globes import BUILD, ROOT

# The compiler's own, and those that came to be parts of the C library.
RUNTIME = re.compile(r"lib(asan|ubsan|tsan|gcc_s|stdc\+\+|m|dl|rt|pthread)\.so|ld-linux")
ALL = "all three"


def rows():
    """[(words of a row's first two columns, programs)]"""
    with open(os.path.join(ROOT, "docs/third-party.md"), encoding="utf-8") as file:
        cells = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in file if line.startswith("| ")]
    return [(row[0] + " " + row[1], set(PROGRAMS) if row[3] == ALL else set(row[3].split(", "))) for row in cells[1:]]


def linked(name):
    """Libraries without version: libfcgi, libc …"""
    said = call("readelf", "-d", os.path.join(BUILD, name)).stdout
    found = re.findall(r"\(NEEDED\).*\[(.+?)\]", said)
    assert found, said
    return {library.split(".so")[0] for library in found if not RUNTIME.match(library)}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_library_of_a_program_is_listed_for_it(name):
    listed = [words for words, programs in rows() if name in programs]
    assert [library for library in linked(name) if not any(re.search(rf"\b{library}(?![a-z])", words) for words in listed)] == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_more_is_listed_than_a_program_is_linked_with(name):
    listed = [words for words, programs in rows() if name in programs]
    assert [words for words in listed if not any(re.search(rf"\b{library}(?![a-z])", words) for library in linked(name))] == []
