"""Half a year on, and later: helpers leave, little is left, and in the end nobody is named."""

from typing import Any

from workflows.story.stage import Stage
from workflows.story.steps.court import REFERENCE, Court
from workflows.story.year import Year

GONE = 404
FAMILY = "SELECT id, wrapped IS NULL AS gone FROM subject_key WHERE id = ANY ($1::uuid[])"


async def closes_with_family(stage: Stage, year: Year) -> None:
    """W-57."""
    plan, officer = year.plan, stage.staff["dominique"]
    async with stage.step("W-57", "Half a year: lighter conditions, and thanks to the family"):
        await plan.done("PLN-12")
        await plan.wake("PRB-13", "FAM-15")
        await plan.done("PRB-13", by=officer)
        stage.does(officer, "proposes lighter conditions, for the facts allow it")
        await _lower_flags(stage, year)
        year.family = list(await plan.relatives())
        for one in (await plan.read())["circle"]:
            if one["role"] == "FA":
                path = f"/mandates/{one['mandate']}/end"
                await plan.worker.post(path, version=one["mandate_version"])
        open_ = [c for c, r in (await plan.rows()).items() if c.startswith("FAM") and _is_open(r)]
        for code in set(open_) - {"FAM-15"}:
            await plan.change(code, state="not_needed")
        await plan.done("FAM-15")
        stage.does(plan.worker, "shows parent and sibling what is kept of them; both want it gone")
        rows = await plan.rows()
        states = {rows[code]["state"] for code in ("PLN-12", "PRB-13", "FAM-15")}
        stage.must("all three are done", states, {"done"})
        waits = "SELECT 1 FROM message WHERE recipient = ANY ($1::uuid[]) AND state = 'queued'"
        stage.must_not("anything waits for the family", await stage.house.rows(waits, year.family))
        keys = await stage.house.rows(FAMILY, year.family)
        stage.must_not("what is theirs is gone already", [one for one in keys if one["gone"]])


async def _lower_flags(stage: Stage, year: Year) -> None:
    """The parent says that there is nothing to be afraid of any more."""
    found = await year.plan.worker.get(f"{year.plan.path}/safety")
    for flag in found["flags"]:
        await year.plan.worker.post(f"/safety-flags/{flag['id']}/lower", version=flag["version"])
    stage.does(year.plan.worker, "lowers the flag of the parent, who asked for it")


def _is_open(row: Any) -> bool:
    return row["state"] in {"planned", "in_progress"}


async def family_is_forgotten(stage: Stage, year: Year) -> None:
    """W-57, a month after."""
    plan = year.plan
    async with stage.step("W-57", "Thirty days after the talk nothing tells who the family was"):
        keys = await stage.house.rows(FAMILY, year.family)
        stage.must("the keys of both are gone", [one["gone"] for one in keys], [True, True])
        stage.must("the map is empty", await plan.relatives(), {})
        proof = "SELECT count(*) FROM channel_consent WHERE subject = ANY ($1::uuid[])"
        stage.must("that one said yes is proven", await stage.house.one(proof, year.family), 1)
        shown = await stage.staff["andrea"].get("/retention-proofs")
        went = sum(one["times"] for one in shown if one["rule"] == "family")
        stage.must("the proof of deletion counts them", went, 2)
        chats = "SELECT 1 FROM link WHERE subject = ANY ($1::uuid[]) AND chat IS NOT NULL"
        stage.must_not("the address of a chat is kept", await stage.house.rows(chats, year.family))
        said = "SELECT 1 FROM claim WHERE actor = ANY ($1::uuid[])"
        stage.must_not("what they said by chat is kept", await stage.house.rows(said, year.family))
        stage.must("the plan itself goes on", (await plan.read())["state"], "active_outside")


async def steps_down(stage: Stage, year: Year) -> None:
    """W-58."""
    plan = year.plan
    async with stage.step("W-58", "Little is left: the conditions, and what the person wants"):
        await plan.versioned("state", {"state": "step_down"})
        stage.does(plan.worker, "and the person agree: only what is ordered, and their own goals")
        found = await plan.read()
        stage.must("the plan has stepped down", found["state"], "step_down")
        goals = await plan.worker.get(f"{plan.path}/goals")
        stage.must("the goals are there", len(goals["goals"]) > 0)
        helpers = [one["role"] for one in found["circle"] if one["role"] in {"ME", "FA"}]
        stage.must_not("a mentor or relative is of the circle", helpers)
        year.stepped = stage.now


async def nobody_else_is_asked(stage: Stage, year: Year) -> None:
    """W-58, ten weeks later."""
    plan = year.plan
    async with stage.step("W-58", "Since then nobody but the person was asked anything"):
        asked = await stage.house.rows(
            "SELECT DISTINCT b.role FROM message s JOIN member b ON b.id = s.recipient"
            " WHERE s.plan = $1::uuid AND s.created_at > $2",
            plan.id,
            year.stepped,
        )
        stage.must("the plan goes on", (await plan.read())["state"], "step_down")
        stage.must_not("a mentor or relative was asked", asked)


async def ends_the_others(stage: Stage, year: Year) -> None:
    """The other plans end too, so that nothing goes on."""
    for other in (year.second, year.third, year.fourth):
        if (await other.plan.read())["state"] != "closed":
            await other.plan.versioned("state", {"state": "closed"})
            for phone in other.phones.values():
                stage.habit(phone, "CLOSE", None)


async def is_forgotten(stage: Stage, year: Year) -> None:
    """W-62."""
    plan, auditor = year.plan, stage.staff["andrea"]
    async with stage.step("W-62", "A year after the end nobody can be named any more"):
        await stage.wait(1)  # the night's last act ends the mandates, a moment after it
        who = "SELECT person FROM plan WHERE id = $1::uuid"
        person = await stage.house.one(who, plan.id)
        key = "SELECT wrapped IS NULL FROM subject_key WHERE id = $1"
        stage.must("the key of the person is destroyed", await stage.house.one(key, person))
        shown = await auditor.get("/retention-proofs")
        went = [one["times"] for one in shown if one["rule"] == "people" and one["times"]]
        stage.must("the proof of deletion says how many", bool(went))
        rows = "SELECT count(*) FROM milestone WHERE plan = $1::uuid AND state = 'done'"
        counted = await stage.house.one(rows, plan.id)
        stage.must("what was done counts on, as a number", counted > 0)
        for login in ("camille", "sacha", "solange", "dominique"):
            who_asks = stage.staff[login]
            gone, never = [await who_asks.ask("GET", f"/plans/{one}") for one in (plan.id, person)]
            stage.must_not(
                f"the {who_asks.what} is told more than of nobody", gone.body != never.body
            )
        court = Court(stage)
        foreign, unknown = await court.listed(REFERENCE), await court.listed("JEP 2031/418")
        stage.must("to the court it is as a file that never was", foreign.body, unknown.body)
        stage.must_not("a phone of theirs is known", await _addresses(stage, plan.id))


async def _addresses(stage: Stage, plan: str) -> list[dict[str, Any]]:
    return await stage.house.rows(
        "SELECT 1 FROM link WHERE plan = $1::uuid AND coalesce(chat, chat_index) IS NOT NULL", plan
    )
