# SPDX-License-Identifier: MIT
"""send_rate with send_burst, join_rate, connect_rate: within them all is good; beyond, the client is told which one and
when to go on, nothing is done, and nobody else is held up. The web server of these tests is a trusted proxy, so a test
may come from any address; what an address is: test_addresses.py.
"""

import itertools
import json
import os
import time

import pytest

from lib.globes import BUILD, Site, wait
from lib.ws import PING, Refused, Stream, connect, hear_only, sends, text_frame

# Slow enough that nothing comes back while a test runs.
SETTINGS = {"send_rate": "6/h", "send_burst": "10"}
HOUR_MS = 3_600_000
BURST = 10
LEAVE, JOIN = text_frame({"event_type": "leave"}), text_frame({"event_type": "join", "name": "Ann"})
numbers = itertools.count(1)


def somebody():
    """An address from which nobody has come yet."""
    number = next(numbers)
    return f"198.18.{number >> 8}.{number & 255}"


def by(address):
    return {"X-Forwarded-For": address}


def come(site, room, address, **more):
    return site.ws(room, fields=by(address), **more)


def too_fast(event, field, longest_ms=HOUR_MS):
    """The error of this setting; returns after how many ms it says to go on."""
    assert (event["event_type"], event.get("code"), event.get("field")) == ("error", 429, field), event
    assert event["error"] == "Too many requests" and event["msg"], event
    assert type(event["retry_after_ms"]) is int and 1 <= event["retry_after_ms"] <= longest_ms, event
    return event["retry_after_ms"]


def answers(ws, count):
    """What is heard and what is refused of the next so many: an error does not wait for what is being stored."""
    events = ws.recv_many(count)
    return ([event for event in events if event["event_type"] != "error"],
            [event for event in events if event["event_type"] == "error"])


def wait_ms(ms):
    """The time itself is what was promised."""
    time.sleep(ms / 1000)


def until_too_fast(ws, field, *frames, longest_ms=HOUR_MS, most=2000):
    """Sends these again and again until one is refused; returns for how many ms."""
    ws.send_raw(b"".join(frames) * most)
    while True:
        event = ws.recv()
        if event["event_type"] == "error":
            return too_fast(event, field, longest_ms)


# ---- send_rate and send_burst ----

