"""What stands in somebody's own file, for whom, and that nobody else is in it."""

import re
import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from backend import database
from backend.files.lines import Line
from backend.files.paper import print_file
from backend.files.rules import READS, in_own_file, name_for
from backend.files.telling import Section
from backend.files.views import FileView
from backend.files.wording import Words, isolated
from backend.matrix import MATRIX, MATTERS, WITH_EACH_MATTER, cell, marked
from backend.templates.reading import standard
from tests.backend.courts.docket import a_docket
from tests.backend.pages.browser import in_the_circle, writes
from tests.backend.papers import a_lawyer, a_paper, comes_in, in_circle
from tests.releases import change
from tests.world import Caller, World, a_day, row

MOTHER = "Invented Mother"
SAID = "They must not come to our house."


@dataclass
class Case:
    world: World
    worker: Caller
    plan: dict[str, Any]
    person: str

    @property
    def id(self) -> str:
        return str(self.plan["id"])

    async def read(self, mandate: str) -> dict[str, Any]:
        """The copy, as whoever has this mandate takes it."""
        paper = await a_paper(self.world, self.worker, self.id, mandate)
        async with await comes_in(paper) as browser:
            page = (await browser.open("/file")).words
            answer = await browser.http.get("/file/copy.json")
            assert answer.headers["content-type"].startswith("application/json")
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-disposition"] == 'attachment; filename="file.json"'
            printed = await browser.http.get("/file/copy.pdf")
            assert printed.content.startswith(b"%PDF")
            found: dict[str, Any] = answer.json()
            return {**found, "page": page, "text": answer.text}


@pytest.fixture
async def case(world: World) -> Case:
    """A plan with a summary, a circle, a refusal, a family that speaks in private, and readers."""
    docket = await a_docket(world)
    worker, plan = docket.worker, await world.plan(docket.worker, docket.plan)
    await docket.read()
    await docket.issued()
    mother = await in_the_circle(worker, docket.plan, "FA", name=MOTHER)
    await in_the_circle(worker, docket.plan, "ME", name="Grace Invented")
    await writes(worker, docket.plan, mother, SAID)
    for code, state in (("VOC-01", "declined"), ("FAM-05", "done"), ("HLT-01", "in_progress")):
        if row(plan, code)["state"] == "dormant":
            await change(world, worker, plan, code, state="planned")
        await change(world, worker, plan, code, state=state)
    told = {"recipient": mother, "fact": "release_date", "purpose": "the day"}
    until = (a_day() + timedelta(days=30)).isoformat()
    made = await worker.post(f"/plans/{docket.plan}/disclosures", {**told, "until": until})
    assert made.status_code == 201, made.text
    no = {"kind": "participation", "language": "en", "pathway": "VOC", "answer": "declined"}
    assert (await worker.post(f"/plans/{docket.plan}/consents", no)).status_code == 201
    for how, outcome in (("phone", "reached"), ("letter", "tried")):
        contact = {"how": how, "outcome": outcome, "made_on": a_day().isoformat()}
        assert (await worker.post(f"/plans/{docket.plan}/contacts", contact)).status_code == 201
    return Case(world, worker, plan, await in_circle(worker, docket.plan))


async def test_the_person_reads_all_that_is_their_own(case: Case) -> None:
    found = await case.read(case.person)
    assert found.keys() - {"page", "text"} == set(FileView.__struct_fields__)
    rows = {one["code"]: one for one in found["rows"]}
    assert rows["VOC-01"]["state"] == "declined"
    assert rows["HLT-01"]["state"] == "in_progress"
    assert found["answers"] == [
        {"pathway": "VOC", "answer": "declined", "on": f"{a_day()}", "language": "en"}
    ]
    # who reached them; a try leaves no mark
    assert [(one["role"], one["how"]) for one in found["contacts"]] == [("SW", "phone")]
    names = {one["role"]: one.get("name") for one in found["circle"]}
    assert names["FA"] == MOTHER
    assert names["ME"] == "Grace"  # a mentor's first name
    assert names["SW"] == "Sam"
    (told,) = found["disclosures"]
    assert (told["fact"], told["name"]) == ("release_date", MOTHER)
    (summary,) = found["summaries"]
    assert summary["content"]["facts"]
    assert found["readings"]
    assert [one["opens"] for one in found["passes"]] == [True]
    for word in ("Imaginary Person", "Grace, mentor", "you said no", MOTHER, "read the plan"):
        assert word in found["page"], word


