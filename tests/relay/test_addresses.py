# SPDX-License-Identifier: MIT
"""Which address a socket is counted under: what the trusted proxies say, and never what a client puts before that.
sockets_per_address=1 tells: two sockets are of one address exactly where the second is refused. How globes.fcgi sees
it: tests/api/test_rates.py.
"""

import itertools
import os
import subprocess

import pytest

from lib.globes import BUILD, Site, free_port, wait
from lib.ws import Refused, Ws, connect

SETTINGS = {"sockets_per_address": "1"}
DIRECT = pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
numbers = itertools.count(1)

# {} stands for an address of the test's own.
SAME = {
    "itself": ("{}", "{}"),
    "a forged value in front": ("192.0.2.1, {}", "192.0.2.2, {}"),
    "many forged values in front": (", ".join(f"192.0.2.{n}" for n in range(50)) + ", {}", "{}"),
    "a proxy's own address in front": ("127.0.0.1, {}", "::1, 127.0.0.1, {}"),
    "garbage in front": ("garbage, {}", "; drop table, {}"),
    "nothing in front": (", {}", ",,, {}"),
    "no text in front": ("\xff\xfe, {}", "%00%0d%0a, {}"),
    "the word unix in front": ("unix, {}", "192.0.2.1, unix, {}"),
    "a trusted proxy behind": ("{}, 127.0.0.1", "{}, ::1"),
    "trusted proxies behind": ("{}, 127.0.0.1, ::1, 127.0.0.1", "{}"),
    "spaces": ("{}", "  \t{} \t"),
    "no spaces": ("192.0.2.1,{}", "192.0.2.2,{}"),
    "IPv4 in IPv6": ("{}", "::ffff:{}"),
    "a port": ("{}", "{}:4711"),
}
SAME_NETWORK = {
    "one /64": ("2001:db8:1:{:x}::1", "2001:db8:1:{:x}:ffff:ffff:ffff:ffff"),
    "upper case": ("2001:db8:2:{:x}::a", "2001:DB8:2:{:X}::A"),
    "zeros written out": ("2001:db8:3:{:x}::1", "2001:0db8:0003:{:04x}:0000:0000:0000:0001"),
    "brackets and a port": ("2001:db8:4:{:x}::1", "[2001:db8:4:{:x}::2]:4711"),
    "a forged value in front": ("2001:db8:f::1, 2001:db8:5:{:x}::1", "2001:db8:e::1, 2001:db8:5:{:x}::1"),
}
OTHER = {
    "another address": ("{}", "203.0.113.1"),
    "the same in front": ("{}, 203.0.113.2", "{}, 203.0.113.3"),
    "another /64": ("2001:db8:6:1::1", "2001:db8:6:2::1"),
    "another /64 beside it": ("2001:db8:6:7fff::1", "2001:db8:6:8000::1"),
    "other IPv4 addresses in IPv6": ("::ffff:203.0.113.4", "::ffff:203.0.113.5"),
    "a trusted proxy's neighbour behind": ("{}, 127.0.0.2", "{}, 127.0.0.3"),
}


def somebody():
    """An address from which nobody has come yet."""
    number = next(numbers)
    return f"198.18.{number >> 8}.{number & 255}"


def is_refused(site, forwarded, direct=False, **fields):
    """Whether there is a socket of this address already; else there is one now."""
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    try:
        site.ws(site.room(), direct=direct, fields={"X-Forwarded-For": forwarded, **fields})
        return False
    except Refused as refusal:
        assert refusal.error() == (429, 429) and refusal.field() == "sockets_per_address", refusal
        return True


@DIRECT
@pytest.mark.parametrize("one, two", SAME.values(), ids=SAME)
def test_what_a_client_says_before_its_address_never_counts(site, one, two, direct):
    address = somebody()
    assert not is_refused(site, one.format(address), direct)
    assert is_refused(site, two.format(address), direct)
    assert not is_refused(site, somebody(), direct)


@DIRECT
@pytest.mark.parametrize("one, two", SAME_NETWORK.values(), ids=SAME_NETWORK)
def test_an_ipv6_network_of_64_bits_is_one_address(site, one, two, direct):
    number = next(numbers)
    assert not is_refused(site, one.format(number), direct)
    assert is_refused(site, two.format(number), direct)


