"""Sealed values: they say nothing, and fail closed when they are moved or altered."""

import base64
import json
import secrets
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.actors.actions import seal, unseal
from backend.database import transaction
from backend.embedded_programs import programs_for
from backend.keyring import Keyring, kept_ring, keyring
from backend.settings import SettingsError, read
from backend.vault import Vault, VaultError
from tests.backend.courts.docket import a_court
from tests.backend.scene import Scene, a_scene
from tests.chats import Chats, Member
from tests.world import PASSWORD, World, a_day, row

KEY = bytes(range(32))
CANARIES = {
    "name": "Zwunderlich",
    "file_number": "FN-471-Zwietal",
    "reason": "Quittenbaum",
    "place": "Mondscheingasse 7",
    "member": "Bramarbas",
    "text": "Wolkenkuckuck",
    "comment": "Firlefanzerei",
    "reference": "Akt-9/Zinnober",
}


@pytest.fixture
def vault() -> Vault:
    return Vault(Keyring.single(KEY))


def test_a_value_comes_back_as_it_went_in(vault: Vault) -> None:
    who = uuid4()
    key = vault.new_key(who)
    for value in (b"", b"x", "Zwunderlich \U0001f511".encode(), bytes(100_000)):
        assert vault.unseal(who, key, "t.c:1", vault.seal(who, key, "t.c:1", value)) == value


def test_a_value_that_is_moved_altered_or_anothers_does_not_open(vault: Vault) -> None:
    one, other = uuid4(), uuid4()
    keys = {who: vault.new_key(who) for who in (one, other)}
    sealed = vault.seal(one, keys[one], "person.identity:1", b"value")
    attempts = {
        "another row": (one, keys[one], "person.identity:2", sealed),
        "another column": (one, keys[one], "person.safe_contact:1", sealed),
        "another table": (one, keys[one], "member.identity:1", sealed),
        "another individual": (other, keys[other], "person.identity:1", sealed),
        "the key of another": (one, keys[other], "person.identity:1", sealed),
        "a key under another name": (other, keys[one], "person.identity:1", sealed),
        "another scheme": (one, keys[one], "person.identity:1", b"\x02" + sealed[1:]),
        "no scheme": (one, keys[one], "person.identity:1", sealed[1:]),
        "cut": (one, keys[one], "person.identity:1", sealed[:-1]),
        "longer": (one, keys[one], "person.identity:1", sealed + b"\x00"),
        "nothing": (one, keys[one], "person.identity:1", b""),
        "the scheme alone": (one, keys[one], "person.identity:1", sealed[:1]),
    }
    for name, attempt in attempts.items():
        with pytest.raises(VaultError):
            pytest.fail(f"{name} gave {vault.unseal(*attempt)!r}")
    for at in range(len(sealed)):
        flipped = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(VaultError):
            vault.unseal(one, keys[one], "person.identity:1", flipped)


def test_another_installation_opens_nothing_and_finds_nothing(vault: Vault) -> None:
    who, stranger = uuid4(), Vault(Keyring.single(bytes(32)))
    key = vault.new_key(who)
    sealed = vault.seal(who, key, "t.c:1", b"value")
    with pytest.raises(VaultError):
        stranger.unseal(who, key, "t.c:1", sealed)
    with pytest.raises(VaultError):
        stranger.unseal_own("inbox", "t.c:1", vault.seal_own("inbox", "t.c:1", b"value"))
    assert stranger.index("link.chat", "77") != vault.index("link.chat", "77")


def test_equal_values_are_sealed_differently_and_found_equally(vault: Vault) -> None:
    who = uuid4()
    key = vault.new_key(who)
    sealed = {vault.seal(who, key, "t.c:1", b"yes") for _ in range(100)}
    assert len(sealed) == 100
    assert len({value[1:13] for value in sealed}) == 100  # each with a nonce of its own
    assert vault.index("link.chat", "77") == vault.index("link.chat", "77")
    assert vault.index("link.chat", "77") != vault.index("staff.login", "77")


def test_no_nonce_comes_twice_under_a_key(vault: Vault) -> None:
    someone = uuid4()
    key = vault.new_key(someone)
    sealed = [vault.seal(someone, key, "person.identity:1", b"") for _ in range(5000)]
    # version, then the nonce of 96 bits: NIST SP 800-38D, 8.2.2
    assert {one[:1] for one in sealed} == {b"\x01"}
    assert len({one[1:13] for one in sealed}) == len(sealed)
    assert len({one[1:5] for one in sealed}) > len(sealed) - 20  # chance from its first byte on


