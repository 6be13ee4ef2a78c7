from datetime import timedelta
from uuid import UUID, uuid4

from backend import clock
from backend.alerts.actions import open_task
from backend.database import transaction
from tests.backend.pages.browser import at_the_desk, in_the_circle, login_of, plain, writes
from tests.world import Caller, World, a_day, row


async def a_task(worker: Caller, world: World, plan: str, kind: str, **more: object) -> UUID:
    values = {"subject": uuid4(), "local_due": a_day(), **more}
    async with transaction(worker.id):
        made = await open_task(kind, agency=world.agency, plan=UUID(plan), **values)  # type: ignore[arg-type]
    assert made
    return made


async def test_escalations_stand_on_top_by_the_time_they_are_due(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    soon, later = (clock.now() + timedelta(hours=hours) for hours in (1, 6))
    step = row(plan, "HOU-02")
    await a_task(worker, world, plan["id"], "free-text", due_at=soon)
    await a_task(
        worker,
        world,
        plan["id"],
        "mentor-silent",
        step="silent-48h",
        due_at=later,
        subject=UUID(step["id"]),
    )
    await a_task(worker, world, plan["id"], "gate-problem", urgency=2, due_at=soon)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open("/desk/tasks"))
    words = (
        "First",
        "A problem at the gate: call now",
        "No answer from the mentor yet",
        step["title"],
        "Then",
        "Somebody wrote a message",
    )
    places = [page.words.index(word) for word in words]
    assert places == sorted(places)
    own = plain(await browser.open(f"/desk/plans/{plan['id']}"))
    assert own.words.index("Waits for you") < own.words.index("A problem at the gate")
    assert own.words.index("A problem at the gate") < own.words.index("Next two weeks")


