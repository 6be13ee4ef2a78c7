from piccolo.columns import UUID, Bytea, Varchar
from piccolo.table import Table

from backend.agencies.tables import Agency
from backend.columns import reference, row_id, version


class Person(Table, tablename="person"):
    """Somebody who returns. Everything that tells who they are is sealed."""

    id = UUID(primary_key=True)
    agency = reference(Agency)
    version = version()
    identity = Bytea(null=False)
    safe_contact = Bytea(null=True, default=None)
    language = Varchar(8, null=False)


class PersonWord(Table, tablename="person_word"):
    """A hash of one word of a name or a file number, under a key that comes from the person's own.

    Looked up by the person alone: there is no way from a word to people, and two who share a name
    share no hash.
    """

    id = row_id()
    agency = reference(Agency)
    person = reference(Person)
    word = Bytea(null=False)