async def test_nothing_that_a_relative_said_or_that_is_about_them_is_in_it(case: Case) -> None:
    found = await case.read(case.person)
    assert SAID not in found["text"] + found["page"]
    codes = {one["code"] for one in found["rows"]}
    assert not codes & {"FAM-02", "FAM-05", "FAM-09", "FAM-11", "MEN-02", "MEN-13"}
    assert codes >= {"FAM-01", "FAM-07", "MEN-01", "CNS-01"}
    assert found.get("messages", []) == []  # those of the relative are not the person's
    whats = {one["what"] for one in found["access"]}
    assert whats == {"plan", "issued", "pass", "entered", "file", "copy"}


async def test_each_read_and_each_copy_stands_in_the_list_of_who_looked(case: Case) -> None:
    found = await case.read(case.person)
    own = [one["what"] for one in found["access"] if one["role"] == "PE"]
    assert sorted(own) == ["copy", "entered", "file"]
    rows = await case.world.sql(
        "SELECT operation FROM audit WHERE plan = $1 AND role = 'PE' ORDER BY id",
        UUID(case.id),
    )
    done = [one["operation"] for one in rows]
    assert done == ["enterFile", "readFile", "readFile", "exportFile", "exportFile"]
    # a line tells a day, and how often somebody looked on it is not told
    assert all(set(one) <= {"on", "what", "role", "who"} for one in found["access"])
    assert len({str(one) for one in found["access"]}) == len(found["access"])


async def test_who_read_of_a_talk_with_a_relative_is_not_told(case: Case) -> None:
    for code, told in (("FAM-05", False), ("PLN-01", True)):
        head = await case.world.somebody("CO")
        joins = {"role": "CO", "login": head.login}
        assert (await case.worker.post(f"/plans/{case.id}/circle", joins)).status_code == 201
        path = f"/milestones/{row(case.plan, code)['id']}/history"
        assert (await head.get(path)).status_code == 200
        found = await case.read(case.person)
        assert ("CO" in {one["role"] for one in found["access"]}) == told, code


async def test_a_colleague_behind_glass_stands_in_it(case: Case) -> None:
    head, colleague = await case.world.somebody("CO"), await case.world.somebody("SW")
    joins = {"role": "CO", "login": head.login}
    assert (await case.worker.post(f"/plans/{case.id}/circle", joins)).status_code == 201
    wish = {"alias": case.plan["alias"], "reason": "It cannot wait."}
    asked = await colleague.post("/break-glass", wish)
    let = await head.post(f"/break-glass/{asked.json()['id']}/let", version=1)
    assert let.status_code == 200, let.text
    found = await case.read(case.person)
    assert {"glass"} <= {one["what"] for one in found["access"]}
    assert len([one for one in found["circle"] if one["role"] == "SW"]) == 1


