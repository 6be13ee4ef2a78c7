"""What each role of the database may write and delete, and what runs as the owner."""

from typing import Any

from migrations.m0002_ground import APPEND_ONLY
from tests.plan_rows import DELETED_LATE, THINNED


async def test_what_is_written_once_cannot_be_rewritten(catalog: Any) -> None:
    granted = await catalog.fetch(
        "SELECT table_name, column_name, grantee FROM information_schema.column_privileges"
        " WHERE privilege_type = 'UPDATE' AND grantee IN ('throughcare_app', 'throughcare_worker')"
    )
    rewritable = {
        (row["table_name"], row["column_name"])
        for row in granted
        if row["table_name"] in APPEND_ONLY | {"audit", "audit_seal", "contact"}
    }
    # a claim can be taken back by who made it, and that is a fact of its own
    # so can what somebody has just done to a row of a plan, for ten minutes
    # and a trigger lets the worker key the plain hash of an earlier release, once
    assert rewritable == {
        ("claim", "undone_at"),
        ("claim", "version"),
        ("milestone_event", "kind"),
        ("milestone_event", "was"),
        ("milestone_event", "version"),
        ("summary", "sha256"),
    }


async def test_nothing_is_deleted_but_what_is_kept_for_minutes_and_proofs_that_are_too_old(
    catalog: Any,
) -> None:
    rows = await catalog.fetch(
        "SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges"
        " WHERE table_schema = 'public' AND grantee <> 'throughcare_owner'"
        " AND privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE')"
    )
    assert {tuple(row.values()) for row in rows} == {
        ("throughcare_app", "sign_in_failure", "DELETE"),
        ("throughcare_app", "passkey_challenge", "DELETE"),
        ("throughcare_app", "recovery_code", "DELETE"),  # with the last factor, or for new ones
        ("throughcare_worker", "heartbeat", "DELETE"),
        ("throughcare_worker", "job_round", "DELETE"),  # of a job that there is no more
        ("throughcare_worker", "incoming_update", "DELETE"),  # a week after it was done with
        ("throughcare_worker", "court_assertion", "DELETE"),
        ("throughcare_worker", "denial", "DELETE"),  # once the audit has told the number
        ("throughcare_worker", "recent_act", "DELETE"),  # an hour later
        ("throughcare_worker", "date_feed", "DELETE"),  # a month after its end
        ("throughcare_worker", "person_word", "DELETE"),  # of whom there is no plan any more
        *(("throughcare_worker", table, "DELETE") for table in DELETED_LATE),
        *(("throughcare_app", table, "DELETE") for table in THINNED),
    }


async def test_functions_that_run_as_the_owner_are_few_and_cannot_be_misled(catalog: Any) -> None:
    rows = await catalog.fetch(
        "SELECT p.proname, p.prosecdef, p.proleakproof, p.proconfig,"
        "       has_function_privilege('public', p.oid, 'EXECUTE') AS for_all"
        "  FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
    )
    assert {row["proname"] for row in rows if row["prosecdef"]} == {
        "my_plans",
        "my_meetings",
        "my_agency",
        "my_people",
        "my_mandates",
        "my_mandates_by_flow",
        "name_person",
        "name_elsewhere",
        "flow_groups",
        "cancel_without_flow",
        "is_newborn",
        "free_alias",
        "destroy_key",
        "destroy_expired",
        "forget_relative",
        "family_let_go",
        "note_closing_talk",
        "forget",
        "drop_audit",
        "is_held",
        "bars_me",
        "holds_of_agency",
        "mandates_of_agency",
        "consents_of_agency",
        "counts_of_agency",
        "ripe_wish",
        "is_held_by_others",
        "enter",
        "enter_by_refresh",
        "account_of_login",
        "account_of_passkey",
        "my_account",
        "is_still_mine",
        "holder_of",
        "invitation_of",
        "is_invited",
        "spend_invitation",
        "try_pass",
        "holder_of_pass",
        "holder_of_feed",
        "my_mandates_with_keys",
        "my_circle_on",
        "my_house",
        "my_role",
        "on_my_plans",
        "is_small",
        "staff_of_login",
        "has_second_factor",
        "sign_out_colleague",
        "sign_out_without_factor",
        "sign_out_without_passkey",
        "count_refusal",
        "my_person_on",
        "plans_by_glass",
        "words_go",
        "map_goes",
        "may_be_prompted",
        "is_parted",
        "family_as_told",
        "carry_relative",
        "carry_no_more",
        "mentor_load",
        "load_of_house",
        "keep_mentor_room",
        "forget_mentor",
        "contacts_of_duty",
        "club_ends",
        "end_welcomes",
        "forget_welcome",
        "welcome_goes",
    }
    for row in rows:
        assert not row["for_all"], row["proname"]
        assert not row["proleakproof"], row["proname"]
        if row["prosecdef"]:
            assert row["proconfig"] == ["search_path=pg_catalog, public, pg_temp"]
    views = await catalog.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
    assert views == []  # a view would look through the walls as its owner
