# SPDX-License-Identifier: MIT
"""create_rate, login_rate, login_rate_room: within them all is good; beyond, 429 says which one and when to come back,
nothing is done, and nobody else is held up. The web server of these tests is a trusted proxy, so a test may come from
any address. Rates of sockets: tests/relay/test_ws_rates.py.
"""
import itertools
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from expect import JSON_ONLY, PASSWORD, created, enter, fresh, is_gone, private, refused, show, shown
from lib.globes import Site, wait

# Slow enough that nothing comes back while a test runs.
SETTINGS = {"create_rate": "3/h", "login_rate": "3/h"}
WRONG = "no such password"
HOUR = 3600
numbers = itertools.count(1)


def somebody():
    """An address from which nobody has come yet."""
    number = next(numbers)
    return f"198.18.{number >> 8}.{number & 255}"


def create(site, address, title=None, **members):
    body = {"title": title or fresh(), "visibility": "public", **members}
    return site.http("POST", "/chats", body, headers=by(address))


def by(address):
    return {"X-Forwarded-For": address} if address else {}


def closed_room(site):
    """A private room made by somebody whom no test needs again."""
    return created(create(site, somebody(), visibility="private", password=PASSWORD))["id"]


def login(site, room, address, secret=PASSWORD):
    answer = site.http("POST", f"/chats/{room}/token", {"secret": secret, "name": "ann"}, headers=by(address))
    if answer.status == 201:
        site.secrets.add(answer.json()["token"])
    return answer


def guess(site, room, address):
    return login(site, room, address, WRONG)


def wrong(answer):
    refused(answer, 304, field="secret")


def let_in(answer):
    assert answer.status == 201, answer


def too_many(answer, field, longest=HOUR):
    """429 of this setting; returns after how many seconds it says to come back."""
    refused(answer, 429, field=field)
    after = answer.headers["Retry-After"]
    assert after.isdecimal() and 1 <= int(after) <= longest, after
    return int(after)


def until_refused(ask, most=1000):
    """The first refusal of what is asked again and again."""
    for _ in range(most):
        answer = ask()
        if answer.status == 429:
            return answer
    raise AssertionError(f"not refused in {most} times")


# ---- create_rate ----

def test_rooms_are_made_up_to_create_rate_and_not_beyond(site):
    address, title = somebody(), fresh()
    for _ in range(3):
        created(create(site, address))
    assert too_many(create(site, address, title), "create_rate") > HOUR / 3 - 60
    is_gone(site, title)
    too_many(create(site, address, title, visibility="private", password=PASSWORD), "create_rate")
    too_many(create(site, address, title, visibility="hidden", password=PASSWORD), "create_rate")
    created(create(site, somebody(), title))


def test_who_may_make_no_more_rooms_may_do_all_else(site):
    address = somebody()
    room = created(create(site, address))["id"]
    until_refused(lambda: create(site, address))
    headers = {**by(address), **JSON_ONLY}
    shown(site.http("GET", f"/chats/{room}", headers=headers), id=room)
    shown(site.http("PUT", f"/chats/{room}", {"description": "x"}, headers=headers), description="x")
    let_in(login(site, closed_room(site), address))
    assert site.http("DELETE", f"/chats/{room}", headers=headers).status == 200


def test_one_who_makes_many_rooms_holds_up_nobody_else(site):
    address = somebody()
    until_refused(lambda: create(site, address))
    for _ in range(5):
        created(create(site, somebody()))
    too_many(create(site, address), "create_rate")


def test_what_makes_no_room_costs_nothing(site):
    address, taken = somebody(), fresh()
    created(create(site, somebody(), taken))
    for _ in range(5):
        refused(site.http("POST", "/chats", "{", headers=by(address)), 103)
        refused(create(site, address, taken), 102, field="title")
        refused(create(site, address, "x"), 105, field="title")
        refused(create(site, address, visibility="private"), 105, field="password")
        refused(create(site, address, visibility="open"), 105, field="visibility")
        refused(site.http("POST", "/chats", "x" * 20000, headers=by(address)), 413)
        refused(site.http("POST", "/chats", "{}", headers={**by(address), "Origin": "null"}), 104, field="origin", http=403)
    for _ in range(3):
        created(create(site, address))
    too_many(create(site, address), "create_rate")