async def test_only_what_they_raised_about_themselves_of_safety_stands_in_it(case: Case) -> None:
    """A flag on another's word, on the worker's own, or about another is no row for them."""
    before = await case.read(case.person)
    [known] = await case.world.sql("SELECT person FROM plan WHERE id = $1", UUID(case.id))
    person = str(known["person"])
    others = await case.world.sql("SELECT id, role FROM member WHERE role IN ('FA', 'ME')")
    mother = next(str(one["id"]) for one in others if one["role"] == "FA")
    path = f"/plans/{case.id}/safety-flags"
    for hidden in (
        {"subject": person, "words": "Secret one", "raiser": mother},
        {"subject": person, "words": "Secret two"},
        {"subject": mother, "words": "Secret three", "raiser": person},
    ):
        assert (await case.worker.post(path, hidden)).status_code == 201
    same = await case.read(case.person)
    assert same["safety"] == before["safety"] == []
    assert "Secret" not in same["text"] + same["page"]
    own = {"subject": person, "words": "I am afraid there.", "raiser": person, "kept_from": mother}
    assert (await case.worker.post(path, own)).status_code == 201
    told = await case.read(case.person)
    assert [one["words"] for one in told["safety"]] == ["I am afraid there."]
    assert "I am afraid there." in told["page"]
    assert mother not in told["text"]
    assert "kept" not in str(told["safety"])
    # nor does the database show the others to whoever comes in as the person

    async def seen() -> list[Any]:
        async with database.transaction(UUID(person)) as held:
            return list(await held.fetch("SELECT own FROM safety_flag"))

    assert [one["own"] for one in await database.in_fresh_context(seen)] == [True]
    lawyer = await a_lawyer(case.worker, case.id, *MATTERS)
    assert "safety" not in await case.read(lawyer)


async def test_a_lawyer_reads_the_matters_of_the_mandate_and_no_other(case: Case) -> None:
    lawyer = await a_lawyer(case.worker, case.id, "summaries")
    found = await case.read(lawyer)
    given = {"as_of", "person", "alias", "summaries", "readings", "corrections", "passes"}
    assert found.keys() - {"page", "text"} == given
    whole = await a_lawyer(case.worker, case.id, *MATTERS, name="Another Lawyer")
    found = await case.read(whole)
    codes = {one["code"] for one in found["rows"]}
    assert "VOC-01" not in codes  # what was refused, the person may tell
    assert not {code for code in codes if code.startswith(("CNS", "HLT", "FAM"))}
    names = [(one["role"], one.get("name")) for one in found["circle"] if one["role"] != "SW"]
    assert names == [("PO", "Sam"), ("LR", "Another Lawyer")]
    assert MOTHER not in found["text"] + found["page"]
    assert {one["role"] for one in found["passes"]} == {"LR"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"standing": "friend"},
        {"standing": None},
        {"matters": []},
        {"matters": ["plan", "everything"]},
        {"role": "ME"},
    ],
)
async def test_a_mandate_of_a_lawyer_names_its_matters(case: Case, wrong: dict[str, Any]) -> None:
    given = {"role": "LR", "name": "X", "standing": "guardian", "matters": ["plan"], **wrong}
    answer = await case.worker.post(f"/plans/{case.id}/circle", given)
    assert answer.status_code == 422, answer.text


async def test_it_speaks_french_to_who_does(case: Case) -> None:
    lawyer = await a_lawyer(case.worker, case.id, "plan", "circle", language="fr")
    found = await case.read(lawyer)
    assert "Qui participe, et pourquoi" in found["page"]
    assert "travailleur social" in found["page"]


async def test_after_an_erasure_of_a_relative_the_file_is_still_read(case: Case) -> None:
    await case.world.sql(
        "UPDATE subject_key SET wrapped = NULL WHERE id IN (SELECT id FROM member)"
    )
    found = await case.read(case.person)
    assert {one.get("name") for one in found["circle"] if one["role"] in {"FA", "ME"}} == {None}


def test_every_word_is_there_in_both_languages() -> None:
    english, french = Words("en"), Words("fr")
    keys = english._said.keys()
    assert french._said.keys() == keys
    assert all(text.strip() for said in (english, french) for text in said._said.values())
    wanted = {f"read.{what}" for what in READS.values()} | {f"part.{one}" for one in MATTERS}
    assert wanted <= keys