@DIRECT
@pytest.mark.parametrize("one, two", OTHER.values(), ids=OTHER)
def test_other_addresses_are_counted_apart(make_site, one, two, direct):
    site = make_site(**SETTINGS)
    address = somebody()
    assert not is_refused(site, one.format(address), direct)
    assert not is_refused(site, two.format(address), direct)
    assert is_refused(site, one.format(address), direct)


@DIRECT
def test_two_headers_are_one_list(site, direct):
    """A proxy may add a header of its own behind the client's."""
    address = somebody()
    assert not is_refused(site, ["192.0.2.1", address], direct)
    assert is_refused(site, ["192.0.2.2", address], direct)
    assert is_refused(site, ["192.0.2.3", "192.0.2.4", address], direct)
    assert not is_refused(site, [address, somebody()], direct)


@DIRECT
@pytest.mark.parametrize("name", ["X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP", "X-Forwarded", "Via"])
def test_no_other_header_names_an_address(site, name, direct):
    address = somebody()
    assert not is_refused(site, address, direct)
    assert is_refused(site, address, direct, **{name: "for=192.0.2.1" if "Forwarded" in name else "192.0.2.1"})


GARBAGE = [" ", ",", ",,,", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/8", "::g", "[::1", "[]", "[]:1",
           "fe80::1%eth0", "%00", "\xff\xfe", "1" * 4000, "9" * 60 + ".1.1.1", "1.2.3.4, " * 300, "a," * 2000, "'; --", ":", "::",
           "0.0.0.0", "unix", "1.2.3.4 5.6.7.8", '"1.2.3.4"']


@DIRECT
@pytest.mark.parametrize("value", GARBAGE, ids=ascii)
def test_garbage_for_an_address_does_no_harm(site, value, direct):
    is_refused(site, value, direct)
    address = somebody()
    assert not is_refused(site, f"{value}, {address}", direct)
    assert is_refused(site, f"{value}, {address}", direct)


def test_who_says_no_address_counts_as_the_proxy_that_lets_him_say_so(make_site):
    """Garbage is no way around a limit."""
    site = make_site(**SETTINGS)
    assert not is_refused(site, "garbage")
    for value in ("other garbage", "unknown", "1.2.3.4.5", ",", f"{somebody()}, ", "127.0.0.1"):
        assert is_refused(site, value), value
    assert not is_refused(site, f"garbage, {somebody()}")


def test_where_all_are_trusted_it_is_the_first_of_them(make_site):
    """Somebody on the server itself, who asks lighttpd straight."""
    site = make_site(**SETTINGS)
    assert not is_refused(site, None)
    assert is_refused(site, None)
    assert is_refused(site, "127.0.0.1")
    assert not is_refused(site, somebody())


def test_where_no_proxy_is_trusted_only_the_web_server_is_believed(make_site):
    site = make_site(trusted_proxies="none", **SETTINGS)
    assert not is_refused(site, somebody())
    assert is_refused(site, somebody())
    assert is_refused(site, "127.0.0.1")
    assert is_refused(site, None)


def test_where_no_proxy_is_trusted_the_web_servers_word_is_the_last(make_site):
    site = make_site(trusted_proxies="none", **SETTINGS)
    one, two = somebody(), somebody()
    assert not is_refused(site, f"{one}, {two}", direct=True)
    assert not is_refused(site, f"{two}, {one}", direct=True)
    assert is_refused(site, f"192.0.2.1, {one}", direct=True)
    assert not is_refused(site, f"{one}, 127.0.0.1", direct=True)
    assert is_refused(site, f"{two}, 127.0.0.1", direct=True)


def test_a_chain_of_trusted_proxies_is_followed_to_its_end(make_site):
    site = make_site(trusted_proxies="127.0.0.1 192.0.2.10 2001:db8:a::10", **SETTINGS)
    one, two = somebody(), somebody()
    assert not is_refused(site, f"203.0.113.9, {one}, 2001:db8:a::10, 192.0.2.10")
    assert is_refused(site, one)
    assert is_refused(site, f"{one}, 192.0.2.10")
    assert is_refused(site, f"{one}, 2001:DB8:A:0::10, 192.0.2.10")
    assert not is_refused(site, f"{two}, 192.0.2.10")
    assert not is_refused(site, f"{one}, 192.0.2.11")
    assert not is_refused(site, f"{one}, 2001:db8:b::11")


def test_a_trusted_address_is_one_and_not_its_network(make_site):
    site = make_site(trusted_proxies="127.0.0.1 2001:db8:a::10", **SETTINGS)
    one, two = somebody(), somebody()
    assert not is_refused(site, f"{one}, 2001:db8:a::11")
    assert is_refused(site, f"{two}, 2001:db8:a::12")


def test_no_address_is_in_the_log(site):
    address = "203.0.113.77"
    is_refused(site, address)
    is_refused(site, address)
    site.http("GET", "/chats/nosuchroom", headers={"X-Forwarded-For": address})
    assert address not in site.log()


# ---- a relay on a TCP port, where the peer has an address itself ----

class RelayOnTcp:
    """The relay of a stopped site, alone, with the site's rooms."""

    def __init__(self, site, **settings):
        self.port = free_port()
        self.sockets = []
        run = os.path.join(site.data, "run")
        settings = {"store": f"sqlite:{site.data}", "secret_file": os.path.join(site.data, "secret"),
                    "control_socket": f"unix:{run}/control.sock", "relay_listen": f"127.0.0.1:{self.port}", **settings}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GLOBES_")}
        environment.update({f"GLOBES_{name.upper()}": value for name, value in settings.items()})
        self.process = subprocess.Popen([os.path.join(BUILD, "globes-relay")], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        wait(self._takes_connections, what="a relay that listens")
        return self

    def _takes_connections(self):
        assert self.process.poll() is None, self.process.stdout.read()
        try:
            connect(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def __exit__(self, *_):
        for ws in self.sockets:
            ws.drop()
        self.process.terminate()
        said, _ = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, said

    def is_refused(self, room, forwarded):
        """As above; the socket stays open as long as the relay."""
        try:
            self.sockets.append(Ws(("127.0.0.1", self.port), f"/chats/{room}/ws", fields={"X-Forwarded-For": forwarded}))
            return False
        except Refused as refusal:
            assert refusal.error() == (429, 429) and refusal.field() == "sockets_per_address", refusal
            return True


@pytest.fixture
def stopped(make_site):
    """A site that has run, and a room of it."""
    site = make_site()
    room = site.room()
    site.stop()
    return site, room


def test_a_peer_that_is_trusted_is_believed(stopped):
    site, room = stopped
    one, two = somebody(), somebody()
    with RelayOnTcp(site, **SETTINGS) as relay:
        assert not relay.is_refused(room, f"192.0.2.1, {one}")
        assert relay.is_refused(room, f"192.0.2.2, {one}")
        assert not relay.is_refused(room, two)
        assert not relay.is_refused(room, None)
        assert relay.is_refused(room, None)


@pytest.mark.parametrize("trusted", ["none", "192.0.2.1", "unix"])
def test_a_peer_that_is_not_trusted_is_not_believed(stopped, trusted):
    site, room = stopped
    with RelayOnTcp(site, trusted_proxies=trusted, **SETTINGS) as relay:
        assert not relay.is_refused(room, somebody())
        assert relay.is_refused(room, somebody())
        assert relay.is_refused(room, f"{somebody()}, 192.0.2.1")
        assert relay.is_refused(room, None)


@pytest.fixture(scope="module")
def joining():
    with Site(join_rate="1/h") as made:
        yield made


def test_joins_go_by_the_same_address(joining):
    address, room = somebody(), joining.room()
    joining.joined(room, "Ann", fields={"X-Forwarded-For": f"192.0.2.1, {address}"})
    ws = joining.ws(room, fields={"X-Forwarded-For": f"192.0.2.2, {address}"})
    ws.send({"event_type": "join", "name": "Bob"})
    ws.recv_error(429, "join_rate")
    joining.joined(room, "Carla", fields={"X-Forwarded-For": f"{address}, {somebody()}"})