def test_a_purpose_opens_nothing_of_another(vault: Vault) -> None:
    with pytest.raises(VaultError):
        vault.unseal_own("outbox", "t.c:1", vault.seal_own("inbox", "t.c:1", b"value"))


def test_a_server_is_given_its_key_and_beside_the_embedded_postgres_it_is_made_once(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="VAULT_KEY"):
        keyring(read({"DATABASE_URL": "postgresql://owner@db/one"}))
    beside = read({"THROUGHCARE_DATA": str(tmp_path / "data")})
    assert keyring(beside) == keyring(beside)
    assert keyring(beside).keys.keys() == {1}
    assert kept_ring(beside).stat().st_mode & 0o077 == 0


async def test_a_destroyed_key_takes_everything_of_its_individual_along(world: World) -> None:
    worker = await world.somebody("SW")
    await world.a_plan(worker)
    (person,) = await world.sql("SELECT id FROM person")
    place = f"test.value:{person['id']}"
    async with transaction(worker.id):
        sealed = await seal(person["id"], place, {"name": "Zwunderlich"})
        assert await unseal(person["id"], place, sealed) == {"name": "Zwunderlich"}
    await world.sql("UPDATE subject_key SET wrapped = NULL WHERE id = $1", person["id"])
    with pytest.raises(VaultError):
        await _unseal(worker.id, person["id"], place, sealed)


async def _unseal(actor: UUID | None, who: UUID, place: str, sealed: bytes) -> Any:
    async with transaction(actor):
        return await unseal(who, place, sealed)


async def test_a_moved_identity_is_an_error_and_never_shows_another_name(world: World) -> None:
    worker = await world.somebody("SW")
    for name in ("Zwunderlich", "Bramarbas"):
        await world.a_plan(worker, person={"name": name, "language": "en"})
    await world.sql("UPDATE person p SET identity = q.identity FROM person q WHERE q.id <> p.id")
    answer = await worker.get("/plans")
    assert answer.status_code == 500
    assert "Zwunderlich" not in answer.text
    assert "Bramarbas" not in answer.text


# what a dump shows


async def test_a_dump_of_the_database_holds_no_name_text_place_or_number_of_a_chat(
    world: World, chats: Chats
) -> None:
    numbers = await _plant(world, chats)
    programs = programs_for(world.server.data)
    dump = subprocess.run(
        [
            str(programs.folder / "pg_dump"),
            "--inserts",
            world.server.url(database=world.database_name),
        ],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
    ).stdout
    assert b"INSERT INTO public.milestone_event" in dump
    canaries = {**CANARIES, **numbers}
    assert len(canaries) >= 200
    assert len(set(canaries.values())) == len(canaries)
    lowered = dump.lower()
    assert _stands_in(lowered, "Horizon Desk")  # what stands open is found
    assert [what for what, value in canaries.items() if _stands_in(lowered, value)] == []


def _stands_in(dump: bytes, canary: str) -> bool:
    return any(spelt in dump for spelt in _spellings(canary))


def test_a_canary_is_found_however_it_is_spelt() -> None:
    for before in (b"", b"x", b"xy", b"xyz"):
        value = before + b"Mondscheingasse 7" + b"tail"
        for dump in (value, value.hex().encode(), base64.b64encode(value)):
            assert _stands_in(dump.lower(), "Mondscheingasse 7")
    wide = "xMondscheingasse 7".encode("utf-16")
    for dump in (wide, wide.hex().encode(), base64.b64encode(wide)):
        assert _stands_in(dump.lower(), "Mondscheingasse 7")
    assert not _stands_in(b"mondscheingasse 8", "Mondscheingasse 7")


