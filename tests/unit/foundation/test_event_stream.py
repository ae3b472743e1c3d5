"""Following the event log: from the database, and through the API."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from support.cloud import PASSWORD, Client, SimulatedCloud, cloud_settings, running_cloud
from support.streaming import reading
from zaffre.edge.faces import Face
from zaffre.foundation.actor import system_actor
from zaffre.foundation.clock import ManualClock
from zaffre.foundation.database import Database
from zaffre.foundation.events import EventCursor, EventLog, EventScope, EventStream, LifecycleEvent
from zaffre.foundation.work import ResourceRef, UnitsOfWork

ACTOR = system_actor("test")


async def everything() -> EventScope:
    return EventScope(everything=True)


async def write(units: UnitsOfWork, *names: str, **where: Any) -> None:
    async with units.write(ACTOR) as work:
        for name in names:
            work.emit("thing.made", ResourceRef("thing", name, **where))


async def history(units: UnitsOfWork) -> Sequence[LifecycleEvent]:
    async with units.read(ACTOR) as work:
        return await EventLog(work.session).after(EventCursor(), EventScope(everything=True), limit=10_000)


# The log ---------------------------------------------------------------------------------------------------------


async def test_a_follower_misses_nothing_and_sees_nothing_twice_while_many_write(live_units: UnitsOfWork) -> None:
    writers, each = 6, 12
    stream = EventStream(live_units.database, live_units.events_written, limit=5)
    chance = random.Random(7)

    async def keep_writing(writer: int) -> None:
        for number in range(each):
            async with live_units.write(ACTOR) as work:
                work.emit("thing.made", ResourceRef("thing", f"{writer}-{number}-a"))
                await work.session.flush()
                await asyncio.sleep(chance.uniform(0, 0.004))
                work.emit("thing.made", ResourceRef("thing", f"{writer}-{number}-b"))

    async def follow(after: EventCursor) -> list[LifecycleEvent]:
        seen: list[LifecycleEvent] = []
        async for event in stream.follow(after, everything):
            if event is not None:
                seen.append(event)
            if len(seen) == writers * each * 2:
                return seen
        return seen

    async with asyncio.timeout(60):
        following = [asyncio.create_task(follow(EventCursor())) for _ in range(2)]
        await asyncio.gather(*(keep_writing(writer) for writer in range(writers)))
        first, second = await asyncio.gather(*following)
    assert [event.id for event in first] == [event.id for event in second]
    assert len({event.id for event in first}) == writers * each * 2
    assert [event.cursor for event in first] == sorted(event.cursor for event in first)
    for writer in range(writers):
        mine = [event.resource_id for event in first if event.resource_id.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{number}-{half}" for number in range(each) for half in "ab"]


async def test_resuming_behind_any_event_gives_exactly_the_rest(units: UnitsOfWork) -> None:
    for number in range(6):
        await write(units, f"{number}-a", f"{number}-b")
    stream = EventStream(units.database, units.events_written, limit=5)
    whole = await history(units)
    for place, event in enumerate(whole[:-1]):
        rest: list[str] = []
        async for later in stream.follow(EventCursor.parse(str(event.cursor)), everything):
            assert later is not None
            rest.append(later.id)
            if len(rest) == len(whole) - place - 1:
                break
        assert rest == [e.id for e in whole[place + 1 :]]


async def test_a_silent_stream_gives_signs_of_life(units: UnitsOfWork) -> None:
    stream = EventStream(units.database, units.events_written, limit=5)
    following = stream.follow(await stream.end(), everything, heartbeat_s=0.0)
    async with asyncio.timeout(60):
        assert await anext(following) is None
        await write(units, "one")
        event = await anext(following)
        while event is None:
            event = await anext(following)
    assert event.resource_id == "one"


async def test_a_right_that_is_granted_or_withdrawn_meanwhile_counts(units: UnitsOfWork) -> None:
    subscription = units.ids.new()
    allowed = EventScope(subscription_ids=(subscription,))
    scopes = [allowed]

    async def scope() -> EventScope:
        return scopes[-1]

    stream = EventStream(units.database, units.events_written, limit=5)
    following = stream.follow(EventCursor(), scope, heartbeat_s=0.0)
    await write(units, "before", subscription_id=subscription)
    async with asyncio.timeout(60):
        first = await anext(following)
        assert first is not None
        assert first.resource_id == "before"
        scopes.append(EventScope())
        await write(units, "while away", subscription_id=subscription)
        assert await anext(following) is None
        scopes.append(allowed)
        await write(units, "back", subscription_id=subscription)
        later = [await anext(following), await anext(following)]
    assert [event.resource_id for event in later if event is not None] == ["while away", "back"]


async def test_old_events_are_forgotten_a_bounded_number_at_a_time(units: UnitsOfWork, clock: ManualClock) -> None:
    await write(units, *(f"old-{n}" for n in range(5)))
    clock.advance(timedelta(days=2).total_seconds())
    await write(units, "new")

    async def forget() -> int:
        async with units.write(ACTOR) as work:
            return await EventLog(work.session).forget_before(clock.now() - timedelta(days=1), limit=3)

    assert [await forget(), await forget(), await forget()] == [3, 2, 0]
    assert [event.resource_id for event in await history(units)] == ["new"]


# The API ---------------------------------------------------------------------------------------------------------


def token_of(client: Client) -> str:
    return client.http.headers["Authorization"].removeprefix("Bearer ")


async def somebody(api: SimulatedCloud, name: str = "somebody") -> Client:
    email = f"{name}{next(api.numbers)}@zaffre.example"
    await api.client().post("/accounts", {"email": email, "name": name, "password": PASSWORD})
    return await api.sign_in(email, PASSWORD)


async def rename(client: Client, name: str) -> None:
    await client.patch("/accounts/me", {"name": name})


async def test_what_happens_after_the_first_line_is_seen_and_can_be_resumed_from(api: SimulatedCloud) -> None:
    someone = await somebody(api)
    public = api.apps[Face.PUBLIC]
    async with reading(public, "/events", token_of(someone)) as reader:
        assert (reader.status, reader.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        first = await reader.next()
        assert first.comment == "connected"
        await rename(someone, "renamed")
        event = await reader.event()
        assert (event.event, event.data["data"]) == ("account.changed", {"name": "renamed"})
        assert event.id == event.data["cursor"]
    await rename(someone, "while away 1")
    await rename(someone, "while away 2")
    assert event.id is not None
    assert first.id is not None
    async with reading(public, "/events", token_of(someone), last_event_id=event.id) as reader:
        assert [e.data["data"]["name"] for e in await reader.events(2)] == ["while away 1", "while away 2"]
    async with reading(public, "/events", token_of(someone), last_event_id=first.id) as reader:
        assert [e.data["data"]["name"] for e in await reader.events(3)] == ["renamed", "while away 1", "while away 2"]


async def test_events_of_somebody_else_are_never_seen(api: SimulatedCloud) -> None:
    mine, other = await somebody(api, "mine"), await somebody(api, "other")
    public = api.apps[Face.PUBLIC]
    account = (await other.get("/accounts/me"))["id"]
    async with (
        reading(public, "/events", token_of(mine), last_event_id="0.0") as reader,
        reading(public, f"/events?resource_id={account}", token_of(mine), last_event_id="0.0") as nosy,
        reading(api.apps[Face.ADMIN], f"/events?resource_id={account}", token_of(api.admin)) as administrator,
    ):
        await administrator.next()
        await rename(other, "secretly renamed")
        await rename(mine, "openly renamed")
        assert (await administrator.event()).data["data"] == {"name": "secretly renamed"}
        events = await reader.events(3)
        assert [e.event for e in events] == ["account.created", "session.opened", "account.changed"]
        assert "secretly" not in str(events)
        await nosy.next()
        assert nosy.silent()
    for client in (mine, other):
        seen = (await client.get("/events/history"))["value"]
        assert {e["account_id"] for e in seen} == {(await client.get("/accounts/me"))["id"]}


async def test_a_stream_ends_when_its_access_token_expires(api: SimulatedCloud, clock: ManualClock) -> None:
    someone = await somebody(api)
    async with reading(api.apps[Face.PUBLIC], "/events", token_of(someone)) as reader:
        await reader.next()
        clock.advance(api.site.settings.identity.access_token_lifetime_s)
        api.units.events_written.wake()
        assert (await reader.event()).event == "credential_expired"
        await reader.end()


async def test_a_stream_ends_when_its_api_token_stops_being_good(api: SimulatedCloud, clock: ManualClock) -> None:
    someone = await somebody(api)
    account = await someone.get("/accounts/me")
    path = f"/accounts/{account['id']}"
    soon = (clock.now() + timedelta(hours=1)).isoformat()

    async def revoke(token_id: str) -> None:
        await someone.delete(f"/api-tokens/{token_id}")

    async def suspend(_token_id: str) -> None:
        await api.admin.patch(path, {"state": "suspended"})

    async def promote(_token_id: str) -> None:
        await api.admin.patch(path, {"state": "active", "role": "site_administrator"})

    async def demote(_token_id: str) -> None:
        await api.admin.patch(path, {"role": "tenant"})

    async def expire(_token_id: str) -> None:
        clock.advance(3600)
        api.units.events_written.wake()

    for ending in (revoke, suspend, promote, demote, expire):
        await api.admin.patch(path, {"state": "active"})
        made = await someone.post("/api-tokens", {"name": ending.__name__, "expires_at": soon})
        async with reading(api.apps[Face.PUBLIC], "/events", made["token"]) as reader:
            await reader.next()
            await ending(made["id"])
            while (event := await reader.event()).event != "credential_expired":
                # What happened before the end may still be told; it is one's own.
                assert event.data["account_id"] == account["id"], ending.__name__
            await reader.end()


async def test_streams_are_bounded_and_a_closed_one_makes_room(database: Database, tmp_path, clock) -> None:
    url = database.url if not database.is_sqlite else ""
    settings = cloud_settings(tmp_path, url, "parts=api", "events.streams=2")
    async with running_cloud(settings, furnished=False, clock=clock) as api:
        token = token_of(await somebody(api))
        public = api.apps[Face.PUBLIC]

        def gauge() -> str:
            lines = api.site.metrics.render().decode().splitlines()
            return next(line for line in lines if line.startswith("zaffre_event_streams"))

        async with reading(public, "/events", token) as first:
            await first.next()
            async with reading(public, "/events", token) as second, reading(public, "/events", token) as third:
                assert (second.status, third.status) == (200, 503)
                assert b"events.too_many_streams" in third.body
                assert gauge() == "zaffre_event_streams 2.0"
            async with reading(public, "/events", token) as fourth:
                assert fourth.status == 200
        assert gauge() == "zaffre_event_streams 0.0"


async def test_a_place_in_the_log_that_is_none_is_refused(api: SimulatedCloud) -> None:
    public = api.apps[Face.ADMIN]
    for place in ("", "x", "1", "1.", ".1", "1.2.3", "-1.0", "9223372036854775808.0", "0." + "9" * 30, "1" * 41):
        async with reading(public, "/events", token_of(api.admin), last_event_id=place) as reader:
            assert reader.status == 400, place
    for place in ("x", "9223372036854775808.1", "1.9223372036854775808", "٣.١"):  # noqa: RUF001 - digits, not ASCII
        answer = await api.admin.ask("GET", "/events/history", params={"before": place})
        assert (answer.status, answer.body["status"]) == (400, 400), place
    assert (await api.admin.get("/events/history", params={"before": "9223372036854775807.1"}))["value"] != []


async def test_the_past_can_be_read_page_by_page_newest_first(api: SimulatedCloud) -> None:
    for number in range(7):
        await api.admin.post("/stamps", {"name": f"stamp {number}"})
    whole = (await api.admin.get("/events/history", params={"$top": "500"}))["value"]
    assert [e["resource_name"] for e in whole[:7]] == [f"stamp {n}" for n in reversed(range(7))]
    paged: list[Any] = []
    before: dict[str, str] = {}
    while True:
        page = await api.admin.get("/events/history", params={"$top": "2", **before})
        paged += page["value"]
        if page["before"] is None:
            break
        before = {"before": page["before"]}
    assert paged == whole
    assert all(e["actor_kind"] == "account" and e["request_id"] for e in whole[:7])
