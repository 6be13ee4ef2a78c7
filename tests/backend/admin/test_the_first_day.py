"""The first sign-in at a new installation, where nobody has set anything up yet."""

from datetime import timedelta

from backend import clock
from tests.backend.admin.terminals import Terminal
from tests.backend.authenticator import Authenticator, a_passkey, options_to_sign_in
from tests.backend.entering import WRONG, enter, inside_of, refusal, set_up_an_app
from tests.world import Caller, World

LESS = "less than passkeys"


async def _comes_in_with(key: Authenticator) -> Caller:
    shown = key.show(await options_to_sign_in())
    entered = await Caller().post("/sessions/passkey", shown)
    assert entered.json()["refresh_token"]
    return inside_of(entered)


async def _named() -> list[str]:
    ready = await Caller().get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    return [one for one in ready.json()["reasons"] if LESS in one]


async def test_the_first_administrator_sets_up_a_passkey_and_comes_in_with_it_alone(
    terminal: Terminal, world: World
) -> None:
    made = await terminal.first()
    assert made.returncode == 0, made.stderr
    assert "the password of alex leads to setting up a passkey" in made.stdout
    assert "./run admin second-factor --of all" in made.stdout
    alex = Caller(login="alex")
    limited = inside_of(await enter(alex))
    for path in ("/colleagues", "/flows", "/account/devices"):
        assert (await limited.get(path)).status_code == 401, path
    assert refusal(await limited.post("/account/factor")) == (409, "not-from-this-state")
    key = await a_passkey(limited)
    assert len(key.codes) == 10
    inside = await _comes_in_with(key)
    assert (await inside.get("/colleagues")).status_code == 200
    assert refusal(await enter(alex)) == WRONG, "the password opens nothing by itself any more"
    assert await _named() == []
    assert [one["login"] for one in await world.sql("SELECT login FROM staff")] == ["alex"]


async def test_a_colleague_of_the_first_day_needs_a_second_factor_and_an_app_will_do(
    terminal: Terminal,
) -> None:
    assert (await terminal.first()).returncode == 0
    words = ("--role", "SW", "--login", "robin", "--alias", "Robin")
    done = await terminal.run("staff", *words, "--password-file", str(terminal.password))
    assert done.returncode == 0, done.stderr
    robin = Caller(login="robin")
    limited = inside_of(await enter(robin))
    assert (await limited.get("/plans")).status_code == 401
    await set_up_an_app(limited)
    assert limited.app is not None
    assert refusal(await enter(robin)) == WRONG
    inside = inside_of(await enter(robin, limited.app.code()))
    assert (await inside.get("/plans")).status_code == 200


async def test_where_no_device_keeps_passkeys_the_operator_lets_an_app_do_until_it_ends(
    terminal: Terminal, world: World
) -> None:
    assert (await terminal.first()).returncode == 0
    done = await terminal.run("second-factor", "--of", "all")
    assert done.returncode == 0, done.stderr
    assert "That is less than passkeys" in done.stdout
    alex = Caller(login="alex")
    limited = inside_of(await enter(alex))
    assert (await limited.get("/colleagues")).status_code == 401
    await set_up_an_app(limited)
    assert limited.app is not None
    inside = inside_of(await enter(alex, limited.app.code()))
    assert (await inside.get("/colleagues")).status_code == 200
    [agency] = await world.sql("SELECT id FROM agency")
    assert await _named() == [f"{LESS} is asked of the staff of agency {agency['id']}: all"]
    assert (await terminal.run("second-factor", "--of", "passkeys")).returncode == 0
    assert await _named() == []
    assert (await inside.get("/colleagues")).status_code == 401
    later = clock.now() + timedelta(minutes=2)  # an app shows a code that was not used
    clock.travel(lambda: later)
    limited = inside_of(await enter(alex, limited.app.code()))
    assert (await limited.get("/colleagues")).status_code == 401
    await _comes_in_with(await a_passkey(limited))
    noted = await world.sql(
        "SELECT outcome, object FROM audit WHERE operation = 'askSecondFactor' ORDER BY id"
    )
    assert noted == [{"outcome": rule, "object": agency["id"]} for rule in ("all", "passkeys")]


async def test_the_demo_of_invented_people_asks_for_nothing_and_is_not_named(
    terminal: Terminal,
) -> None:
    assert (await terminal.run("demo", TELEGRAM_TOKEN="")).returncode == 0
    given = {"login": "sam", "password": "only invented people"}
    entered = await Caller().post("/sessions", given)
    assert entered.json()["refresh_token"]
    assert (await inside_of(entered).get("/plans")).status_code == 200
    assert await _named() == []
