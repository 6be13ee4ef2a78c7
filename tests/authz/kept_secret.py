"""What one of two plans keeps secret, and who may know of it beside the plan's own workers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from backend import clock
from tests import meetings
from tests.authz.alike import RELEASE, STAFF, Office, Twin, disclose, with_version
from tests.backend import wants
from tests.backend.pages.browser import Browser
from tests.releases import change, is_claimed
from tests.world import row

OBSERVERS = ("PE", "LR", "PO", "CT", "ME", "FA", "PS", "TR", "CP", "CS")
Act = Callable[[Office, Twin], Awaitable[None]]


@dataclass(frozen=True)
class Secret:
    """`codes` are the rows that it is about, `known_to` the observers whose own it is.

    `in_file` says in whose own file it stands, the person's or a lawyer's too; nothing else that
    reaches them tells of it.
    """

    name: str
    act: Act
    codes: frozenset[str]
    known_to: frozenset[str]
    in_file: frozenset[str] = frozenset()


SECRETS: dict[str, Secret] = {}
REFUSED = ("VOC-03", "IDD-02", "HLT-02")
SETTLED = "PRB-06"  # by the officer, in every plan


def secret(*codes: str, known_to: str = "", in_file: str = "") -> Callable[[Act], Act]:
    def kept(act: Act) -> Act:
        name = act.__name__.strip("_").replace("_", " ")
        SECRETS[name] = Secret(
            name, act, frozenset(codes), frozenset(known_to.split()), frozenset(in_file.split())
        )
        return act

    return kept


@secret(*REFUSED, "VOC-04", "HLT-04", in_file="PE")
async def _parts_were_declined_and_not_just_never_offered(office: Office, twin: Twin) -> None:
    for code in REFUSED:
        steps = ("declined",) if code == "HLT-02" else ("planned", "declined")
        await office.becomes(twin, code, *steps)
    body = {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "declined"}
    made = await twin.worker.post(f"/plans/{twin.id}/consents", body)
    assert made.status_code == 201, made.text


@secret("FIN-03", "FIN-04", "FIN-06", "FIN-07", in_file="PE")
async def _a_whole_pathway_was_declined_when_parts_of_it_were_offered(
    office: Office, twin: Twin
) -> None:
    for code in ("FIN-03", "FIN-04", "FIN-07"):
        await office.becomes(twin, code, "planned")
    body = {"kind": "participation", "language": "en", "pathway": "FIN", "answer": "declined"}
    made = await twin.worker.post(f"/plans/{twin.id}/consents", body)
    assert made.status_code == 201, made.text


@secret("IDD-02", "IDD-03", "HLT-04", "FIN-07", in_file="PE")
async def _offers_were_put_off_or_declined_one_by_one(office: Office, twin: Twin) -> None:
    del office
    again = {"answer": "later", "again_on": (RELEASE - timedelta(days=5)).isoformat()}
    for code, said in (("IDD-02", {"answer": "declined"}), ("HLT-04", again), ("FIN-07", again)):
        row = next(one for one in twin.plan["milestones"] if one["code"] == code)
        body = {"kind": "participation", "language": "ar", "milestone": row["id"], **said}
        made = await twin.worker.post(f"/plans/{twin.id}/consents", body)
        assert made.status_code == 201, made.text


@secret("VOC-03", "VOC-08", "PRB-05", "PLN-07", "CNS-01")
async def _what_was_done_was_taken_back_at_once(office: Office, twin: Twin) -> None:
    world = office.world
    for code, wanted in (
        ("PLN-07", {"state": "done"}),
        ("PRB-05", {"state": "in_progress"}),
        ("PRB-05", {"state": "done"}),
        ("VOC-03", {"state": "planned"}),
        ("VOC-08", {"state": "planned"}),
        ("CNS-01", {"state": "planned"}),
    ):
        found = row(await world.plan(twin.worker, twin.id), code)
        path = f"/milestones/{found['id']}"
        done = await twin.worker.patch(path, wanted, version=found["version"])
        assert done.status_code == 200, (code, done.text)
        back = await twin.worker.post(f"{path}/undo", version=done.json()["version"])
        assert back.status_code == 200, (code, back.text)
    contact = {
        "how": "met",
        "outcome": "reached",
        "made_on": clock.today("Africa/Tunis").isoformat(),
    }
    made = await twin.worker.post(f"/plans/{twin.id}/contacts", contact)
    back = await twin.worker.post(f"/contacts/{made.json()['id']}/undo")
    assert back.status_code == 200, back.text


@secret(in_file="PE")
async def _what_they_need_was_talked_about(office: Office, twin: Twin) -> None:
    del office
    for kind in ("first_step", "who_knows"):
        said = {"kind": kind, "words": "Ma soeur, et personne d'autre.", "language": "fr"}
        assert (await twin.worker.post(f"/plans/{twin.id}/goals", said)).status_code == 201
    made = await wants.make(twin.worker, twin.id, goals=False)
    home, money = made["areas"]
    step = {"item": "NSR-12", "due_on": RELEASE.isoformat()}
    path = f"/needs-areas/{money}/step"
    assert (await twin.worker.post(path, step, version=1)).status_code == 200, home
    changed = {"what": "violence"}
    told = await twin.worker.post(f"/plans/{twin.id}/life-changes", changed)
    assert told.status_code == 201


@secret(known_to="PE")
async def _some_of_the_circle_met_and_they_were_not_asked(office: Office, twin: Twin) -> None:
    del office
    asked = [twin.worker.id, twin.members["mother"]]
    meeting = await meetings.planned(twin.worker, twin.id, asked)
    words = {"words": "The mother is afraid.", "rows": [twin.rows["PRB-05"]]}
    path = f"/meetings/{meeting['id']}"
    assert (await twin.worker.send("PUT", f"{path}/agenda", words, version=1)).status_code == 200
    meeting = await meetings.read(twin.worker, twin.id)
    meeting = await meetings.held(twin.worker, twin.id, meeting, "SW", "PE")
    mine = meetings.part(meeting, "SW")["id"]
    body = {"words": "Call the mother.", "owner": mine, "due_on": RELEASE.isoformat()}
    assert (await twin.worker.post(f"{path}/decisions", body)).status_code == 201
    meeting = await meetings.read(twin.worker, twin.id)
    await meetings.with_minutes(twin.worker, twin.id, meeting)


@secret("VOC-08")
async def _a_part_was_declined_before_it_was_begun(office: Office, twin: Twin) -> None:
    await office.becomes(twin, "VOC-08", "planned", "declined", "in_progress")


@secret("VOC-08")
async def _a_part_was_declined_after_it_was_begun_and_begun_again(
    office: Office, twin: Twin
) -> None:
    await office.becomes(twin, "VOC-08", "planned", "in_progress", "declined", "in_progress")


@secret("VOC-08")
async def _a_court_should_hear_of_a_step_and_then_not(office: Office, twin: Twin) -> None:
    await office.becomes(twin, "VOC-08", "planned", "in_progress")
    for wanted in (True, False, True):
        await change(office.world, twin.worker, twin.plan, "VOC-08", show_court=wanted)


@secret("COM-01", "COM-02", in_file="PE")
async def _somebody_of_the_community_welcomes_them(office: Office, twin: Twin) -> None:
    del office
    path = f"/plans/{twin.id}/welcomes"
    for name in ("Invented Choir", "Invented Neighbour"):
        made = await twin.worker.post(path, {"name": name})
        assert made.status_code == 201, made.text
        who = f"/welcomes/{made.json()['id']}"
        for version, said in enumerate(({"tell": "nothing"}, {"takes_part": True}), 1):
            heard = await twin.worker.patch(who, said, version=version)
            assert heard.status_code == 200, heard.text
    assert (await twin.worker.post(f"{who}/end", version=3)).status_code == 200


@secret("PLN-07", in_file="PE")
async def _it_was_for_their_health_that_something_was_not_possible(
    office: Office, twin: Twin
) -> None:
    await office.becomes(twin, "PLN-07", "not_possible", cause="health")


@secret("PRB-01", "PRB-05", SETTLED)
async def _the_mentor_said_that_steps_were_done_and_was_answered(
    office: Office, twin: Twin
) -> None:
    for code in ("PRB-01", "PRB-05"):
        await is_claimed(office.world, twin.members["ME"], twin.rows[code])
    await change(office.world, twin.worker, twin.plan, "PRB-01", happened=False)
    await is_claimed(office.world, twin.members["ME"], twin.rows[SETTLED], happened=False)
    await change(office.world, twin.worker, twin.plan, SETTLED, happened=True)


@secret("CNS-01", "CNS-02", "CNS-03", "CNS-11", "CNS-12", known_to="CP", in_file="PE")
async def _counsellors_are_with_them(office: Office, twin: Twin) -> None:
    await office.becomes(twin, "CNS-01", "planned", "done")
    await office.becomes(twin, "CNS-02", "planned", "in_progress", "done")
    await office.becomes(twin, "CNS-03", "planned")
    await office.becomes(twin, "CNS-11", "planned", "done")
    await office.becomes(twin, "CNS-12", "planned", "in_progress")


@secret("FAM-05")
async def _the_mother_wrote_in_private_and_asked_for_help(office: Office, twin: Twin) -> None:
    mother = twin.phones["mother"].id
    await office.chats.phones.say(mother, "They must not come to our house.")
    await office.chats.round()
    await office.chats.phones.tap(mother, "Need help now")
    await office.chats.phones.say(mother, "help")


@secret()
async def _the_mother_said_stop(office: Office, twin: Twin) -> None:
    await office.chats.phones.say(twin.phones["mother"].id, "stop")


@secret()
async def _the_mothers_yes_to_messages_was_withdrawn(office: Office, twin: Twin) -> None:
    (yes,) = await office.world.sql(
        "SELECT id FROM channel_consent WHERE subject = $1", UUID(twin.members["mother"])
    )
    answer = await twin.worker.post(f"/consents/{yes['id']}/withdraw")
    assert answer.status_code == 200, answer.text


@secret()
async def _the_mothers_chat_was_cut(office: Office, twin: Twin) -> None:
    await with_version(office, twin.worker, "link", f"/links/{twin.links['mother']}/cut")


@secret(in_file="PE")
async def _the_mother_may_know_the_day(_: Office, twin: Twin) -> None:
    for fact in ("release_date", "good_news"):
        await disclose(twin, "mother", fact)


@secret()
async def _a_colleague_is_kept_out(office: Office, twin: Twin) -> None:
    wall = {"kind": "excluded", "login": office.outsider.login}
    made = await twin.worker.post(f"/plans/{twin.id}/walls", wall)
    assert made.status_code == 201, made.text


@secret(in_file="PE LR")
async def _a_colleague_broke_the_glass(office: Office, twin: Twin) -> None:
    wish = {"alias": twin.plan["alias"], "reason": "It cannot wait."}
    asked = await office.colleague.post("/break-glass", wish)
    assert asked.status_code == 201, asked.text
    path = f"/break-glass/{asked.json()['id']}/let"
    await with_version(office, office.head, "break_glass", path)


@secret()
async def _the_aunt_is_afraid_of_the_mother(_: Office, twin: Twin) -> None:
    flag = {
        "subject": twin.members["FA"],
        "raiser": twin.members["FA"],
        "kept_from": twin.members["mother"],
        "words": "She is afraid of her own sister.",
    }
    made = await twin.worker.post(f"/plans/{twin.id}/safety-flags", flag)
    assert made.status_code == 201, made.text


@secret()
async def _somebody_is_afraid_for_the_person(_: Office, twin: Twin) -> None:
    flag = {"subject": twin.members["PE"], "words": "A neighbour asks where they will live."}
    made = await twin.worker.post(f"/plans/{twin.id}/safety-flags", flag)
    assert made.status_code == 201, made.text
    lowered = await twin.worker.post(f"/safety-flags/{made.json()['id']}/lower", version=1)
    assert lowered.status_code == 200, lowered.text
    assert (await twin.worker.post(f"/plans/{twin.id}/safety-flags", flag)).status_code == 201


@secret()
async def _the_mothers_address_is_protected(_: Office, twin: Twin) -> None:
    home = {"subject": twin.members["mother"], "address": "9 Invented Street"}
    made = await twin.worker.post(f"/plans/{twin.id}/protected-addresses", home)
    assert made.status_code == 201, made.text
    path, day = f"/plans/{twin.id}/appointments", (RELEASE + timedelta(days=2)).isoformat()
    date = {"role": "TR", "held_on": day, "held_at": "16:00:00", "place": "9, invented street"}
    refused = await twin.worker.post(path, date)
    assert refused.status_code == 422, refused.text


@secret()
async def _the_mother_complained_and_an_incident_touched_the_plan(
    office: Office, twin: Twin
) -> None:
    body = {"subject": twin.members["mother"], "text": "They do not listen to me."}
    day = (RELEASE - timedelta(days=21)).isoformat()
    path = f"/plans/{twin.id}/complaints"
    for about in ({}, {"about": twin.staff["PO"].login}):
        made = await twin.worker.post(path, {**body, **about, "received_on": day})
        assert made.status_code == 201, made.text
    incident = {"kind": "other", "noticed_at": f"{day}T06:00:00Z", "description": "A letter."}
    made = await office.head.post("/incidents", {**incident, "touched": [twin.id]})
    assert made.status_code == 201, made.text


@secret(known_to="CP PE")
async def _the_counsellor_sees_them_on_a_day(office: Office, twin: Twin) -> None:
    day = RELEASE + timedelta(days=1)
    await office.appointment(twin, "CP", "CP", day, place="Room 9")


@secret("VOC-02", in_file="PE LR")
async def _others_tried_in_vain_and_looked_for_a_complaint(office: Office, twin: Twin) -> None:
    day = (RELEASE - timedelta(days=21)).isoformat()
    body = {"how": "phone", "outcome": "tried", "made_on": day}
    made = await twin.worker.post(f"/plans/{twin.id}/contacts", body)
    assert made.status_code == 201, made.text
    said = {"X-Purpose": "complaint"}
    for reader in (twin.worker, office.head):
        for path in ("", "/access"):
            answer = await reader.get(f"/plans/{twin.id}{path}", headers=said)
            assert answer.status_code == 200, answer.text


async def nothing_hidden(office: Office, twin: Twin) -> None:
    """No secret: each observer may know of some of this, and so would have to see a difference."""
    await office.becomes(twin, "HOU-04", "in_progress")
    await change(office.world, twin.worker, twin.plan, "HOU-04", show_court=True)
    await office.becomes(twin, "HOU-04", "done")
    await office.becomes(twin, "CNS-01", "planned")
    for code in ("HLT-02", "PLN-07"):
        await office.becomes(twin, code, "in_progress")
    await office.becomes(twin, "PRB-01", "done")
    await office.becomes(twin, SETTLED, "in_progress")
    await office.becomes(twin, "VOC-02", "planned", "done")  # too late for it, yet it was done
    await office.becomes(twin, "VOC-06", "planned", "in_progress", "done")
    await office.becomes(twin, "VOC-08", "planned", "in_progress")
    for code in ("VOC-08", "PRB-05"):
        day = (RELEASE - timedelta(days=7)).isoformat()
        await change(office.world, twin.worker, twin.plan, code, due_on=day)
    asked = [twin.staff[role].id for role in ("PO", "PS", "TR", "CP")]
    await meetings.planned(twin.worker, twin.id, asked)
    said = {"words": "A bakery of my own.", "language": "en"}
    assert (await twin.worker.post(f"/plans/{twin.id}/goals", said)).status_code == 201
    today = RELEASE - timedelta(days=21)
    for role in ("PO", "PS", "TR", "CP"):
        missed = await office.appointment(twin, role, role, today, held_at="08:00:00")
        answer = await twin.staff[role].patch(
            f"/appointments/{missed}", {"state": "missed_no_contact"}, version=1
        )
        assert answer.status_code == 200, answer.text
    for role in STAFF:
        async with Browser() as browser:
            await browser.enter(str(twin.staff[role].login))
