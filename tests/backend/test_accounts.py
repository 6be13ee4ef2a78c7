"""Accounts come by invitation, belong to their holder alone, and end for good."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock, database
from tests.backend.courts.docket import join
from tests.chats import Chats
from tests.world import PASSWORD, Caller, World, row
from workflows.leavers import leavers

CHOSEN = "what only I have chosen"


async def _invite(administrator: Caller, role: str = "SW", **more: Any) -> dict[str, Any]:
    body = {"role": role, "alias": "Robin", **more}
    answer = await administrator.post("/account-invitations", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _accept(code: str, login: str = "robin", password: str = CHOSEN) -> httpx.Response:
    body = {"code": code, "login": login, "password": password}
    return await Caller().post("/account-invitations/accept", body)


async def _signed_in(login: str, password: str = CHOSEN) -> int:
    answer = await Caller().post("/sessions", {"login": login, "password": password})
    return answer.status_code


async def _listed(reader: Caller) -> dict[str, Any]:
    answer = await reader.get("/colleagues")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _as_jobs() -> int:
    async def work() -> int:
        database.act_as("worker")
        return await leavers()

    return await database.in_fresh_context(work)


async def test_who_is_invited_chooses_login_and_password_and_can_sign_in(world: World) -> None:
    administrator = await world.somebody("AD")
    invited = await _invite(administrator)
    assert [one["alias"] for one in (await _listed(administrator))["invited"]] == ["Robin"]
    typed = invited["code"].upper().replace("-", " ")
    assert (await _accept(typed)).status_code == 204
    assert await _signed_in("robin") == 200
    listed = await _listed(administrator)
    assert listed["invited"] == []
    assert {(one["alias"], one["role"]) for one in listed["accounts"]} >= {("Robin", "SW")}
    (audited,) = await world.sql(
        "SELECT agency, role FROM audit WHERE operation = 'acceptInvitation' AND outcome = 'done'"
    )
    assert (audited["agency"], audited["role"]) == (world.agency, "SW")


async def test_a_code_that_never_was_was_used_taken_back_or_is_old_answers_alike(
    world: World,
) -> None:
    administrator = await world.somebody("AD")
    used, taken, old = [await _invite(administrator) for _ in range(3)]
    assert (await _accept(used["code"])).status_code == 204
    ended = await administrator.post(f"/account-invitations/{taken['id']}/end", version=1)
    assert ended.status_code == 200
    await world.sql(
        "UPDATE account_invitation SET expires_at = $2 WHERE id = $1 RETURNING id",
        old["id"],
        clock.now() - timedelta(seconds=1),
    )
    codes = (used["code"], taken["code"], old["code"], "aaaa-aaaa-aaaa-aaaa", "nonsense")
    answers = [await _accept(code, f"login{number}") for number, code in enumerate(codes)]
    assert {(one.status_code, one.content) for one in answers} == {
        (401, answers[0].content),
    }
    assert await world.sql("SELECT 1 FROM staff WHERE login LIKE 'login%'") == []


async def test_what_was_wrong_with_login_or_password_leaves_the_code_good(world: World) -> None:
    administrator = await world.somebody("AD")
    code = (await _invite(administrator))["code"]
    assert (await _accept(code, administrator.login or "")).status_code == 409
    assert (await _accept(code, password="too short")).status_code == 422
    assert (await _accept(code, login="with blank")).status_code == 400
    assert (await _accept(code)).status_code == 204


async def test_guessing_at_one_code_comes_to_an_end(world: World) -> None:
    await world.an_agency()
    for _ in range(10):
        assert (await _accept("aaaa-aaaa-aaaa-aaab")).status_code == 401
    assert (await _accept("aaaa-aaaa-aaaa-aaab")).status_code == 429


async def test_an_invitation_and_an_end_take_a_fresh_proof(world: World) -> None:
    administrator, worker = await world.somebody("AD"), await world.somebody("SW")
    await administrator.sign_in()
    await world.sql("UPDATE session SET proved_at = now() - interval '6 minutes' RETURNING id")
    body = {"role": "SW", "alias": "Robin"}
    assert (await administrator.post("/account-invitations", body)).status_code == 403
    assert await world.sql("SELECT 1 FROM account_invitation") == [], "nor is one made unseen"
    ended = await administrator.post(f"/colleagues/{worker.id}/end", version=1)
    assert ended.status_code == 403
    assert (await administrator.post("/account/prove", {"password": PASSWORD})).status_code == 204
    assert (await administrator.post("/account-invitations", body)).status_code == 201


@pytest.mark.parametrize("role", ["SW", "CO", "PO", "TR", "AU"])
async def test_nobody_but_an_administrator_makes_or_ends_accounts(world: World, role: str) -> None:
    somebody, colleague = await world.somebody(role), await world.somebody("SW")
    invited = await somebody.post("/account-invitations", {"role": "AD", "alias": "Robin"})
    ended = await somebody.post(f"/colleagues/{colleague.id}/end", version=1)
    assert (invited.status_code, ended.status_code) == (403, 403)
    listed = await somebody.get("/colleagues")
    assert listed.status_code == (200 if role in {"CO", "AU"} else 403)


async def test_an_administrator_of_another_agency_finds_nothing(world: World) -> None:
    administrator, worker = await world.somebody("AD"), await world.somebody("SW")
    invited = await _invite(administrator)
    other = await world.somebody("AD", agency=await world.an_agency(name="Harbour"))
    for path in (f"/colleagues/{worker.id}/end", f"/account-invitations/{invited['id']}/end"):
        foreign = await other.post(path, version=1)
        never = await other.post(path.replace(path.split("/")[2], str(world.agency)), version=1)
        assert (foreign.status_code, foreign.content) == (404, never.content)
    listed = await _listed(other)
    assert [one["role"] for one in listed["accounts"]] == ["AD"]
    assert listed["invited"] == []


async def test_nobody_ends_their_own_account(world: World) -> None:
    administrator = await world.somebody("AD")
    answer = await administrator.post(f"/colleagues/{administrator.id}/end", version=1)
    assert answer.status_code == 409


async def test_an_account_that_ended_opens_nothing_from_that_instant_on(world: World) -> None:
    administrator, worker = await world.somebody("AD"), await world.somebody("SW")
    plan = await world.a_plan(worker)
    refreshed = (
        await Caller().post("/sessions", {"login": worker.login, "password": PASSWORD})
    ).json()["refresh_token"]
    ended = await administrator.post(f"/colleagues/{worker.id}/end", version=1)
    assert ended.status_code == 200, ended.text
    assert (await worker.get(f"/plans/{plan['id']}")).status_code == 401
    assert (await worker.get("/account/devices")).status_code == 401
    renewed = await Caller().post("/sessions/refresh", {"refresh_token": refreshed})
    assert renewed.status_code == 401
    assert await _signed_in(worker.login or "", PASSWORD) == 401


async def test_a_leaver_leaves_every_circle_the_rota_and_the_coordinator_hears(
    world: World,
) -> None:
    coordinator = await world.somebody("CO")
    administrator, worker = await world.somebody("AD"), await world.somebody("SW")
    alone, shared = await world.a_plan(worker), await world.a_plan(worker)
    other = await world.somebody("SW")
    await join(world, worker, shared["id"], other, "SW")
    rota = {
        "starts": clock.now().isoformat(),
        "ends": (clock.now() + timedelta(days=1)).isoformat(),
        "staff": [str(worker.id)],
    }
    assert (await coordinator.send("PUT", "/duty-rota", rota)).status_code == 200
    assert await _as_jobs() == 0
    await administrator.post(f"/colleagues/{worker.id}/end", version=1)
    assert await _as_jobs() == 2
    assert await _as_jobs() == 0
    open_mandates = await world.sql(
        "SELECT 1 FROM mandate WHERE actor = $1 AND (ends IS NULL OR ends > now())", worker.id
    )
    assert open_mandates == []
    (shift,) = await world.sql("SELECT ends FROM duty_shift WHERE staff = $1", worker.id)
    assert shift["ends"] <= clock.now()
    tasks = (await coordinator.get("/tasks")).json()["tasks"]
    assert [(one["kind"], one["plan"]) for one in tasks] == [("without-worker", alone["id"])]
    looked = (await coordinator.get(f"/plans/{shared['id']}/access")).json()["access"]
    assert "leaveCircle" in {one["operation"] for one in looked}
    assert row(await world.plan(other, shared["id"]), "PLN-01")


async def test_the_own_chat_of_a_leaver_ends_with_the_account(chats: Chats) -> None:
    world = chats.world
    administrator, worker = await world.somebody("AD"), await world.somebody("SW")
    await world.sql(
        "INSERT INTO link (id, agency, version, bot, subject, state, level, language, zone, opens,"
        " closes, quiet, tries, invited_by, confirmed_at)"
        " SELECT gen_random_uuid(), $1, 1, b.id, $2, 'active', 'P1', 'en', 'Africa/Tunis',"
        " '08:00', '20:00', '[]', 0, $2, now() FROM bot b WHERE b.agency = $1 RETURNING id",
        world.agency,
        worker.id,
    )
    ended = await administrator.post(f"/colleagues/{worker.id}/end", version=1)
    assert ended.status_code == 200, ended.text
    (link,) = await world.sql("SELECT state FROM link WHERE subject = $1", worker.id)
    assert link["state"] == "ended"
