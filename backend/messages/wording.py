"""Which words may never leave this house, and which may stand for a person.

A message that shows on somebody's phone can end a job or a family, so no text,
alias or button may hold a word that tells what this service is about. The list
below is English and French, and it is a net, not a wall: it knows no misspelling
("prizon"), no other language, no offence by its own name, no surname and no
place. A human reads each text before it is used; this catches what humans
overlook.

A plain entry counts as a whole word or phrase, `word*` also with any ending,
`*word*` anywhere in a word. Entries are written as `fold` leaves them: lower
case, without accents. Words that merely look alike stay free: "courteous",
"policy", "crimson", "arrêt" (stop), "détente". A few harmless ones are the price:
French "court" (short), "parole" (speech) and "sortie" (way out) must be said otherwise.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum

MAX_ALIAS = 24
MAX_LINE = 40
MIN_LETTERS = 3

# `_` stands for a blank inside a phrase.
_FORBIDDEN = {
    "offence": """offenc* offens* offend* *reoffend* crime crimes crimin* felon felons felony
        infraction infractions misdemeano* delit delits delinqu* delict* recidiv* guilty
        coupable* culpab* convict* condamn* excon ex_con""",
    "sentence": "sentenc* peine peines sursis penal penale penales penaux",
    "label": """extremis* *terroris* terror* terreur* radical* *radicali* *jihad* fanati*
        islamis*""",
    "custody": """*prison* jail* gaol* inmate* detention* detain* detenu* *carcer* custod*
        penitenti* ecrou* geole* cellmate* codetenu* behind_bars garde_a_vue maison_d_arret""",
    "court": """court courts courthouse* courtroom* cour judg* juge* tribuna* magistra* procureur*
        prosecut* justice judici* assises trial trials proces""",
    "supervision": """*probati* probatoire* parole paroles paroled parolee* conditionnelle
        mise_a_l_epreuve bracelet_electronique""",
    "police": """police policeman policemen policewoman policing policier* policiere* gendarme*
        flic flics""",
    "release": "releas* liberat* liberable* libere* sortie sorties sortant*",
    "risk": "risk* risqu* dangerous* dangereu*",
    "religion": """relig* imam imams mosque* church* priest* pretre* eglise* chaplain* aumon*
        muslim* musulman* islam* christian* chretien* jewish juif* juive* spiritual* spirituel*
        ramadan croyance* croyant* culte cultes synagog*""",
    "health": """health* sante medic* maladi* malade* sick sickness* hospital* hopital* hopitaux
        clinic* cliniq* doctor* docteur* medecin* infirm* disease* therap* psych* depress*
        addict* toxicoman* drug drugs drogue* alcohol* alcool* hiv vih sida tubercul* handicap*
        methadone""",
    "counselling": "counsel*",
    "diagnosis": "diagnos*",
    "this service": """throughcare aftercare reinser* reintegrat* rehabilit* resettle* reentry
        *deradicali*""",
}

# How else a Latin letter is drawn: Cyrillic, Greek and phonetic letters, and digits.
_LOOKALIKES = str.maketrans(
    {
        drawn: letter
        for letter, others in {
            "a": "\u0430\u03b1\u02514",
            "b": "\u0432\u03b28",
            "c": "\u0441\u03f2",
            "d": "\u0501\u0111",
            "e": "\u0435\u03b5\u025b3",
            "g": "\u0261",
            "h": "\u043d\u04bb\u0127",
            "i": "\u0456\u03b9\u0131",
            "j": "\u0458",
            "k": "\u043a\u03ba",
            "l": "\u04cf\u0142",
            "m": "\u043c",
            "n": "\u03b7\u03bd",
            "o": "\u043e\u03bf\u00f8\u02540",
            "p": "\u0440\u03c1",
            "q": "\u051b",
            "s": "\u0455\u03c35",
            "t": "\u0442\u03c47",
            "u": "\u03c5",
            "w": "\u051d",
            "x": "\u0445\u03c7",
            "y": "\u0443",
        }.items()
        for drawn in others
    }
)
# Letters and marks that show nothing at all.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_APOSTROPHES = "'\u2019"
_HYPHENS = "-\u2010"
_LINE_SIGNS = ".,+():"
_ISOLATES = re.compile("[\u2066-\u2069]")
_ADDRESS = re.compile(r"@|://|\bwww\.|[^\W_]\.[^\W\d_]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"\+?\d(?:[ \u00a0\u202f./()-]*\d){6,}")
_NUMERIC_DATE = re.compile(r"\b\d{1,4}([./-])\d{1,2}\1\d{2,4}\b")

# Colours, trees, flowers, fruits, birds and landscapes, harmless in English and in French.
# No first names, no usual surnames, nothing of a creed, a crime, a flag or a skin.
ALIASES: tuple[str, ...] = tuple(
    """Abricot Acacia Acajou Agate Ajonc Alder Alpage Alto Amande Ananas Anemone Aneth Anis
    Aquarelle Arbuste Archipelago Ardoise Argan Arnica Artichaut Arum Asphodel Aster Atoll
    Aubepine Austral Avocet Avoine Azur Badiane Bambou Banksia Baobab Bardane Basalte Begonia
    Beige Bergamot Bleuet Blue Blueberry Bocage Boreal Bouleau Bourgeon Bourrache Brise Bronze
    Brume Buddleia Bulbul Cairn Calanque Calendula Camomile Cannelle Canopy Canyon Cardamom
    Caroube Cascade Cassis Catalpa Cedar Cedrat Cerise Chardon Charme Chataigne Chicory Cigogne
    Cirrus Citron Clairiere Cobalt Colibri Colline Copper Coquelicot Coriander Cormoran Corolla
    Cosmos Cove Crique Crocus Cumin Cumulus Curcuma Curlew Cyan Cyclamen Cygne Delphinium Delta
    Dune Dunlin Ecume Emerald Epicea Erable Estuary Eucalyptus Fauvette Fennel Fjord Flamant
    Fougere Framboise Freesia Fuchsia Galet Gannet Gardenia Garrigue Geranium Geyser Ginkgo
    Girolle Glacier Glycine Goeland Goldcrest Goyave Granite Grebe Grove Gypsophila Harbour
    Helianthus Heron Hibiscus Hornbeam Hornbill Huppe Hydrangea Ibis Indigo Islet Jonquil Kaki
    Kingfisher Kittiwake Kiwi Kumquat Lagoon Lagune Lapwing Larch Lavande Lavender Lichen
    Limette Linden Litchi Loriot Magenta Magnolia Mahogany Mandarine Mangrove Maple Mauve
    Mesange Mimosa Moraine Moringa Nacre Nectarine Noisette Nuthatch Oasis Ochre Opaline Orchid
    Oriole Osier Palmier Pampa Papaya Pebble Pelican Peony Petunia Pimento Pipit Pistachio
    Pivoine Plateau Platane Plover Pluvier Pollen Pommier Poplar Prairie Primula Puffin Quartz
    Rattan Redstart Rhubarb Rivage Ruisseau Saffron Safran Sapin Sarcelle Savane Sentier Sepia
    Sequoia Sesame Siskin Skylark Sorbier Spruce Steppe Stratus Tamarind Tamaris Teal Thyme
    Tilleul Topaz Toucan Tournesol Tulip Tundra Turaco Turquoise Vallon Vanilla Verbena Verger
    Wagtail Warbler Wisteria Zenith Zinnia""".split()  # noqa: SIM905 - two hundred pairs of quotes would hide the words
)


class Unfit(StrEnum):
    """Why words are refused, in a form that a page can translate."""

    EMPTY = "empty"
    CONTROL = "control-character"
    ADDRESS = "address-or-link"
    NUMBER = "number"
    FORBIDDEN = "forbidden-word"
    CHARACTER = "character"
    TOO_LONG = "too-long"
    INITIALS = "initials"


class UnfitWords(ValueError):
    """Words that may not be saved or sent; the text holds the reason and never the words."""

    def __init__(self, reason: Unfit) -> None:
        super().__init__(f"these words cannot be used: {reason}")
        self.reason = reason


class UnfitAlias(UnfitWords):
    pass


class UnfitLine(UnfitWords):
    pass


def fold(text: str) -> str:
    """What two spellings have in common: no case, accents or invisible letters; NFKC."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(max(c, " ") for c in decomposed if not _unseen(c))


