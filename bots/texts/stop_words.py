"""The words by which anybody stops, starts again or asks for a person, in sixteen languages.

They count as the whole message only: "I cannot stop the bus" stops nothing. Case,
accents, punctuation, pictures, blanks and a leading slash do not matter. A word that
also means something else as an answer is left out ("jo" is "no" in Albanian, so "jɔ" is
taken as written). All but English and French are drafts: native speakers check them
before a language is offered.
"""

import re

from backend.messages.wording import fold

_STOP = {
    "en": ("stop", "stop messages"),
    "fr": ("stop", "arrêt", "arrête", "arrêtez", "arrêter", "arrêter les messages"),
    "ar": ("توقف", "إيقاف", "إيقاف الرسائل"),
    "ru": ("стоп", "остановить", "остановить сообщения"),
    "kk": ("тоқта", "токта", "тоқтату", "хабарламаларды тоқтату", "хабарламаларды токтату"),
    "sw": ("acha", "acha kutuma ujumbe"),
    "lg": ("komya", "komya obubaka"),
    "bm": ("jɔ", "ka cikanw jɔ", "ka cikanw jo"),
    "id": ("berhenti", "hentikan", "hentikan pesan"),
    "bs": ("stop", "zaustavi", "zaustavi poruke"),
    "hr": ("stop", "zaustavi", "zaustavi poruke"),
    "sr": ("стоп", "stop", "заустави", "zaustavi", "заустави поруке", "zaustavi poruke"),
    "sq": ("ndalo", "ndalo mesazhet"),
    "mk": ("стоп", "запри", "запри ги пораките"),
    "nl": ("stop", "stop berichten"),
    "nb": ("stopp", "stopp meldinger"),
}
_START = {
    "en": ("start", "start again"),
    "fr": ("start", "reprendre", "recommencer"),
    "ar": ("ابدأ", "استئناف"),
    "ru": ("старт", "начать"),
    "kk": ("старт", "баста"),
    "sw": ("anza", "anza tena"),
    "lg": ("tandika",),
    "bm": ("daminɛ",),
    "id": ("mulai",),
    "bs": ("start", "počni"),
    "hr": ("start", "počni"),
    "sr": ("старт", "почни", "počni"),
    "sq": ("fillo",),
    "mk": ("старт", "почни"),
    "nl": ("start", "begin"),
    "nb": ("start",),
}
_HELP = {
    "en": ("help", "I need help", "need help"),
    "fr": ("aide", "à l'aide", "aidez-moi", "j'ai besoin d'aide"),
    "ar": ("مساعدة", "أحتاج إلى مساعدة"),
    "ru": ("помощь", "нужна помощь"),
    "kk": ("көмек", "көмек керек"),
    "sw": ("msaada", "nahitaji msaada"),
    "lg": ("obuyambi", "neetaaga obuyambi"),
    "bm": ("dɛmɛ", "n mako bɛ dɛmɛ na"),
    "id": ("bantuan", "butuh bantuan"),
    "bs": ("pomoć", "trebam pomoć"),
    "hr": ("pomoć", "trebam pomoć"),
    "sr": ("помоћ", "pomoć", "треба ми помоћ", "treba mi pomoć"),
    "sq": ("ndihmë", "kam nevojë për ndihmë"),
    "mk": ("помош", "ми треба помош"),
    "nl": ("hulp", "ik heb hulp nodig"),
    "nb": ("hjelp", "jeg trenger hjelp"),
}
LANGUAGES = tuple(_STOP)


def is_stop(text: str) -> bool:
    """Whether a message ends all messages; also the same word said several times over."""
    bare = _bare(text)
    return bool(bare) and any(bare == word * (len(bare) // len(word)) for word in _STOP_BARE)


def is_start_again(text: str) -> bool:
    """Whether a message takes a STOP back; `/start` with a payload opens a link instead."""
    carries_payload = text.lstrip().startswith("/") and len(text.split()) > 1
    return not carries_payload and _bare(text) in _START_BARE


def is_help(text: str) -> bool:
    return _bare(text) in _HELP_BARE


def _bare(text: str) -> str:
    """A message without anything but its letters and digits; "/stop@name" is a command, too."""
    spoken = re.sub(r"^(\s*/\w+)@\w+", r"\1", text)
    return "".join(c for c in fold(spoken) if c.isalnum() and c != _TATWEEL)


_TATWEEL = "\u0640"  # lengthens an Arabic word without changing it
_STOP_BARE = {_bare(word) for words in _STOP.values() for word in words}
_START_BARE = {_bare(word) for words in _START.values() for word in words}
_HELP_BARE = {_bare(word) for words in _HELP.values() for word in words}
