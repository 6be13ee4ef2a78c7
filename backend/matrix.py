"""Who may know and do what, by field group: the reviewed table. What is not in it is refused.

Roles: PE the person, SW social worker, CO coordinator, ME mentor, FA family, CP counsellor,
CS spiritual counsellor, TR trainer, PO probation officer, CT court, PS prison staff,
AD administrator, AU auditor, DP data-protection officer, LR lawyer or guardian; machines:
SC scheduler, BO bot, EX export.

Signs: R reads, W writes, Q asks or comments, C confirms; and how far: o their own items alone,
s in a short form, n as a number or yes and no, D only what the person disclosed to them,
b behind broken glass, u until a week after release. Every read of a plan needs a mandate in force
besides; a court goes by its file.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

TABLE = """
group               PE  SW CO ME  FA  CP  CS TR  PO  CT PS  AD AU DP  LR SC BO EX
identity            RQ  RW R  .   .   .   .  .   R   .  Ru  .  .  .   R  .  .  .
court reference     R   R  RW .   .   .   .  .   RW  Ro .   .  .  .   R  .  .  Ro
alias               RW  RW R  R   .   R   R  R   R   .  .   .  .  .   R  .  R  .
languages           RW  RW R  s   s   R   s  s   R   .  Ru  .  .  .   R  .  R  .
safe contact        RW  RW R  s   s   R   s  s   R   .  Ru  .  .  .   R  .  .  .
release date        R   RW R  RsD RsD Rs  Rs Rs  R   .  RWu .  .  .   R  R  R  .
conditions          R   R  R  .   .   .   .  .   RW  .  .   .  .  .   R  .  .  .
circle              RQ  RW RW Ro  Ro  Ro  Ro Ro  R   .  Ro  .  R  .   R  .  .  .
meetings            RC  RW RW Co  Co  RCo .  RCo RCo .  RCo .  .  .   .   .  C  .
milestones          RQ  RW RW Co  Co  RCo Co RCo RW  .  RCo .  .  .   R  R  R  .
milestone detail    R   RW R  .   .   .   .  .   .   .  .   .  .  .   .  .  .  .
offers              R   RW R  .   .   .   .  .   .   .  .   .  .  .   .  .  .  .
family              Ro  RW b  .   Ro  .   .  .   .   .  n   .  .  .   .  .  .  .
safety              Ro  RW R  .   .   .   .  .   .   .  .   .  .  .   .  .  .  .
contacts            Ro  RW R  Wo  Wo  .   .  RWo RWo .  RWo .  .  .   R  .  .  .
appointments        RC  RW R  RoD .   RWo .  RWo RW  .  RWo .  .  .   R  R  R  .
chat text           Ro  R  b  Wo  Wo  .   .  .   Ro  .  .   .  .  .   .  .  W  .
messages            R   R  R  Ro  Ro  Ro  Ro Ro  Ro  .  .   n  n  .   .  RW RW .
tasks               .   RW RW .   .   RWo .  RWo RWo .  RWo .  .  RWo .  RW RW .
goals               RW  RW R  RD  RD  RD  RD RD  R   .  .   .  .  .   R  .  .  .
review              RWo RW R  .   .   .   .  .   s   .  .   .  .  .   RD .  .  .
counselling dates   R   n  n  .   .   RWo .  .   nD  .  .   .  .  .   RD .  .  .
spiritual wish      RW  n  .  .   .   .   Ro .   .   .  n   .  .  .   .  .  .  .
health              RW  RW .  .   .   .   .  .   .   .  W   .  .  .   .  .  .  .
housing             RQ  RW R  n   Ro  .   .  .   R   .  R   .  .  .   R  .  .  .
work                RQ  RW R  nD  .   .   .  RWo R   .  R   .  .  .   R  .  .  .
money               RQ  RW .  .   .   .   .  .   s   .  Wo  .  .  .   R  .  .  .
mentor              s   R  RW RWo .   .   .  .   .   .  .   .  .  .   .  .  .  .
clubs               .   R  RW .   .   .   .  .   .   .  .   .  .  .   .  .  .  .
welcome             Ro  RW b  .   .   .   .  .   .   .  .   .  .  .   .  .  .  .
care                .   Ro RW Ro  .   Ro  Ro Ro  Ro  .  Ro  Ro Ro Ro  .  .  .  .
vetting             .   s  RW RWo .   .   .  .   .   .  .   .  .  .   .  .  .  .
alerts              Ro  RW RW Ro  Ro  RWo .  .   RD  .  .   .  n  .   .  .  .  .
statistics          .   R  R  .   .   .   .  .   R   R  R   .  R  .   .  .  .  .
templates           .   Q  RW .   .   Q   Q  Q   Q   .  .   RW R  .   .  .  .  .
summary draft       RQ  RW RC Co  .   Co  .  Co  RW  .  .   .  .  .   RQ .  .  .
summary             R   R  R  .   .   .   .  .   RW  R  .   .  n  .   R  .  .  R
consents            RWo RW R  Ro  Ro  Ro  Ro .   R   .  .   .  R  .   R  R  .  .
corrections         RQo RW R  .   .   .   .  .   .   .  .   .  .  .   RQo .  .  .
entry passes        R   RW RW .   .   .   .  .   .   .  .   .  .  .   Ro .  .  .
access              Ro  Ro R  .   Ro  .   .  .   .   .  .   .  R  .   R  .  .  .
registry            .   .  R  .   .   .   .  .   .   .  .   RW R  R   .  .  .  .
rota                .   .  RW .   .   .   .  .   .   .  .   RW R  .   .  R  .  .
calendars           .   R  RW .   .   .   .  .   .   .  R   RW .  .   .  .  .  .
accounts            .   .  R  .   .   .   .  .   .   .  .   RW R  .   .  .  .  .
incidents           .   .  RW .   .   .   .  .   .   .  .   .  .  RW  .  .  .  .
reviews             .   .  RW .   .   .   .  .   .   .  .   .  .  RW  .  .  .  .
complaints          .   W  RW .   .   W   .  W   W   .  W   .  .  .   .  .  .  .
holds               .   R  RW .   .   .   .  .   .   .  .   .  .  n   .  .  .  .
proofs              .   .  .  .   .   .   .  .   .   .  .   .  R  R   .  .  .  .
record              .   .  .  .   .   .   .  .   .   .  .   .  R  R   .  .  .  .
"""
SIGNS = frozenset("RWQCosnDbu")

# What a lawyer or guardian (LR) may be given a mandate for, and the groups that go with it. What
# says whose file it is goes with each of them; what is in none of them goes with none.
MATTERS: Mapping[str, frozenset[str]] = {
    "plan": frozenset({"release date", "milestones", "appointments", "contacts", "conditions"}),
    "circle": frozenset({"circle"}),
    "summaries": frozenset({"summary", "summary draft", "court reference"}),
    "consents": frozenset({"consents"}),
    "access": frozenset({"access"}),
}
WITH_EACH_MATTER = frozenset({"identity", "alias", "languages", "entry passes", "corrections"})


@dataclass(frozen=True)
class Cell:
    signs: frozenset[str] = frozenset()

    @property
    def reads(self) -> bool:
        """In full, if perhaps their own items alone."""
        return "R" in self.signs and not self.signs & set("snDb")

    @property
    def short(self) -> bool:
        return "s" in self.signs and "D" not in self.signs

    @property
    def behind_glass(self) -> bool:
        return "b" in self.signs

    @property
    def counted(self) -> bool:
        """As a number, or more."""
        return self.reads or "n" in self.signs

    @property
    def acts(self) -> bool:
        return bool(self.signs & set("WC"))


def _parsed() -> tuple[tuple[str, ...], dict[str, dict[str, Cell]]]:
    head, *lines = TABLE.strip().splitlines()
    _, *roles = head.split()
    table: dict[str, dict[str, Cell]] = {}
    for line in lines:
        name, cells = line[:20].strip(), line[20:].split()
        if len(cells) != len(roles):
            raise ValueError(line)
        table[name] = {role: Cell(_signs(signs)) for role, signs in zip(roles, cells, strict=True)}
    return tuple(roles), table


def _signs(written: str) -> frozenset[str]:
    signs = frozenset(written) - {"."}
    if signs - SIGNS:
        raise ValueError(written)
    return signs


ROLES, MATRIX = _parsed()
_NOTHING: Mapping[str, Cell] = {}


def cell(role: str, group: str) -> Cell:
    """Nothing for a role or a group that the table does not name."""
    return MATRIX.get(group, _NOTHING).get(role, Cell())


def readers(group: str) -> frozenset[str]:
    """The roles that read a group in full."""
    return frozenset(role for role in ROLES if cell(role, group).reads)


def of(group: str, *, short: bool = False) -> msgspec.Meta:
    """Marks a field of an answer with its group; `short` is what stands there for sign s."""
    if group not in MATRIX:
        raise ValueError(group)
    return msgspec.Meta(extra={"group": group, "short": short})


def marked(view: type[msgspec.Struct]) -> dict[str, Mapping[str, Any]]:
    """The fields of an answer that belong to a group."""
    hints = get_type_hints(view, include_extras=True)
    return {
        name: meta.extra
        for name, hint in hints.items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, msgspec.Meta) and meta.extra is not None
    }


def covers(groups: Collection[str] | None, group: str) -> bool:
    """Whether what may flow to a reader covers a group; None is the plan's own agency."""
    return groups is None or group in groups


@cache
def hidden(
    view: type[msgspec.Struct], role: str, groups: frozenset[str] | None = None
) -> tuple[str, ...]:
    """The fields of an answer that a role is not given."""
    given = {
        name: cell(role, mark["group"]).short if mark["short"] else cell(role, mark["group"]).reads
        for name, mark in marked(view).items()
    }
    return tuple(
        name
        for name, is_given in given.items()
        if not is_given or not covers(groups, marked(view)[name]["group"])
    )


def cut(view: S, role: str, groups: Collection[str] | None = None) -> S:
    """What of an answer this role is given: the keys of the rest are not there.

    `groups` is what may flow to a reader who works in another agency (None: to who does not).
    """
    for name in hidden(type(view), role, None if groups is None else frozenset(groups)):
        msgspec.structs.force_setattr(view, name, msgspec.UNSET)
    return view


def cut_to_matters(view: S, matters: Collection[str]) -> S:
    """What of an answer goes with these matters."""
    given = WITH_EACH_MATTER.union(*(MATTERS[matter] for matter in matters))
    for name, mark in marked(type(view)).items():
        if mark["group"] not in given:
            msgspec.structs.force_setattr(view, name, msgspec.UNSET)
    return view
