# SPDX-License-Identifier: MIT
"""Talking: echoes, order, the members of a send, colours."""

import threading

import pytest

from lib.ws import hear_only, sends, text_frame

GOOD_COLORS = ["red", "RebeccaPurple", "LIGHTGOLDENRODYELLOW", "darkslategrey", "#abc", "#ABC", "#a1b2c3", "#FFFFFF"]
BAD_COLORS = ["", "nocolor", "#", "#ab", "#abcd", "#abcde", "#abcdef0", "#ggg", "abc", "red ", " red", "inherit",
              "rgb(1,2,3)", "red;background:url(x)", "\"><script>", "#a\u0000b", "#١٢٣", "x" * 3000]


def test_two_people_chat(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    first = ann.echo("hello Bob")
    assert bob.recv() == first
    second = bob.echo("hello Ann")
    assert ann.recv() == second
    assert (first["name"], second["name"]) == ("Ann", "Bob")


def test_a_send_is_not_heard_in_other_rooms(site):
    stranger = site.joined(site.room(), "Stranger")
    site.joined(site.room(), "Ann").echo("among us")
    hear_only(stranger)


def test_a_send_says_where_it_is_in_the_log(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    events = [ann.echo(f"message {n}") for n in range(5)]
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert len({event["epoch"] for event in events}) == 1
    assert {event["room_id"] for event in events} == {room}


def test_rooms_have_epochs_of_their_own(site):
    epochs = {site.joined(site.room(), "Ann").echo("x")["epoch"] for _ in range(3)}
    assert len(epochs) == 3


def test_who_tells_persons_apart(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    whos = {ann.echo("1")["who"], ann.echo("2")["who"]}
    bob.recv_many(2)
    assert len(whos) == 1
    assert bob.echo("3")["who"] not in whos


def test_who_is_the_same_for_all_connections_of_a_person_and_for_all_time(site):
    room = site.room(visibility="private")
    token = site.token(room, "Ann")
    first = site.joined(room, None, token)
    who = first.echo("1")["who"]
    second = site.joined(room, None, token)
    assert second.echo("2")["who"] == who
    assert [event["who"] for event in site.events(room, token)] == [who, who]


@pytest.mark.parametrize("private", [False, True])
def test_a_name_in_a_send_is_not_looked_at(site, private):
    room = site.room(visibility="private" if private else "public")
    token = site.token(room, "Ann") if private else None
    ann = site.joined(room, "Ann", token)
    event = ann.echo("who am I?", name="Mallory", verified=not private, room_id=room + 1, who="mallory1",
                     seq=77, epoch="0" * 16, time="1999-01-01T00:00:00Z", color="red")
    assert (event["name"], event["verified"], event["room_id"]) == ("Ann", private, room)
    assert event["who"] != "mallory1"
    assert (event["seq"], event["epoch"] != "0" * 16) == (1, True)
    assert not event["time"].startswith("1999")


def test_a_send_as_the_original_page_sends_it_is_good(site):
    room = site.room()
    ann = site.joined(room, "ann")
    assert ann.echo("hello", name="ann", room_id=room, color="blue", verified=False)["color"] == "blue"


def test_members_that_nobody_knows_are_dropped(site):
    room = site.room()
    ann, bob = site.joined(room, "Ann"), site.joined(room, "Bob")
    ann.recv_until("join", name="Bob")
    event = ann.echo("x", secret="my password", cid="c" * 20, extra=[1, {"a": None}], html="<b>")
    assert not {"secret", "cid", "extra", "html"} & set(event)
    assert bob.recv() == event
    assert site.events(room)[-1]["msg"] == "x"


def test_a_secret_in_an_event_reaches_nobody(site):
    room = site.room()
    site.joined(room, "Ann").echo("x", secret="sesame-4711")
    assert "sesame-4711" not in site.http("GET", f"/chats/events/{room}").text
    assert "sesame-4711" not in site.log()
    with open(f"{site.data}/log.db", "rb") as log:
        assert b"sesame-4711" not in log.read()


def test_what_people_say_is_not_in_the_log_of_the_programs(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.echo("zanzibar-0815")
    ann.say("zanzibar-0816" * 1000)
    ann.recv_error(105, "msg")
    assert "zanzibar" not in site.log()


def test_an_echo_is_in_the_history_at_once(site):
    room = site.room()
    ann = site.joined(room, "Ann", color="red")
    for n in range(60):
        event = ann.echo(f"message {n}")
        assert site.events(room)[-1] == event


def test_the_history_has_sends_in_their_order(site):
    room = site.room()
    assert site.events(room) == []
    ann = site.joined(room, "Ann")
    events = [ann.echo(f"message {n}") for n in range(60)]
    assert site.events(room) == events[-50:]


def test_everyone_hears_the_same_order(site):
    room = site.room()
    people = [site.joined(room, f"P{n}") for n in range(4)]
    for n, ws in enumerate(people):
        for other in range(n + 1, 4):
            ws.recv_until("join", name=f"P{other}")
    threads = [threading.Thread(target=say_all, args=(ws, n)) for n, ws in enumerate(people)]
    for thread in threads:
        thread.start()
    heard = [ws.recv_many(200) for ws in people]
    for thread in threads:
        thread.join()
    assert heard[0] == heard[1] == heard[2] == heard[3]
    for n in range(4):
        own = [event["msg"] for event in heard[0] if event["name"] == f"P{n}"]
        assert own == [f"{n} says {i}" for i in range(50)]


def say_all(ws, n):
    for i in range(50):
        ws.say(f"{n} says {i}")


def test_many_sends_in_one_piece_keep_their_order(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_raw(sends(str(n) for n in range(1000)))
    assert [event["msg"] for event in ann.recv_many(1000)] == [str(n) for n in range(1000)]
    assert [row[2] for row in site.log_rows(room)] == [str(n) for n in range(1000)]


def test_sends_errors_and_joins_come_one_object_a_frame(site):
    room = site.room()
    ann = site.joined(room, "Ann")
    ann.send_raw(b"".join(sends([str(n)]) + text_frame("nonsense") for n in range(50)))
    events = ann.recv_many(100)  # each frame is checked by Ws
    assert len([event for event in events if event["event_type"] == "error"]) == 50
    assert [event["msg"] for event in events if event["event_type"] == "send"] == [str(n) for n in range(50)]


@pytest.mark.parametrize("color", GOOD_COLORS)
def test_a_css_colour_is_kept(site, color):
    ann = site.joined(site.room(), "Ann", color=color)
    assert ann.joined["color"].lower() == color.lower()
    assert ann.echo("x", color=color)["color"].lower() == color.lower()


@pytest.mark.parametrize("color", BAD_COLORS)
def test_what_is_no_css_colour_becomes_empty(site, color):
    room = site.room()
    ann = site.joined(room, "Ann", color=color)
    assert ann.joined["color"] == ""
    bob = site.joined(room, "Bob", color="red")
    assert bob.echo("x", color=color)["color"] == ""


def test_a_send_without_a_colour_has_the_joins(site):
    ann = site.joined(site.room(), "Ann", color="teal")
    assert ann.echo("x")["color"] == "teal"
    assert ann.echo("x", color="red")["color"] == "red"
    assert ann.echo("x")["color"] == "teal"


def test_without_any_colour_it_is_empty(site):
    ann = site.joined(site.room(), "Ann")
    assert ann.joined["color"] == ""
    assert ann.echo("x")["color"] == ""


@pytest.mark.parametrize("color", [None, 7, True, ["red"], {"red": 1}])
def test_a_colour_of_a_wrong_type_is_refused(site, color):
    ann = site.joined(site.room(), "Ann")
    ann.say("x", color=color)
    ann.recv_error(105, "color")
    hear_only(ann)


def test_members_may_also_come_in_other_orders(site):
    ann = site.joined(site.room(), "Ann")
    ann.send_text('{ "color" : "red" , "msg" : "x" ,\r\n\t"event_type" : "send" }')
    assert ann.recv()["msg"] == "x"