def test_beyond_create_rate_a_bad_body_is_still_named(site):
    address = somebody()
    until_refused(lambda: create(site, address))
    refused(create(site, address, "x"), 105, field="title")


def test_removing_a_room_gives_none_back(site):
    address = somebody()
    for _ in range(3):
        room = created(create(site, address))["id"]
        assert site.http("DELETE", f"/chats/{room}", headers=by(address)).status == 200
    too_many(create(site, address), "create_rate")


def test_rooms_made_at_once_are_counted_one_by_one(site):
    address = somebody()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: create(site, address), range(16)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [429] * 13


def test_rooms_can_be_made_again_when_it_was_said(make_site):
    own = make_site(create_rate="10/s")
    address = somebody()
    after = too_many(until_refused(lambda: create(own, address)), "create_rate", longest=1)
    time.sleep(after)  # the time itself is what was promised
    created(create(own, address))


@pytest.mark.parametrize("rate, longest", [("1/s", 1), ("1/min", 60), ("1/h", 3600)])
def test_retry_after_is_what_one_more_takes(make_site, rate, longest):
    own = make_site(create_rate=rate)
    address = somebody()
    after = too_many(until_refused(lambda: create(own, address)), "create_rate", longest)
    assert after >= longest - 30 and after >= 1


def test_none_is_no_rate(make_site):
    own = make_site(create_rate="none", login_rate="none", login_rate_room="none")
    address, room = somebody(), private(own)
    for _ in range(40):
        created(create(own, address))
    for _ in range(12):
        wrong(guess(own, room, address))
    let_in(login(own, room, address))


def test_without_settings_the_rates_are_those_of_the_contract(make_site):
    own = make_site()
    for name in ("create_rate", "login_rate", "login_rate_room"):
        del own.settings[name]
    own.stop()
    own.start()
    address, room = somebody(), closed_room(own)
    for _ in range(30):
        created(create(own, address))
    assert too_many(create(own, address), "create_rate") <= 120
    for _ in range(10):
        wrong(guess(own, room, address))
    assert until_refused_at(own, room, address) <= 6


def until_refused_at(site, room, address):
    """Guesses on: a few may have come back meanwhile."""
    return too_many(until_refused(lambda: guess(site, room, address), most=20), "login_rate", longest=6)


# ---- login_rate: one address, one room ----

def test_wrong_passwords_are_heard_up_to_login_rate_and_not_beyond(site):
    room, address = closed_room(site), somebody()
    for _ in range(3):
        wrong(guess(site, room, address))
    assert too_many(guess(site, room, address), "login_rate") > HOUR / 3 - 60


def test_beyond_login_rate_not_even_the_right_password_is_looked_at(site):
    """Or guessing on would find it."""
    room, address = closed_room(site), somebody()
    until_refused(lambda: guess(site, room, address))
    too_many(login(site, room, address), "login_rate")


def test_a_guesser_holds_up_nobody_else(site):
    room, other, guesser = closed_room(site), closed_room(site), somebody()
    until_refused(lambda: guess(site, room, guesser))
    let_in(login(site, room, somebody()))
    let_in(login(site, other, guesser))
    wrong(guess(site, other, guesser))
    wrong(guess(site, room, somebody()))


def test_honest_logins_are_not_charged(site):
    room, address = closed_room(site), somebody()
    wrong(guess(site, room, address))
    for _ in range(10):
        let_in(login(site, room, address))
    wrong(guess(site, room, address))
    let_in(login(site, room, address))
    wrong(guess(site, room, address))
    too_many(guess(site, room, address), "login_rate")