def _spellings(canary: str) -> frozenset[bytes]:
    """As it is, in UTF-16, and both as digits and in base64 at each of its three places."""
    found = set()
    for value in (canary.encode(), canary.encode("utf-16-le"), canary.encode("utf-16-be")):
        found |= {value, value.hex().encode()}
        for before in range(3):
            coded = base64.b64encode(bytes(before) + value)
            # without what depends on the neighbours
            found.add(coded[(0, 2, 3)[before] : len(coded) // 4 * 4 - 4])
    return frozenset(one.lower() for one in found)


async def _plant(world: World, chats: Chats) -> dict[str, str]:
    """Every canary, through the doors; the secrets that were given out on the way."""
    scene = await a_scene(world)
    docket = scene.docket
    worker = docket.worker
    person = {name: CANARIES[name] for name in ("name", "file_number")}
    plan = await world.a_plan(worker, person={**person, "language": "en"})
    first = row(plan, "PLN-01")
    for body in ({"state": "done"}, {"state": "in_progress", "reason": CANARIES["reason"]}):
        version = (await world.sql("SELECT version FROM milestone WHERE id = $1", first["id"]))[0]
        answer = await worker.patch(f"/milestones/{first['id']}", body, version=version["version"])
        assert answer.status_code == 200, answer.text
    where = {"role": "SW", "held_on": a_day().isoformat(), "held_at": "10:00:00"}
    path = f"/plans/{plan['id']}/appointments"
    assert (await worker.post(path, {**where, "place": CANARIES["place"]})).status_code == 201
    mentor = await chats.a_member(worker, plan["id"], name=CANARIES["member"])
    await chats.say(mentor.phone, CANARIES["text"])
    assert (await docket.read(comment=CANARIES["comment"])).status_code == 201
    assert (await docket.issue()).status_code == 201
    bound = {"client": str(docket.court.id), "reference": CANARIES["reference"]}
    path = f"/plans/{docket.plan}/court-files"
    assert (await docket.officer.post(path, bound)).status_code == 201
    invited = (await scene.carry_out("createInvitation")).json()
    return {
        "payload": invited["payload"],
        "token": worker.token or "",
        "secret": docket.court.credential.secret,
        "client": docket.court.credential.client_id,
        "chat": json.dumps(mentor.phone.id),
        "password": PASSWORD,
        **await _plant_more(scene, chats, mentor),
    }


MORE = 18


async def _plant_more(scene: Scene, chats: Chats, mentor: Member) -> dict[str, str]:
    """Eighteen of everything that somebody types, each through its own door."""
    docket, planted = scene.docket, dict[str, str]()

    def new(what: str, at: int) -> str:
        return planted.setdefault(f"{what} {at}", f"{what}-{at}-{secrets.token_hex(4)}")

    async def made(path: str, body: object) -> dict[str, Any]:
        answer = await docket.worker.post(path, body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    for at in range(MORE):
        born = planted.setdefault(f"born {at}", f"19{50 + at}-03-07")
        person = {"name": new("Name", at), "file_number": new("File", at), "birth_date": born}
        plan = await docket.world.a_plan(docket.worker, person={**person, "language": "fr"})
        where = f"/plans/{plan['id']}"
        member = {"role": "FA", "name": new("Aunt", at), "language": "en", "id": str(uuid4())}
        await made(f"{where}/circle", member)
        yes = {"kind": "channel", "subject": member["id"], "channel": "telegram", "language": "en"}
        await made(f"{where}/consents", yes)
        body = {"plan": plan["id"], "subject": member["id"]}
        planted[f"payload {at}"] = (await made("/invitations", body))["payload"]
        day = {"role": "SW", "held_on": a_day().isoformat(), "held_at": "10:00:00"}
        await made(f"{where}/appointments", {**day, "place": new("Place", at)})
        first = row(plan, "PLN-01")
        for wanted in ({"state": "done"}, {"state": "in_progress", "reason": new("Reason", at)}):
            seen = row(await docket.world.plan(docket.worker, plan["id"]), "PLN-01")
            answer = await docket.worker.patch(
                f"/milestones/{first['id']}", wanted, version=seen["version"]
            )
            assert answer.status_code == 200, answer.text
        await chats.say(mentor.phone, new("Text", at))
        assert (await docket.read(comment=new("Comment", at))).status_code == 201
        bound = {"client": str(docket.court.id), "reference": new("Reference", at)}
        answer = await docket.officer.post(f"/plans/{docket.plan}/court-files", bound)
        assert answer.status_code == 201, answer.text
        court = await a_court(docket.world)
        planted[f"court {at}"] = court.credential.secret
        planted[f"court token {at}"] = court.caller.token or ""
    return planted