def test_up_to_send_burst_all_is_good_and_beyond_it_says_too_fast(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    texts = [str(n) for n in range(BURST - 1)]  # the join was one
    ann.send_raw(sends(texts + ["too many", "and another"]))
    heard, refused = answers(ann, BURST + 1)
    assert [event["msg"] for event in heard] == texts and len(refused) == 2
    for event in refused:
        assert too_fast(event, "send_rate") > HOUR_MS / 6 - 60_000


def test_what_is_refused_is_neither_stored_nor_heard(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    ann.send_raw(sends(str(n) for n in range(BURST + 5)))
    heard = [event["msg"] for event in bob.recv_many(BURST - 1)]
    assert len(answers(ann, BURST + 5)[1]) == 6
    assert heard == [str(n) for n in range(BURST - 1)]
    assert [row[2] for row in site.log_rows(room)] == heard
    assert [event["msg"] for event in site.events(room)] == heard
    bob.say("the next")
    assert bob.recv()["msg"] == "the next"


def test_one_who_is_too_fast_holds_up_nobody_else(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.send_raw(sends(["x"] * (BURST + 20)))
    ann.recv_until("error", code=429)
    assert bob.recv_until("send", msg="x")["name"] == "Ann"
    bob.say("mine")
    bob.recv_until("send", msg="mine")
    site.joined(site.room(), "Carla").echo("elsewhere")


def test_another_connection_of_the_same_person_has_a_rate_of_its_own(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    one, two = site.joined(room, "Ann", token), site.joined(room, "Ann", token)
    one.send_raw(sends(["x"] * BURST))
    one.recv_until("error", code=429)
    two.say("mine")
    assert two.recv_until("send", msg="mine")["name"] == "Ann"


@pytest.mark.parametrize("bad, code", [
    ("{", 203), ('{"event_type":"nonsense"}', 203), ("[]", 203), ('{"event_type":"send"}', 105),
    ('{"event_type":"send","msg":""}', 105), ('{"event_type":"join","name":"Ann"}', 204)])
def test_bad_events_are_counted_too(site, bad, code):
    ann = site.joined(site.room(), "Ann")
    ann.send_raw(text_frame(bad) * (BURST + 1))
    for _ in range(BURST - 1):
        ann.recv_error(code)
    too_fast(ann.recv(), "send_rate")


def test_events_before_a_join_are_counted_too(site):
    ann = site.ws(site.room())
    ann.send_raw(sends(["not yet"] * BURST))
    for _ in range(BURST):
        ann.recv_error(201)
    ann.send_raw(JOIN)
    too_fast(ann.recv(), "send_rate")


def test_joins_and_leaves_are_counted_too(site):
    ann = site.ws(site.room())
    ann.send_raw((JOIN + LEAVE) * (BURST // 2) + JOIN)
    heard, refused = answers(ann, BURST + 1)
    assert [event["event_type"] for event in heard] == ["join", "leave"] * (BURST // 2)
    too_fast(refused[0], "send_rate")


def test_a_leave_that_is_refused_leaves_nobody(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.send_raw(sends(["x"] * (BURST - 1)) + LEAVE)
    too_fast(ann.recv_until("error"), "send_rate")
    assert {user["username"] for user in site.http("GET", f"/chats/{room}").json()["users"]} == {"Ann", "Bob"}
    ann.drop()
    assert bob.recv_until("leave")["name"] == "Ann"


def test_pings_are_no_events(site):
    ann = site.joined(site.room(), "Ann")
    for _ in range(3 * BURST):
        ann.send_frame(PING, b"x")
        assert ann.recv_pong() == b"x"
    ann.echo("hello")


def test_a_connection_that_is_too_fast_is_kept_and_goes_on_when_it_was_said(make_site):
    site = make_site(send_rate="20/s", send_burst="5")
    ann = site.joined(site.room(), "Ann")
    ann.send_raw(sends(["x"] * 20))
    refused = answers(ann, 20)[1]
    wait_ms([too_fast(event, "send_rate", longest_ms=51) for event in refused][-1])
    ann.echo("again")


def test_one_who_keeps_to_the_rate_is_never_refused(make_site):
    """Each refusal says when to go on, and who goes by that is heard."""
    site = make_site(send_rate="20/s", send_burst="1")
    ann = site.ws(site.room())
    ann.send_raw(JOIN)
    ann.recv()
    heard = refused_in_turn = 0
    while heard < 20:
        ann.say("x")
        event = ann.recv()
        if event["event_type"] == "send":
            heard, refused_in_turn = heard + 1, 0
        else:
            refused_in_turn += 1
            assert refused_in_turn == 1, event
            wait_ms(too_fast(event, "send_rate", longest_ms=51))


def test_it_is_not_said_too_early(make_site):
    site = make_site(send_rate="2/s", send_burst="30")  # a wait asks a hundred times a second
    ann = site.joined(site.room(), "Ann")
    ann.send_raw(sends(["x"] * 35))
    began = time.monotonic()
    told = too_fast(answers(ann, 35)[1][-1], "send_rate", longest_ms=1001)
    wait(lambda: is_heard(ann), timeout=5)
    assert time.monotonic() - began > told / 1000 - 0.05


def is_heard(ws):
    ws.say("y")
    return ws.recv()["event_type"] == "send"


def test_what_was_not_used_is_kept_up_to_the_burst(make_site):
    site = make_site(send_rate="50/s", send_burst="8")
    ann = site.joined(site.room(), "Ann")
    ann.send_raw(sends(["x"] * 20))
    assert answers(ann, 20)[1]
    wait_ms(8 * 20 + 1)  # as long as a whole burst takes to come back
    ann.send_raw(sends(["y"] * 8))
    assert not answers(ann, 8)[1]


@pytest.mark.parametrize("count, closed", [(9 * BURST, False), (30 * BURST, True)])
def test_ten_times_beyond_the_connection_is_closed(site, count, closed):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.send_raw(sends(["x"] * count))
    if closed:
        assert ann.wait_closed()[0] == 1008
        assert bob.recv_until("leave")["name"] == "Ann"
    else:
        heard, refused = answers(ann, count + 1)
        assert (len(heard), len(refused)) == (BURST, count - BURST + 1)  # of the heard one is Bob's join
        ann.send_frame(PING, b"x")
        assert ann.recv_pong() == b"x"
    assert len(site.log_rows(room)) == BURST - 1
    bob.say("still here")
    bob.recv_until("send", msg="still here")


def test_a_closed_one_may_come_again(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_raw(sends(["x"] * (40 * BURST)))
    assert ann.wait_closed()[0] == 1008
    wait(lambda: joins_again(site, room), what="Ann's name free again")


def joins_again(site, room):
    ws = site.ws(room)
    ws.send({"event_type": "join", "name": "Ann"})
    event = ws.recv()
    while event["event_type"] not in ("join", "error"):  # the first Ann may leave just now
        event = ws.recv()
    return event["event_type"] == "join"


def test_none_is_no_rate(make_site):
    site = make_site(send_rate="none", send_burst="1")
    ann = site.joined(site.room(), "Ann")
    texts = [str(n) for n in range(500)]
    ann.send_raw(sends(texts))
    assert [event["msg"] for event in ann.recv_many(500)] == texts


def test_without_settings_send_rate_is_that_of_the_contract(make_site):
    site = make_site(send_rate="10/s", send_burst="30")
    ann = site.joined(site.room(), "Ann")
    ann.send_raw(sends(str(n) for n in range(100)))
    heard, refused = answers(ann, 100)
    assert 29 <= len(heard) <= 60
    too_fast(refused[-1], "send_rate", longest_ms=101)


# ---- join_rate ----

@pytest.fixture(scope="module")
def joining():
    with Site(join_rate="3/h") as made:
        yield made


def joined_or_refused(site, room, address, name):
    ws = come(site, room, address)
    ws.send({"event_type": "join", "name": name})
    return ws, ws.recv()


def test_joins_of_one_address_are_good_up_to_join_rate_and_not_beyond(joining):
    room, address = joining.room(), somebody()
    bob = joining.joined(room, "Bob", fields=by(somebody()))
    for name in ("A", "B", "C"):
        assert joined_or_refused(joining, room, address, name)[1]["event_type"] == "join"
    ws, event = joined_or_refused(joining, room, address, "D")
    assert too_fast(event, "join_rate") > HOUR_MS / 3 - 60_000
    for name in ("A", "B", "C"):
        bob.recv_until("join", name=name)
    hear_only(bob)
    ws.say("not joined")
    assert ws.recv_until("error")["code"] == 201
    assert {user["username"] for user in joining.http("GET", f"/chats/{room}").json()["users"]} == {"A", "B", "C", "Bob"}


def test_joins_are_counted_over_all_rooms_of_an_address(joining):
    address = somebody()
    for n in range(3):
        assert joined_or_refused(joining, joining.room(), address, f"N{n}")[1]["event_type"] == "join"
    too_fast(joined_or_refused(joining, joining.room(), address, "D")[1], "join_rate")


def test_joins_of_other_addresses_are_not_held_up(joining):
    room, address = joining.room(), somebody()
    ann = come(joining, room, address)
    until_too_fast(ann, "join_rate", JOIN, LEAVE, most=4)
    for n in range(5):
        assert joined_or_refused(joining, room, somebody(), f"N{n}")[1]["event_type"] == "join"


def test_who_has_joined_before_talks_on(joining):
    room, address = joining.room(), somebody()
    ann = come(joining, room, address)
    ann.join("Ann")
    other = come(joining, joining.room(), address)
    until_too_fast(other, "join_rate", JOIN, LEAVE, most=4)
    ann.echo("hello")


def test_a_join_is_good_again_when_it_was_said(make_site):
    site = make_site(join_rate="20/s")
    ann = come(site, site.room(), somebody())
    ann.send_raw((JOIN + LEAVE) * 100)
    refusals = []
    for _ in range(200):  # a leave of who has not joined is refused too
        event = ann.recv()
        refusals += [event] if event.get("code") == 429 else []
    wait_ms(too_fast(refusals[-1], "join_rate", longest_ms=51))
    ann.send_raw(LEAVE)
    ann.recv()
    ann.join("Ann")
    ann.echo("hello")


def test_no_join_rate_is_none(make_site):
    site = make_site(join_rate="none")
    ann = come(site, site.room(), somebody())
    ann.send_raw((JOIN + LEAVE) * 300)
    assert [event["event_type"] for event in ann.recv_many(600)] == ["join", "leave"] * 300


# ---- connect_rate ----

@pytest.fixture(scope="module")
def connecting():
    with Site(connect_rate="4/h") as made:
        yield made


def refused(site, room, address, **more):
    with pytest.raises(Refused) as caught:
        come(site, room, address, **more)
    return caught.value


def too_many(refusal, field, longest=3600):
    """429 of this setting; returns after how many seconds it says to come back."""
    assert refusal.error() == (429, 429) and refusal.field() == field, refusal
    after = refusal.headers["Retry-After"]
    assert after.isdecimal() and 1 <= int(after) <= longest, after
    assert refusal.headers["X-Request-Id"] and refusal.headers["X-Content-Type-Options"] == "nosniff"
    return int(after)


def test_sockets_are_opened_up_to_connect_rate_and_not_beyond(connecting):
    room, address = connecting.room(), somebody()
    sockets = [come(connecting, room, address) for _ in range(4)]
    assert too_many(refused(connecting, room, address), "connect_rate") > 900 - 60
    for n, ws in enumerate(sockets):
        ws.send({"event_type": "join", "name": f"N{n}"})
        ws.recv_until("join", name=f"N{n}")


def test_closing_a_socket_gives_none_back(connecting):
    room, address = connecting.room(), somebody()
    for _ in range(4):
        ws = come(connecting, room, address)
        ws.close()
        assert ws.wait_closed()[0] == 1000
    too_many(refused(connecting, room, address), "connect_rate")


def test_one_who_opens_many_sockets_holds_up_nobody_else(connecting):
    room, address = connecting.room(), somebody()
    for _ in range(4):
        come(connecting, room, address)
    too_many(refused(connecting, room, address), "connect_rate")
    for _ in range(8):
        come(connecting, room, somebody())


def test_connect_rate_is_over_all_rooms(connecting):
    address = somebody()
    for _ in range(4):
        come(connecting, connecting.room(), address)
    too_many(refused(connecting, connecting.room(), address), "connect_rate")


def test_connect_rate_is_looked_at_after_all_else(connecting):
    room, private, address = connecting.room(), connecting.room(visibility="private"), somebody()
    for _ in range(6):  # costs nothing
        assert refused(connecting, 999999999, address).error() == (404, 101)
        assert refused(connecting, private, address, token="no.good.token").error() == (403, 403)
    for _ in range(4):
        come(connecting, room, address)
    assert refused(connecting, 999999999, address).error() == (404, 101)
    assert refused(connecting, private, address, token="no.good.token").error() == (403, 403)
    too_many(refused(connecting, room, address), "connect_rate")


def test_a_token_does_not_lift_connect_rate(connecting):
    private, address = connecting.room(visibility="private"), somebody()
    token = connecting.token(private, "Ann")
    for _ in range(4):
        come(connecting, private, address, token=token)
    too_many(refused(connecting, private, address, token=token), "connect_rate")


def open_or_refused(site, room, address):
    try:
        return come(site, room, address)
    except Refused as refusal:
        return refusal


def test_sockets_can_be_opened_again_when_it_was_said(make_site):
    site = make_site(connect_rate="10/s")
    room, address = site.room(), somebody()
    refusal = next(one for one in (open_or_refused(site, room, address) for _ in range(1000)) if isinstance(one, Refused))
    wait_ms(1000 * too_many(refusal, "connect_rate", longest=1))
    come(site, room, address).join("Ann")


def test_no_connect_rate_is_none(make_site):
    site = make_site(connect_rate="none", sockets_per_address="none")
    room, address = site.room(), somebody()
    for _ in range(100):
        come(site, room, address)


def test_who_has_no_address_is_not_limited_by_one(connecting):
    """A client on the relay's unix socket of whom no proxy has said where it is from."""
    room = connecting.room()
    for _ in range(10):
        connecting.ws(room, direct=True)


# ---- made-up addresses ----

MADE_UP = 200_000
RATES = {"connect_rate": "3/h", "join_rate": "3/h", "create_rate": "100/h", "login_rate": "3/h", "login_rate_room": "none"}
GROWS_AT_MOST = 8 * 1024 * 1024
SANITIZED = any(word in os.path.basename(BUILD) for word in ("san", "address", "undefined", "thread"))


def resident(pid):
    """Bytes of memory that a process has."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


class Control:
    """The relay's control socket, by which globes.fcgi says who logs in and makes rooms."""

    def __init__(self, site):
        self.sock = connect(os.path.join(site.data, "run", "control.sock"))
        self.stream = Stream(self.sock)
        self.id = 0

    def charge(self, what, addresses, room=0):
        """The answers to a charge of each address (32 hex digits)."""
        addresses = list(addresses)
        lines = []
        for address in addresses:
            self.id += 1
            lines.append(json.dumps({"v": 1, "id": self.id, "do": "charge", "what": what, "address": address, "room": room}))
        self.stream.send("".join(line + "\n" for line in lines).encode())
        return [self.answer() for _ in addresses]

    def answer(self):
        deadline = time.monotonic() + 10
        while b"\n" not in self.stream.buffer:
            assert self.stream.more(deadline), "the control socket is closed"
        return json.loads(self.stream.take(self.stream.buffer.index(b"\n") + 1))


def made_up(begin, count):
    """IPv6 networks in a row, as one who has a /32 may come from."""
    return (f"20010db8{number:08x}{0:016x}" for number in range(begin, begin + count))


def flood(site, what, room=0):
    """MADE_UP addresses, each charged once (fewer where a sanitizer makes it slow)."""
    control = Control(site)
    for begin in range(0, MADE_UP // (20 if SANITIZED else 1), 1000):
        answers = control.charge(what, made_up(begin, 1000), room)
        assert all(answer["ok"] for answer in answers)


@pytest.mark.parametrize("what", ["connect", "join", "create", "login", "wrong", "entered"])
def test_made_up_addresses_take_no_memory(make_site, what):
    site = make_site(**RATES)
    room = site.room(visibility="private")
    pid, address = site.pid("globes-relay"), somebody()
    before = resident(pid)
    flood(site, what, room if what in ("login", "wrong", "entered") else 0)
    assert SANITIZED or resident(pid) - before < GROWS_AT_MOST
    assert site.pid("globes-relay") == pid
    come(site, room, address, token=site.token(room, "Ann")).join("Ann")


def test_sockets_from_made_up_addresses_take_no_memory_once_they_are_closed(make_site):
    site = make_site(connect_rate="3/h", join_rate="3/h", sockets_per_address="3")
    room, pid = site.room(), site.pid("globes-relay")
    come_and_go(site, room, range(200))  # what every relay has after its first sockets
    before = resident(pid)
    come_and_go(site, room, range(200, 2200))
    assert SANITIZED or resident(pid) - before < GROWS_AT_MOST
    assert site.pid("globes-relay") == pid


def come_and_go(site, room, these):
    for number in these:
        with site.ws(room, direct=True, fields={"X-Forwarded-For": f"2001:db8:{number:x}::1"}) as ws:
            ws.send_raw(JOIN)
    site.drop_sockets()


def test_made_up_addresses_make_no_guesser_forgotten(make_site):
    """Else who has many addresses would have as many guesses as he likes from each."""
    site = make_site(**RATES)
    room, control = site.room(visibility="private"), Control(site)
    guesser = f"20010db9{0:024x}"
    control.charge("wrong", [guesser] * 3, room)
    assert control.charge("login", [guesser], room)[0]["wait_ms"] > 0
    flood(site, "wrong", room)
    assert control.charge("login", [guesser], room)[0]["wait_ms"] > 0


def test_one_limit_is_not_forgotten_for_another(make_site):
    site = make_site(**RATES)
    control, somebody_else = Control(site), f"20010db9{1:024x}"
    control.charge("join", [somebody_else] * 3)
    flood(site, "connect")
    assert control.charge("join", [somebody_else])[0]["field"] == "join_rate"
