"""Which courts' machines a restore stops; the restore itself is tried with the backups."""

from backend import clock
from backend.holding import hold
from backend.psql import Psql
from tests.backend.courts.docket import a_court
from tests.world import World


async def test_a_machine_that_was_stopped_before_is_not_among_those_to_be_let_go_on(
    world: World,
) -> None:
    court, stopped = await a_court(world), await a_court(world)
    await world.sql("UPDATE court_client SET suspended_at = now() WHERE id = $1", stopped.id)
    with Psql(world.server.url("postgres", world.database_name)) as psql:
        psql.ask("BEGIN")
        held = hold(psql, clock.now(), destroyed=0, unlisted=0)
        psql.ask("ROLLBACK")
    assert held.courts == [str(court.id)]