def forbidden(text: str, of: Collection[str] = _FORBIDDEN.keys()) -> list[str]:
    """The entries of the list that occur in a text, also spaced out, hyphenated or in disguise.

    `of` are its parts that are looked at.
    """
    spellings = _spellings(text)
    return [
        entry
        for part in of
        for entry, pattern in _PATTERNS[part].items()
        if any(pattern.search(spelling) for spelling in spellings)
    ]


def scan(body: str, allowed: Collection[str] = ()) -> list[str]:
    """What a body or a button that left for a phone should not hold; empty when it is clean.

    `allowed` are the lines that the agency means to show: its emergency number,
    its duty phone, its crisis line. They are taken out before anything is looked at.
    """
    for line in filter(None, allowed):
        body = body.replace(line, " ")
    signs = {
        "phone number": _PHONE.search(body),
        "numeric date": _NUMERIC_DATE.search(body),
        "link": _ADDRESS.search(body),
        "control character": any(map(_unprintable, _ISOLATES.sub("", body).replace("\n", ""))),
    }
    return [*forbidden(body), *(sign for sign, seen in signs.items() if seen)]


def plain(value: str) -> str:
    """A value as a text may show it: one line of letters, digits and the few signs a phone needs.

    What could format, link, mention or turn the reading direction is dropped, not escaped.
    """
    composed = unicodedata.normalize("NFKC", value)
    blanked = "".join(" " if c.isspace() else c for c in composed)
    kept = "".join(c for c in blanked if _speaks(c) or c in _LINE_SIGNS)
    return " ".join(_ADDRESS.sub(" ", kept).split())