def test_the_parts_of_the_file_are_groups_of_the_matrix() -> None:
    groups = {mark["group"] for mark in marked(FileView).values()}
    assert set(FileView.__struct_fields__) - marked(FileView).keys() == {"as_of"}
    every = WITH_EACH_MATTER.union(*MATTERS.values())
    # of safety only the person reads, and only what they raised themselves; and whose plan it was,
    # what they want and what they need, the meetings of their circle, their family as they said,
    # and who of the community welcomes them
    own = {"safety", "goals", "review", "meetings", "family", "welcome"}
    assert groups - every == own
    assert every <= MATRIX.keys()
    for group in groups:
        assert cell("PE", group).reads, group
    for group in every:
        assert cell("LR", group).signs, group  # a matter gives nothing that the role has not
    assert not every & {"family", "protected address", "mentor", "offers", "health"}


def test_a_row_that_hangs_on_a_relatives_yes_is_theirs() -> None:
    for one in standard().rows:
        line = {
            "agree": one.agree,
            "pathway": one.pathway,
            "owner": one.owner,
            "partners": one.partners,
            "kind": one.kind,
            "anchor": one.anchor,
        }
        for state in ("dormant", "planned", "in_progress", "done", "declined"):
            shown = in_own_file("PE", {**line, "state": state})
            others = one.pathway in {"FAM", "MEN"} and "PE" not in {one.owner, *one.partners}
            assert shown == (not others and "F" not in one.agree), one.code
            if in_own_file("LR", {**line, "state": state}):
                assert shown
                assert state not in {"dormant", "declined"}


def test_a_name_is_given_as_the_matrix_says() -> None:
    assert name_for("PE", "ME", "Grace Invented") == "Grace"
    assert name_for("PE", "FA", "Grace Invented") == "Grace Invented"
    assert name_for("LR", "FA", "Grace Invented") is None
    assert name_for("LR", "SW", "Sam") == "Sam"
    assert name_for("PE", "ME", None) is None


async def test_paper_has_letters_for_names_from_right_and_from_left() -> None:
    name = "أمينة"
    sections = [Section("Circle", [Line(f"{isolated(name)}, famille", "3 mars · 12")])]
    made = await print_file("Dossier", "3 mars", sections, Words("fr"))
    fonts = set(re.findall(rb"/BaseFont ?/\w+\+(\w+)", made))
    assert {b"NotoSansArabic", b"NotoSans"} <= fonts
    told = b"".join(_streams(made))
    for letter in name:  # what a reader searches for and a voice reads aloud
        assert f"{ord(letter):04X}".encode() in told.upper(), letter
    assert made == await print_file("Dossier", "3 mars", sections, Words("fr"))  # no clock in it


def _streams(made: bytes) -> list[bytes]:
    found = []
    for part in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", made, re.DOTALL):
        try:
            found.append(zlib.decompress(part[1]))
        except zlib.error:
            continue
    return found


async def test_what_the_registry_lets_go_to_nobody_is_in_no_file(case: Case) -> None:
    before = await case.read(case.person)
    assert {"rows", "summaries", "corrections", "passes", "access"} <= before.keys()
    await case.world.sql(
        "UPDATE data_flow SET groups = array_remove(groups, 'summary') WHERE kind = 'person'"
        " RETURNING id"
    )
    cut = await case.read(case.person)
    assert before.keys() - cut.keys() == {"summaries", "readings"}
    await case.world.sql(
        "UPDATE data_flow SET ended_at = now(), ended_by = $1 WHERE kind = 'person' RETURNING id",
        case.worker.id,
    )
    assert (await case.read(case.person)).keys() & before.keys() <= {"page", "text", "as_of"}


async def test_why_something_was_not_possible_is_the_persons_to_tell_and_no_lawyers_to_read(
    case: Case,
) -> None:
    stopped = row(case.plan, "PLN-07")["code"]
    await change(case.world, case.worker, case.plan, stopped, state="not_possible", cause="health")
    lawyer = await a_lawyer(case.worker, case.id, "plan")
    own, theirs = [
        next(one for one in (await case.read(who))["rows"] if one["code"] == stopped)
        for who in (case.person, lawyer)
    ]
    assert own["cause"] == "health"
    assert theirs == {name: value for name, value in own.items() if name != "cause"}