def test_honest_logins_at_once_are_not_charged(make_site):
    """Many people may come from one address at the same time."""
    site = make_site(**SETTINGS)
    room, address = closed_room(site), somebody()
    wrong(guess(site, room, address))
    with ThreadPoolExecutor(16) as pool:
        for answer in pool.map(lambda _: login(site, room, address), range(32)):
            let_in(answer)
    for _ in range(2):
        wrong(guess(site, room, address))
    too_many(guess(site, room, address), "login_rate")


def test_an_honest_login_gives_no_guesses_back(site):
    """Or who has one room's password would guess on with every login between."""
    room, address = closed_room(site), somebody()
    for _ in range(3):
        wrong(guess(site, room, address))
    too_many(login(site, room, address), "login_rate")
    too_many(guess(site, room, address), "login_rate")


def test_the_room_by_its_title_is_the_same_room(site):
    title, address = fresh(), somebody()
    room = created(create(site, somebody(), title, visibility="private", password=PASSWORD))["id"]
    for name in (room, title.replace(" ", "%20"), title.upper().replace(" ", "%20")):
        wrong(guess(site, name, address))
    for name in (room, title.replace(" ", "%20")):
        too_many(guess(site, name, address), "login_rate")


def test_renewal_and_reading_are_no_logins(site):
    room, address = closed_room(site), somebody()
    answer = login(site, room, address)
    let_in(answer)
    token = answer.json()["token"]
    until_refused(lambda: guess(site, room, address))
    renewed = site.http("GET", f"/chats/{room}/token/renew", token=token, headers=by(address))
    assert renewed.status == 201
    site.secrets.add(renewed.json()["token"])
    assert site.http("GET", f"/chats/events/{room}", token=token, headers=by(address)).status == 200
    shown(site.http("PUT", f"/chats/{room}", {"description": "x"}, token=token, headers=by(address)), description="x")


def test_a_name_that_is_missing_is_no_wrong_password(site):
    room, address = closed_room(site), somebody()
    for _ in range(6):
        refused(site.http("POST", f"/chats/{room}/token", {"secret": PASSWORD}, headers=by(address)), 303, field="name")
        refused(site.http("POST", f"/chats/{room}/token", "{", headers=by(address)), 303)
    let_in(login(site, room, address))


def test_public_rooms_are_entered_without_a_rate(site):
    room, address = created(create(site, somebody()))["id"], somebody()
    for _ in range(10):
        assert guess(site, room, address).status == 200