def check_alias(alias: str) -> str:
    """The alias as it may be saved: composed, blanks single. Raises UnfitAlias.

    Two things it cannot see: that an alias is somebody's surname, and that a
    neutral word is not neutral in this town. Whoever chooses it is told so.
    """
    cleaned = " ".join(unicodedata.normalize("NFKC", alias).split())
    checks = (
        (Unfit.CONTROL, any(map(_unprintable, alias))),
        (Unfit.EMPTY, not cleaned),
        (Unfit.ADDRESS, _ADDRESS.search(cleaned)),
        (Unfit.NUMBER, any(unicodedata.category(c)[0] == "N" for c in cleaned)),
        (Unfit.FORBIDDEN, forbidden(cleaned)),
        (Unfit.CHARACTER, not cleaned[:1].isalpha() or not all(map(_speaks, cleaned))),
        (Unfit.TOO_LONG, len(cleaned) > MAX_ALIAS),
        (Unfit.INITIALS, sum(c.isalpha() for c in cleaned) < MIN_LETTERS),
    )
    if reason := next((reason for reason, holds in checks if holds), None):
        raise UnfitAlias(reason)
    return cleaned


def check_line(line: str) -> str:
    """A phone number or a help line as texts may show it, never cut. Raises UnfitLine.

    Saved lines go through here, because a shortened emergency number is worse than none.
    """
    cleaned = " ".join(unicodedata.normalize("NFKC", line).split())
    checks = (
        (Unfit.CONTROL, any(map(_unprintable, line))),
        (Unfit.EMPTY, not cleaned),
        (Unfit.ADDRESS, _ADDRESS.search(cleaned)),
        (Unfit.FORBIDDEN, forbidden(cleaned)),
        (Unfit.CHARACTER, plain(cleaned) != cleaned),
        (Unfit.TOO_LONG, len(cleaned) > MAX_LINE),
    )
    if reason := next((reason for reason, holds in checks if holds), None):
        raise UnfitLine(reason)
    return cleaned


def check_text(text: str) -> str:
    """Some lines that texts may hold, such as what to do in a crisis. Raises UnfitLine."""
    checks = (
        (Unfit.CONTROL, any(_unprintable(c) for c in text if c != "\n")),
        (Unfit.ADDRESS, _ADDRESS.search(text)),
        (Unfit.FORBIDDEN, forbidden(text)),
    )
    if reason := next((reason for reason, holds in checks if holds), None):
        raise UnfitLine(reason)
    return text


def _speaks(c: str) -> bool:
    """A letter or its mark in any script, a digit, or what stands between words."""
    return unicodedata.category(c)[0] in "LMN" or c in f" {_APOSTROPHES}{_HYPHENS}"


def _unseen(c: str) -> bool:
    return c in _BLANK_LETTERS or unicodedata.category(c) in {"Mn", "Me", "Cf"}


def _unprintable(c: str) -> bool:
    category = unicodedata.category(c)
    return c in _BLANK_LETTERS or category[0] == "C" or category in {"Zl", "Zp"}


def _spellings(text: str) -> set[str]:
    """The words as they stand, and as a reader would take them despite a disguise."""
    folded = fold(text)
    return {
        " ".join(_WORD.findall(folded)),
        _unmasked(folded.replace("1", "i")),
        _unmasked(fold(text.replace("I", "l")).replace("1", "l")),
    }


def _unmasked(folded: str) -> str:
    words = [
        word if word.isdecimal() else word.translate(_LOOKALIKES)
        for word in _WORD.findall(_INSIDE.sub("", folded))
    ]
    return _SPACED_OUT.sub(r"\1", " ".join(words))


def _pattern(entry: str) -> re.Pattern[str]:
    start = "" if entry.startswith("*") else r"\b"
    end = "" if entry.endswith("*") else r"\b"
    return re.compile(start + entry.strip("*").replace("_", " ") + end)


_WORD = re.compile(r"[^\W_]+")
_INSIDE = re.compile(rf"(?<=\w)[._*{_APOSTROPHES}\{_HYPHENS}]+(?=\w)")
_SPACED_OUT = re.compile(r"\b(\w) (?=\w\b)")
_PATTERNS = {
    part: {entry.strip("*").replace("_", " "): _pattern(entry) for entry in entries.split()}
    for part, entries in _FORBIDDEN.items()
}
