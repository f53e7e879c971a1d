# SPDX-License-Identifier: MIT
"""sockets_per_address: how many sockets one address may have at a time, over all rooms, and that whatever ends a
socket gives its place back.
"""

import contextlib

import pytest

from lib.globes import wait
from lib.ws import BINARY, TEXT, Refused, Stream, Ws, connect, frame, handshake_head, hear_only

SETTINGS = {"sockets_per_address": "2"}
A, B, C = "203.0.113.1", "203.0.113.2", "203.0.113.3"


@pytest.fixture(autouse=True)
def nobody_is_left(site):
    """Sockets end with their test, but the relay learns of it a moment later."""
    yield
    site.drop_sockets()
    for address in (A, B, "2001:db8::1"):
        wait(lambda a=address: has_two_places(site, a), what="an end of all sockets")


def has_two_places(site, address):
    room = site.room()
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            try:
                stack.enter_context(come(site, room, address))
            except Refused:
                return False
    return True


def come(site, room, address, direct=False, **more):
    return site.ws(room, direct=direct, fields={"X-Forwarded-For": address}, **more)


def full(site, room, address, **more):
    with pytest.raises(Refused) as caught:
        come(site, room, address, **more)
    refusal = caught.value
    assert refusal.error() == (429, 429) and refusal.field() == "sockets_per_address", refusal
    assert refusal.headers["Retry-After"].isdecimal() and int(refusal.headers["Retry-After"]) >= 1
    return refusal


def comes_in(site, room, address, **more):
    """Waits until there is a place."""
    return wait(lambda: come_or_none(site, room, address, **more), what="a place for another socket")


def come_or_none(site, room, address, **more):
    try:
        return come(site, room, address, **more)
    except Refused:
        return None


@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_an_address_has_so_many_sockets_and_no_more(site, direct):
    room = site.room()
    ann = come(site, room, A, direct)
    ann.join("Ann")
    bob = come(site, room, A, direct)
    bob.join("Bob")
    ann.recv_until("join", name="Bob")
    full(site, room, A, direct=direct)
    hear_only(ann, bob)


def test_they_are_counted_over_all_rooms(site):
    come(site, site.room(), A)
    come(site, site.room(), A)
    full(site, site.room(), A)


def test_other_addresses_have_places_of_their_own(site):
    room = site.room()
    for address in (A, B, C, "2001:db8::1"):
        come(site, room, address)
        come(site, room, address)
        full(site, room, address)


def test_tokens_give_no_more_places(site):
    room = site.room(visibility="private")
    for name in ("Ann", "Bob"):
        come(site, room, A, token=site.token(room, name))
    full(site, room, A, token=site.token(room, "Carla"))


def close_by_frame(ws):
    ws.close()
    assert ws.wait_closed()[0] == 1000


def be_closed(data):
    """Sends what the relay closes a socket for, and answers its Close frame."""
    def end(ws):
        ws.send_raw(data)
        ws.wait_closed()
    return end


ENDS = {
    "a Close frame": close_by_frame,
    "a cut": Ws.drop,
    "a reset": Ws.reset,
    "what is no frame": be_closed(b"\xff" * 20),
    "a binary frame": be_closed(frame(BINARY, b"x")),
    "a frame too large": be_closed(frame(TEXT, b"x" * 100_000)),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("direct", [False, True], ids=["lighttpd", "direct"])
def test_whatever_ends_a_socket_gives_its_place_back(site, end, direct):
    room = site.room()
    stays, goes = come(site, room, A, direct), come(site, room, A, direct)
    goes.join("Goes")
    full(site, room, A, direct=direct)
    end(goes)
    comes_in(site, room, A, direct=direct).join("New")
    full(site, room, A, direct=direct)
    stays.send({"event_type": "join", "name": "Stays"})
    stays.recv_until("join", name="Stays")


def test_who_does_not_answer_a_close_frame_keeps_no_place(site):
    room = site.room()
    come(site, room, A)
    come(site, room, A).send_frame(BINARY, b"x")
    comes_in(site, room, A)
    full(site, room, A)


def test_a_room_that_is_deleted_gives_places_back(site):
    room = site.room()
    sockets = [come(site, room, A) for _ in range(2)]
    full(site, site.room(), A)
    assert site.http("DELETE", f"/chats/{room}").status == 200
    for ws in sockets:
        assert ws.wait_closed()[0] == 1001
    comes_in(site, site.room(), A)
    comes_in(site, site.room(), A)
    full(site, site.room(), A)


def test_places_are_given_back_as_often_as_taken(site):
    """Neither too few, which would shut the address out one day, nor too many."""
    room = site.room()
    for _ in range(30):
        one, two = comes_in(site, room, A), comes_in(site, room, A)
        full(site, room, A)
        one.close()
        two.drop()
    comes_in(site, room, A)
    comes_in(site, room, A)
    full(site, room, A)


def test_handshakes_that_are_refused_take_no_place(site):
    room, private = site.room(), site.room(visibility="private")
    for _ in range(5):
        for number, more in ((999999999, {}), (private, {}), (private, {"token": "no.good.token"})):
            with pytest.raises(Refused) as caught:
                come(site, number, A, **more)
            assert caught.value.status in (403, 404)
        with pytest.raises(Refused) as caught:
            site.ws(room, fields={"X-Forwarded-For": A, "Origin": "null"})
        assert caught.value.status == 403
    come(site, room, A)
    come(site, room, A)
    for _ in range(5):
        full(site, room, A)


def test_clients_that_go_while_they_are_let_in_give_their_places_back(site):
    room = site.room()
    head = handshake_head(f"/chats/{room}/ws", fields={"X-Forwarded-For": A})
    for _ in range(50):
        sock = connect(site.address(True))
        sock.sendall(head)
        sock.close()
    comes_in(site, room, A)
    comes_in(site, room, A)
    full(site, room, A)


def test_heads_that_do_not_come_take_no_place(site):
    room = site.room()
    streams = [Stream(connect(site.address(True))) for _ in range(5)]
    for stream in streams:
        stream.send(f"GET /chats/{room}/ws HTTP/1.1\r\nX-Forwarded-For: {A}\r\n".encode())
    come(site, room, A)
    come(site, room, A)
    for stream in streams:
        stream.sock.close()


def test_the_order_is_room_token_and_then_this(site):
    room, private = site.room(), site.room(visibility="private")
    come(site, room, A)
    come(site, room, A)
    for number, error, more in ((999999999, (404, 101), {}), (private, (403, 403), {"token": "no.good.token"})):
        with pytest.raises(Refused) as caught:
            come(site, number, A, **more)
        assert caught.value.error() == error


def test_who_is_refused_may_ask_the_rest(site):
    room = site.room()
    come(site, room, A)
    come(site, room, A)
    full(site, room, A)
    assert site.http("GET", f"/chats/{room}", headers={"X-Forwarded-For": A}).status == 200


def test_none_is_no_limit(make_site):
    site = make_site(sockets_per_address="none")
    room = site.room()
    for _ in range(250):
        come(site, room, A)


def test_without_settings_it_is_200(make_site):
    site = make_site(sockets_per_address="200")
    room = site.room()
    for _ in range(200):
        come(site, room, A, direct=True)
    full(site, room, A, direct=True)
    come(site, room, B, direct=True)


def test_a_relay_that_is_started_again_counts_from_nothing(make_site):
    site = make_site(sockets_per_address="1")
    room = site.room()
    ann = come(site, room, A)
    site.kill_and_wait("globes-relay")
    ann.wait_closed()
    come(site, room, A)
    full(site, room, A)
