"""Which answers each text offers, in the order in which they are shown.

The action is what the code knows; its label is an attribute of the text in each
language. Some conversations put buttons of their own before these (days, aliases).
"""

_GATE = ("yes", "no", "call_me")

BUTTONS: dict[str, tuple[str, ...]] = {
    # linking and welcome
    "UNKNOWN": (),
    "PIN-ASK": (),
    "PIN-WRONG": (),
    "PIN-DEAD": (),
    "LINK-WAIT": (),
    "WELCOME-M": ("language", "quiet_hours", "stop"),
    "WELCOME-F": ("only_me", "shared", "stop"),
    "WELCOME-P": ("only_me", "shared", "stop"),
    "SHARED-OK": (),
    "CHECK-WORD": ("not_me",),
    "CHECK-WRONG": ("call_me",),
    "NOT-ME": (),
    # the mentor's next step
    "MEN-TASK": ("have_a_date", "cant", "need_help"),
    "DATE-ASK": ("no_date_yet", "need_help"),
    "DATE-OK": ("undo",),
    "NO-DATE": ("need_help",),
    # the day
    "GATE-7": _GATE,
    "GATE-7-F": _GATE,
    "GATE-3": _GATE,
    "GATE-3-F": _GATE,
    "GATE-1": ("yes", "problem"),
    "GATE-0": ("yes_together", "waiting", "problem"),
    "GATE-0-F": ("yes_together", "waiting", "problem"),
    "GATE-WAIT": ("yes_together_now", "call_me"),
    "GATE-OFF": ("ok", "call_me"),
    "NIGHT1": ("yes", "no_need_help"),
    # staying in touch
    "CONTACT": ("met", "by_phone", "tried", "not_yet", "need_help"),
    "CONTACT72": ("reached", "tried", "need_help"),
    "FAM-CALL": ("done", "not_possible", "need_help"),
    "FAM-PREP": ("morning", "afternoon", "evening", "not_now"),
    "FAM-HOW": ("fine", "so_so", "call_me"),
    "GOODNEWS": ("nice",),
    "MEN-CARE": ("good", "heavy", "call_me"),
    "MEN-END": ("ok", "call_me"),
    # appointments and meetings
    "APPT-7": ("yes", "not_yet", "need_help"),
    "APPT-3": ("there", "cant", "call_me"),
    "APPT-1": ("there", "cant", "need_help"),
    "APPT-MISSED": ("new_time", "call_me"),
    "APPT-MOVED": ("ok", "cant"),
    "APPT-OFF": ("ok", "call_me"),
    "CIR-INV": ("come", "by_phone", "cant"),
    # reading and answering in the app
    "SUM-ASK": ("open", "not_possible"),
    "SUM-READ": ("today", "tomorrow", "call_me"),
    "TASKS": ("open",),
    "UNPL": ("taken", "cant"),
    # what the chat answers
    "NOTED": ("undo",),
    "UNDONE": (),
    "UNDO-LATE": ("call_me",),
    "LATE": (),
    "CANT-PENDING": ("call_me",),
    "HELP": ("language", "quiet_hours", "why", "stop"),
    "HELP-COMING": (),
    "CARE-COMING": (),
    "WHY": ("stop",),
    "WHY-M": ("stop",),
    "WHOSE": ("not_sure",),
    "FREETEXT": ("call_me", "need_help_now"),
    "OOH": (),
    "NOT-KEPT": (),
    "UNREAD": ("language", "quiet_hours", "why", "stop"),
    "NO-FILES": ("call_me",),
    "BUTTON-OLD": ("call_me",),
    "CRISIS": ("call_me_now", "safe"),
    "CRISIS-NODUTY": ("call_me", "safe"),
    "CRISIS-QUIET": ("ok",),
    # settings, pause and the end
    "LANGUAGE": ("en", "fr"),
    "LANGUAGE-OK": (),
    "QUIET": ("not_before_ten", "not_after_six", "not_friday_noon", "ten_to_four", "any_time"),
    "QUIET-OK": (),
    "STOP-OK": (),
    "START-OK": (),
    "PAUSE": ("start_again",),
    "CLOSE": ("ok",),
    "CLOSE-F": ("show_me", "delete", "ok"),
    "DELETE-ASK": ("yes_delete", "keep"),
}