async def test_a_chat_to_confirm_leads_to_where_it_is_confirmed(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await a_task(worker, world, plan["id"], "confirm-link")
    browser = await at_the_desk(world, worker)
    circle = f"/desk/plans/{plan['id']}/circle"
    for where in ("/desk/tasks", f"/desk/plans/{plan['id']}"):
        page = await browser.open(where)
        assert f'<a href="{circle}">in the circle</a>' in page.html, where


async def test_a_kind_that_nobody_knows_is_shown_as_words(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    await a_task(worker, world, plan["id"], "bring-the-blue-bag")
    browser = await at_the_desk(world, worker)
    assert "Bring the blue bag" in (await browser.open("/desk/tasks")).words


async def test_a_task_is_taken_and_closed_with_what_came_of_it(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    task = await a_task(worker, world, plan["id"], "call-after-missed")
    browser = await at_the_desk(world, worker)
    page = await browser.open("/desk/tasks")
    taken = plain(await browser.send(page, f"/desk/tasks/{task}/take"))
    assert "You have it" in taken.words
    assert not taken.has_form(f"/desk/tasks/{task}/take")
    stale = plain(await browser.send(page, f"/desk/tasks/{task}/close", outcome="called"))
    assert stale.status == 412
    assert ("outcome", "called") in stale.form(f"/desk/tasks/{task}/close").fields
    closed = plain(await browser.send(stale, f"/desk/tasks/{task}/close"))
    assert "Nothing waits for you." in closed.words
    assert (await world.sql("SELECT outcome FROM task"))[0]["outcome"] == "called"


async def test_from_the_plan_a_task_leads_back_to_the_plan(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    task = await a_task(worker, world, plan["id"], "need-help", urgency=1)
    browser = await at_the_desk(world, worker)
    page = await browser.open(f"/desk/plans/{plan['id']}")
    closed = await browser.send(page, f"/desk/tasks/{task}/close", outcome="done")
    assert closed.answer.url.path == f"/desk/plans/{plan['id']}"
    assert "The task is closed." in closed.words


async def test_another_workers_task_cannot_be_closed(world: World) -> None:
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    task = await a_task(worker, world, plan["id"], "need-help")
    mine = await a_task(other, world, (await world.a_plan(other))["id"], "need-help")
    browser = await at_the_desk(world, other)
    page = await browser.open("/desk/tasks")
    form = page.form(f"/desk/tasks/{mine}/close").filled(outcome="done")
    assert (await browser.post(f"/desk/tasks/{task}/close", form)).status == 404
    rows = await world.sql("SELECT closed_at FROM task WHERE id = $1", task)
    assert rows[0]["closed_at"] is None


async def test_what_somebody_wrote_is_for_the_social_worker_alone(world: World) -> None:
    coordinator = await world.somebody("CO")
    worker, other = await world.somebody("SW"), await world.somebody("SW")
    officer = await world.somebody("PO")
    plan = await world.a_plan(worker)
    login = await login_of(world, officer)
    await worker.post(f"/plans/{plan['id']}/circle", {"role": "PO", "login": login})
    sister = await in_the_circle(worker, plan["id"], "FA", name="Imaginary Sister")
    text = "I am <b>afraid</b> of Friday.\nPlease call & ask"
    id_ = await writes(worker, plan["id"], sister, text)
    browser = await at_the_desk(world, worker)
    page = plain(await browser.open("/desk/messages"))
    assert text in page.words
    assert "New · " in page.words
    assert "Imaginary Sister, family" in page.words
    for reader, status in ((coordinator, 200), (officer, 403), (other, 200)):
        desk = await at_the_desk(world, reader)
        for path in ("/desk/messages", "/desk/tasks", f"/desk/plans/{plan['id']}"):
            seen = await desk.open(path)
            assert "afraid" not in seen.html
        assert (await desk.open("/desk/messages")).status == status
    action = f"/desk/messages/{id_}/read"
    form = page.form(action).filled()
    marked = await browser.post(action, form)
    assert (marked.status, "New · " in marked.words, text in marked.words) == (200, False, True)
    await browser.post(action, form)
    acts = await world.sql(
        "SELECT outcome FROM audit WHERE operation = 'readIncoming' AND object = $1"
        " AND plan IS NOT NULL ORDER BY id",
        id_,
    )
    # shown, marked, shown again, and once more after the repeat that changed nothing
    assert [act["outcome"] for act in acts] == ["done", "marked", "done", "done"]
    foreign = await at_the_desk(world, other)
    proof = (await foreign.open("/desk")).form("/desk/sign-out").fields
    refused = await foreign.post(action, [*proof, ("key", str(uuid4())), ("seen", "1")])
    assert refused.status == 404
    assert "afraid" not in refused.html


async def test_a_coordinator_reads_what_somebody_wrote_behind_broken_glass_and_not_before(
    world: World,
) -> None:
    worker, head, guest = [await world.somebody(role) for role in ("SW", "CO", "CO")]
    plan = await world.a_plan(worker)
    for one in (head, guest):
        await worker.post(f"/plans/{plan['id']}/circle", {"role": "CO", "login": one.login})
    sister = await in_the_circle(worker, plan["id"], "FA", name="Imaginary Sister")
    id_ = await writes(worker, plan["id"], sister, "I am afraid of Friday.")
    desk = await at_the_desk(world, guest)
    assert "afraid" not in (await desk.open("/desk/messages")).html
    wish = {"alias": plan["alias"], "reason": "Nobody else is there."}
    asked = (await guest.post("/break-glass", wish)).json()["id"]
    assert "afraid" not in (await desk.open("/desk/messages")).html
    let = await head.post(f"/break-glass/{asked}/let", version=1)
    assert let.status_code == 200, let.text
    page = await desk.open("/desk/messages")
    assert "I am afraid of Friday." in page.words
    assert "/read" not in page.html
    (act,) = await world.sql("SELECT * FROM audit WHERE operation = 'readIncoming'")
    assert (act["actor"], act["role"], act["object"]) == (guest.id, "CO", id_)
    proof = page.form("/desk/sign-out").fields
    sent = [*proof, ("key", str(uuid4())), ("seen", "1")]
    assert (await desk.post(f"/desk/messages/{id_}/read", sent)).status == 404
    # the one who let them in reads nothing more than before, and the guest nothing afterwards
    assert "afraid" not in (await (await at_the_desk(world, head)).open("/desk/messages")).html
    assert (await guest.post(f"/break-glass/{asked}/end", version=2)).status_code == 200
    assert "afraid" not in (await desk.open("/desk/messages")).html


async def test_messages_come_newest_first_in_pages_and_a_purged_one_is_gone(world: World) -> None:
    worker = await world.somebody("SW")
    plan = await world.a_plan(worker)
    who = await in_the_circle(worker, plan["id"], "ME", name="Imaginary Mentor")
    start = clock.now()
    for number in range(22):
        moment = start + timedelta(seconds=number)
        clock.travel(lambda moment=moment: moment)  # type: ignore[misc]
        gone = await writes(worker, plan["id"], who, f"Text number {number:02}.")
    await world.sql("UPDATE incoming SET text = NULL WHERE id = $1", gone)
    browser = await at_the_desk(world, worker)
    page = await browser.open("/desk/messages")
    shown = [f"Text number {number:02}." for number in range(20, 0, -1)]
    places = [page.words.index(text) for text in shown]
    assert places == sorted(places)
    assert "number 21" not in page.words
    assert "number 00" not in page.words
    more = next(value for _, _, value in page.attributes if "cursor=" in value)
    rest = await browser.open(more)
    assert "Text number 00." in rest.words
    assert "number 01" not in rest.words
