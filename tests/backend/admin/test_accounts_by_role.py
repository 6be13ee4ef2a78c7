"""Who is let in by an operator, and in again."""

from backend.migrate import let_owner_speak, role_name
from tests.backend.admin.terminals import Terminal, refused
from tests.backend.entering import enter, inside_of, set_up_an_app
from tests.world import PASSWORD, App, Caller, World


async def test_accounts_are_added_by_role(terminal: Terminal, world: World) -> None:
    file = ("--password-file", str(terminal.password))
    sam = ("staff", "--role", "SW", "--login", "Sam", "--alias", "Sam Desk", *file)
    refused(await terminal.run(*sam), "There is no such agency")
    await terminal.first()
    assert (await terminal.run(*sam)).returncode == 0
    refused(await terminal.run(*sam), "login is in use")
    sam_desk = Caller(login="sam")
    limited = inside_of(await enter(sam_desk))
    await set_up_an_app(limited)
    sam_desk.app = limited.app
    await world.a_plan(sam_desk)


async def test_an_operator_comes_as_the_owner_and_not_as_the_application(
    terminal: Terminal, world: World
) -> None:
    app = world.server.url(role_name("app"), world.database_name)
    refused(await terminal.first(DATABASE_URL=app), "DATABASE_URL is to name the owner")
    refused(await terminal.first(DATABASE_URL="", APP_DATABASE_URL=app), "DATABASE_URL is missing")
    owner = world.server.url(role_name("owner"), world.database_name)
    done = await terminal.first(DATABASE_URL=owner)
    assert done.returncode == 0, done.stderr


async def test_an_owner_who_may_not_speak_as_the_application_is_told_what_lets_them(
    terminal: Terminal, world: World
) -> None:
    owner = world.server.url(role_name("owner"), world.database_name)
    await world.sql("REVOKE throughcare_app FROM throughcare_owner")
    try:
        refused(await terminal.first(DATABASE_URL=owner), let_owner_speak())
    finally:
        await world.sql(let_owner_speak())


async def test_who_lost_app_and_codes_sets_them_up_anew_and_comes_in_no_other_way(
    terminal: Terminal, world: World
) -> None:
    worker = await world.somebody("SW")
    app = App((await worker.post("/account/factor")).json()["secret"])
    confirmed = await worker.post("/account/factor/confirm", {"code": app.code()})
    assert confirmed.status_code == 200
    done = await terminal.run("second-factor", "--forget", worker.login or "")
    assert done.returncode == 0, done.stderr
    assert (await worker.get("/tasks")).status_code == 401
    given = {"login": worker.login, "password": PASSWORD, "code": app.code()}
    entered = await Caller().post("/sessions", given)
    assert (entered.status_code, entered.json()["refresh_token"]) == (200, None)