def test_guesses_made_at_once_are_not_many_more(make_site):
    """Those that are being hashed when the rate is reached are heard; there are no more of them than threads, and
    they are waited for later."""
    site = make_site(**SETTINGS)
    room, address = closed_room(site), somebody()
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: guess(site, room, address), range(64)))
    heard = [answer for answer in answers if answer.status == 401]
    assert 3 <= len(heard) <= 3 + 8
    assert {answer.status for answer in answers} == {401, 429}
    after = too_many(guess(site, room, address), "login_rate", longest=HOUR * (1 + 8) // 3)
    assert after > HOUR / 3 * (len(heard) - 2) - 60


def test_guesses_are_heard_again_when_it_was_said(make_site):
    own = make_site(login_rate="1/s", login_rate_room="none")
    room, address = private(own), somebody()
    after = too_many(until_refused(lambda: guess(own, room, address)), "login_rate", longest=1)
    time.sleep(after)  # the time itself is what was promised
    let_in(login(own, room, address))
    wrong(guess(own, room, address))


# ---- login_rate_room: one room, all addresses that it does not know ----

ROOM_SETTINGS = {"create_rate": "none", "login_rate": "none", "login_rate_room": "4/h"}


@pytest.fixture(scope="module")
def crowd():
    """A site whose rooms hear four wrong passwords an hour from strangers."""
    with Site(**ROOM_SETTINGS) as made:
        yield made


def until_closed_to_strangers(site, room):
    return until_refused(lambda: guess(site, room, somebody()), most=5)


def test_many_guessers_are_heard_up_to_login_rate_room(crowd):
    room = private(crowd)
    for _ in range(4):
        wrong(guess(crowd, room, somebody()))
    assert too_many(guess(crowd, room, somebody()), "login_rate_room") > HOUR / 4 - 60
    too_many(login(crowd, room, somebody()), "login_rate_room")


def test_who_has_been_in_the_room_is_let_in_all_the_same(crowd):
    room, friend = private(crowd), somebody()
    let_in(login(crowd, room, friend))
    until_closed_to_strangers(crowd, room)
    let_in(login(crowd, room, friend))
    too_many(login(crowd, room, somebody()), "login_rate_room")


def test_wrong_passwords_of_who_has_been_in_the_room_do_not_close_it(crowd):
    room, friend = private(crowd), somebody()
    let_in(login(crowd, room, friend))
    for _ in range(8):
        wrong(guess(crowd, room, friend))
    let_in(login(crowd, room, somebody()))
    wrong(guess(crowd, room, somebody()))


def test_who_has_been_in_another_room_is_a_stranger_here(crowd):
    room, other, guest = private(crowd), private(crowd), somebody()
    let_in(login(crowd, other, guest))
    until_closed_to_strangers(crowd, room)
    too_many(login(crowd, room, guest), "login_rate_room")
    let_in(login(crowd, other, guest))


def test_who_only_guessed_is_a_stranger_still(crowd):
    room, guesser = private(crowd), somebody()
    wrong(guess(crowd, room, guesser))
    until_closed_to_strangers(crowd, room)
    too_many(login(crowd, room, guesser), "login_rate_room")


def test_a_room_under_attack_closes_no_other(crowd):
    room, other = private(crowd), private(crowd)
    until_closed_to_strangers(crowd, room)
    let_in(login(crowd, other, somebody()))
    wrong(guess(crowd, other, somebody()))


def test_honest_strangers_do_not_close_the_room(crowd):
    room = private(crowd)
    for _ in range(8):
        let_in(login(crowd, room, somebody()))
    for _ in range(4):
        wrong(guess(crowd, room, somebody()))


def test_honest_strangers_at_once_do_not_close_the_room(crowd):
    room = private(crowd)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(6):
            address = somebody()
            for answer in pool.map(lambda _, a=address: login(crowd, room, a), range(3)):
                let_in(answer)
    for _ in range(4):
        wrong(guess(crowd, room, somebody()))


def test_a_network_that_has_been_in_the_room_is_known_by_any_of_its_addresses(crowd):
    room = private(crowd)
    let_in(login(crowd, room, "2001:db8:7:1::1"))
    until_closed_to_strangers(crowd, room)
    let_in(login(crowd, room, "2001:db8:7:1:ffff:ffff:ffff:ffff"))
    too_many(login(crowd, room, "2001:db8:7:2::1"), "login_rate_room")


def test_one_address_is_told_of_its_own_rate(make_site):
    own = make_site(login_rate="2/h", login_rate_room="4/h")
    room, first, second = private(own), somebody(), somebody()
    for address in (first, second):
        for _ in range(2):
            wrong(guess(own, room, address))
    too_many(guess(own, room, first), ("login_rate", "login_rate_room"))
    too_many(guess(own, room, somebody()), "login_rate_room")


def test_a_known_address_has_a_rate_of_its_own_still(make_site):
    own = make_site(login_rate="2/h", login_rate_room="4/h")
    room, friend = private(own), somebody()
    let_in(login(own, room, friend))
    for _ in range(2):
        wrong(guess(own, room, friend))
    too_many(guess(own, room, friend), "login_rate")


# ---- addresses ----

SAME = {
    "a forged value in front": ("192.0.2.1, {}", "192.0.2.2, {}"),
    "many forged values in front": ("192.0.2.1, 192.0.2.2, {}", "{}"),
    "the server's own in front": ("127.0.0.1, {}", "::1, {}"),
    "garbage in front": ("garbage, {}", ",,<>\xff, {}"),
    "a trusted proxy behind": ("{}, 127.0.0.1", "{}, ::1"),
    "spaces": ("{}", "  \t{}\t "),
    "no spaces": ("192.0.2.1,{}", "192.0.2.2,{}"),
    "an IPv4 address in IPv6": ("{}", "::ffff:{}"),
}
SAME_NETWORK = {
    "one /64": ("2001:db8:1:{:x}::1", "2001:db8:1:{:x}:ffff:ffff:ffff:ffff"),
    "upper case": ("2001:db8:2:{:x}::a", "2001:DB8:2:{:X}::A"),
    "zeros": ("2001:db8:3:{:x}::1", "2001:0db8:0003:{:04x}:0000:0000:0000:0001"),
    "a forged value in front": ("::2, 2001:db8:4:{:x}::1", "2001:db8:ffff::1, 2001:db8:4:{:x}::1"),
}
OTHER = {
    "another address": ("{}", "203.0.113.1"),
    "the same in front": ("{}, 203.0.113.2", "{}, 203.0.113.3"),
    "another /64": ("2001:db8:5:1::1", "2001:db8:5:2::1"),
    "other IPv4 addresses in IPv6": ("::ffff:203.0.113.4", "::ffff:203.0.113.5"),
}


def rooms_left(site, address):
    """How many rooms this address may still make."""
    return sum(answer.status == 201 for answer in [create(site, address) for _ in range(4)])


@pytest.mark.parametrize("one, two", SAME.values(), ids=SAME.keys())
def test_what_a_client_says_before_its_address_never_counts(site, one, two):
    address = somebody()
    assert rooms_left(site, one.format(address)) == 3
    assert rooms_left(site, two.format(address)) == 0


@pytest.mark.parametrize("one, two", SAME_NETWORK.values(), ids=SAME_NETWORK.keys())
def test_an_ipv6_network_of_64_bits_is_one_address(site, one, two):
    number = next(numbers)
    assert rooms_left(site, one.format(number)) == 3
    assert rooms_left(site, two.format(number)) == 0


@pytest.mark.parametrize("one, two", OTHER.values(), ids=OTHER.keys())
def test_other_addresses_have_rates_of_their_own(site, one, two):
    address = somebody()
    assert rooms_left(site, one.format(address)) == 3
    assert rooms_left(site, two.format(address)) == 3


@pytest.mark.parametrize("other", ["X-Real-IP", "Forwarded", "X-Client-IP", "Client-IP", "True-Client-IP", "X-Forwarded"])
def test_no_other_header_names_an_address(site, other):
    address = somebody()
    until_refused(lambda: create(site, address))
    body = {"title": fresh(), "visibility": "public"}
    value = "for=" + somebody() if other.startswith("X-Forwarded") or other == "Forwarded" else somebody()
    too_many(site.http("POST", "/chats", body, headers={**by(address), other: value}), "create_rate")


def test_two_headers_are_one_list(site):
    address = somebody()
    until_refused(lambda: create(site, address))
    body = {"title": fresh(), "visibility": "public"}
    pairs = [("X-Forwarded-For", somebody()), ("X-Forwarded-For", address)]
    too_many(site.http("POST", "/chats", body, headers=pairs), "create_rate")


@pytest.mark.parametrize("value", [
    "", " ", ",", ",,,", "unknown", "garbage", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::g", "[::1", "%00", "\xff\xfe",
    "1" * 4000, "1.2.3.4, " * 300, "1.2.3.4," * 300, "'; --", "<script>", "${jndi:x}", "1.2.3.4\t5.6.7.8"], ids=ascii)
def test_garbage_for_an_address_does_no_harm(crowd, value):
    room = created(create(crowd, value))["id"]
    shown(show(crowd, room), id=room)
    closed = private(crowd)
    wrong(guess(crowd, closed, value))
    let_in(login(crowd, closed, value))


def test_who_says_no_address_counts_as_the_proxy_that_lets_him_say_so(make_site):
    own = make_site(create_rate="1/h")
    created(create(own, "garbage"))
    for value in ("other garbage", "unknown", ",", f"{somebody()}, ", None):
        too_many(create(own, value), "create_rate")
    created(create(own, f"garbage, {somebody()}"))


def test_without_a_proxy_the_clients_own_address_counts(site):
    """lighttpd is asked straight from 127.0.0.1."""
    until_refused(lambda: create(site, None))
    too_many(create(site, None), "create_rate")
    too_many(create(site, "127.0.0.1"), "create_rate")
    created(create(site, somebody()))


@pytest.mark.parametrize("trusted", ["none", "192.0.2.1", "::1"])
def test_who_is_no_trusted_proxy_is_not_believed(make_site, trusted):
    own = make_site(create_rate="2/h", trusted_proxies=trusted)
    for _ in range(2):
        created(create(own, somebody()))
    too_many(create(own, somebody()), "create_rate")
    too_many(create(own, "127.0.0.1"), "create_rate")
    too_many(create(own, None), "create_rate")


def test_a_chain_of_trusted_proxies_is_followed_to_its_end(make_site):
    own = make_site(create_rate="1/h", trusted_proxies="127.0.0.1 192.0.2.10 2001:db8:a::10")
    address = somebody()
    created(create(own, f"203.0.113.9, {address}, 2001:db8:a::10, 192.0.2.10"))
    too_many(create(own, address), "create_rate")
    too_many(create(own, f"{address}, 192.0.2.10"), "create_rate")
    created(create(own, f"{address}, 192.0.2.11"))
    created(create(own, f"{address}, 2001:db8:a::11"))


# ---- the relay is away ----

def rooms_made(site):
    """How many rooms an address may make, of six that it tries."""
    address = somebody()
    answers = [create(site, address) for _ in range(6)]
    for answer in answers:
        assert answer.status == 201 or too_many(answer, "create_rate")
    return sum(answer.status == 201 for answer in answers)


def test_a_relay_that_does_not_answer_ends_no_rate(make_site):
    own = make_site(create_rate="2/h", login_rate="2/h")
    room = closed_room(own)
    pid = own.kill("globes-relay", signal.SIGSTOP)
    try:
        assert rooms_made(own) in (2, 3)  # globes.fcgi counts by itself meanwhile
        address = somebody()
        statuses = [guess(own, room, address).status for _ in range(4)]
        assert statuses == [401, 401, 429, 429]
        let_in(login(own, room, somebody()))
    finally:
        os.kill(pid, signal.SIGCONT)
    wait(lambda: rooms_made(own) == 2, what="the relay counting again")  # some threads look again a little later


def test_a_relay_that_is_started_again_counts_again(make_site):
    own = make_site(create_rate="2/h")
    assert rooms_made(own) == 2
    own.kill_and_wait("globes-relay")
    own.ws(created(create(own, somebody()))["id"])
    assert rooms_made(own) == 2


def test_processes_share_their_rates(make_site):
    """A new globes.fcgi knows what the one before has charged: the relay keeps it."""
    own = make_site(create_rate="2/h", login_rate="2/h")
    room, address = closed_room(own), somebody()
    for _ in range(2):
        created(create(own, address))
        wrong(guess(own, room, address))
    own.kill_and_wait("globes.fcgi", signal.SIGTERM)
    too_many(wait(lambda: answered(create(own, address)), what="an answer"), "create_rate")
    too_many(guess(own, room, address), "login_rate")


def answered(answer):
    return answer if answer.status < 500 else None
