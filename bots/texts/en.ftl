### What the chat says, in English. This file is the source of every other language.
###
### One question a text, 300 characters at most, the first 60 harmless to a stranger.
### No blame, no threat, no exclamation marks, no pictures. No place, no reason, no name.
### Texts for families and for the person never hold { $alias }.

## How a day and a moment are written. Days always carry their weekday.

day-month = { $day } { $month }
day = { $weekday } { $date }
moment = { $weekday } { $date }, { $time }

## Linking and welcome

UNKNOWN = This chat is not connected. If you have a code, send it. Otherwise call the office that gave you this contact.
PIN-ASK = Thank you. Please send the short number that you were told by voice.
PIN-WRONG = That is not the number we have. Please look again and send it once more. After five tries the code ends.
PIN-DEAD = This code has ended. Please ask the person who gave it to you for a new one.
LINK-WAIT = Thank you. { $worker_alias } will call you to check it is really you. Nothing is sent before that.
WELCOME-M = Hello, this is { $service_alias }. You agreed to get reminders here. You can answer with the buttons. Write STOP to end messages or HELP to reach a person. This is an automatic service and is not read all the time.
    .language = Language
    .quiet_hours = Quiet hours
    .stop = Stop
WELCOME-F = Hello, this is { $service_alias }. { $worker_alias } told you about us. Is this phone used only by you?
    .only_me = Only me
    .shared = Shared
    .stop = Stop
WELCOME-P = Hello, this is { $service_alias }. You chose to get reminders here. Is this phone used only by you? You can write STOP at any time; your support stays the same.
    .only_me = Only me
    .shared = Shared
    .stop = Stop
SHARED-OK = Thank you, this is noted. Messages here stay short. You can always ask for a call instead.
CHECK-WORD = There is a message for you. Please send the word you agreed on, then you will see it.
    .not_me = Not me
CHECK-WRONG = That is not the word we have. You can try again, or tap for a call.
    .call_me = Call me
NOT-ME = Thank you for telling us. Nothing more is sent here until a person has checked.

## The mentor's next step

MEN-TASK = Reminder: your next meeting with { $alias } is planned before { $date }. Which day will it be?
    .have_a_date = I have a date
    .cant = Can't
    .need_help = Need help
DATE-ASK = Which day will it be? Tap one of these days.
    .no_date_yet = No date yet
    .need_help = Need help
DATE-OK = Thank you, { $date } is noted. You can take this back for ten minutes.
    .undo = Take it back
NO-DATE = That is fine. You will be asked again on { $date }.
    .need_help = Need help

## The day itself

GATE-7 = Next { $weekday }, { $date } at { $time }: you wanted to meet { $alias }. Is that still possible?
    .yes = Yes
    .no = No
    .call_me = Call me
GATE-7-F = { $service_alias }: next { $weekday }, { $date } at { $time }: the meeting you agreed to. Is it still possible?
    .yes = Yes
    .no = No
    .call_me = Call me
GATE-3 = In three days, { $weekday } { $date } at { $time }: please confirm once more that you meet { $alias }.
    .yes = Yes
    .no = No
    .call_me = Call me
GATE-3-F = { $service_alias }: in three days, { $weekday } { $date } at { $time }. Please confirm once more.
    .yes = Yes
    .no = No
    .call_me = Call me
GATE-1 = Tomorrow at { $time }, as agreed. Everything ready?
    .yes = Yes
    .problem = Problem
GATE-0 = Did you meet { $alias }? Just tap.
    .yes_together = Yes, together
    .waiting = Waiting
    .problem = Problem
GATE-0-F = { $service_alias }: did you meet? Just tap.
    .yes_together = Yes, together
    .waiting = Waiting
    .problem = Problem
GATE-WAIT = Thank you for waiting. { $worker_alias } has been told and will call you.
    .yes_together_now = Yes, together now
    .call_me = Call me
GATE-OFF = The meeting is not taking place today. { $worker_alias } will call you.
    .ok = OK
    .call_me = Call me
NIGHT1 = Is there a place to sleep tonight for { $alias }?
    .yes = Yes
    .no_need_help = No, need help

## Staying in touch

CONTACT = Have you been in touch with { $alias } since { $date }? One tap is enough.
    .met = Met
    .by_phone = By phone
    .tried = Tried, no answer
    .not_yet = Not yet
    .need_help = Need help
CONTACT72 = No contact with { $alias } is confirmed yet. Please try today, or tap for help.
    .reached = Reached
    .tried = Tried
    .need_help = Need help
FAM-CALL = { $service_alias }: a small reminder of the call you wanted to make this week.
    .done = Done
    .not_possible = Not possible
    .need_help = Need help
FAM-PREP = { $service_alias }: { $worker_alias } would like to talk with you about the coming weeks. When is a good time to call?
    .morning = Morning
    .afternoon = Afternoon
    .evening = Evening
    .not_now = Not now
FAM-HOW = How are things this week?
    .fine = Fine
    .so_so = So-so
    .call_me = Please call me
GOODNEWS = Good news: a step was finished. Ask about it when you next talk.
    .nice = Nice
MEN-CARE = A word for you: how is it going for you as a supporter?
    .good = Good
    .heavy = Heavy
    .call_me = Call me
MEN-END = The agreed time is nearly over. { $worker_alias } will plan a good ending with you.
    .ok = OK
    .call_me = Call me

## Appointments and meetings

APPT-7 = { $service_alias }: you have an appointment on { $weekday } { $date } at { $time }. Do you know how you will get there?
    .yes = Yes
    .not_yet = Not yet
    .need_help = Need help
APPT-3 = { $service_alias }: your appointment is in three days, { $weekday } at { $time }. If you do not know where, tap Call me.
    .there = I'll be there
    .cant = Can't make it
    .call_me = Call me
APPT-1 = { $service_alias }: tomorrow at { $time }. If you cannot come, tap now. The time stays until we confirm a new one.
    .there = I'll be there
    .cant = Can't make it
    .need_help = Need help
APPT-MISSED = We did not see you today. It can happen. Tap for a new time or tell us what got in the way.
    .new_time = New time
    .call_me = Call me
APPT-MOVED = The time changed. New time: { $weekday } { $date } at { $time }. Sorry for the trouble.
    .ok = OK
    .cant = Can't
APPT-OFF = The time on { $weekday } { $date } at { $time } no longer holds. { $worker_alias } will call you with a new one. Sorry for the trouble.
    .ok = OK
    .call_me = Call me
CIR-INV = The group meets on { $weekday } { $date } at { $time }. Can you take part?
    .come = I come
    .by_phone = By phone
    .cant = Can't

## Reading and answering in the app

SUM-ASK = A short question waits for you in the app. Please answer by { $date }.
    .open = Open
    .not_possible = Not possible
SUM-READ = { $worker_alias } would like to read a text about you together with you, so that you can correct it. Which day?
    .today = Today
    .tomorrow = Tomorrow
    .call_me = Call me
TASKS = { $n ->
        [one] { $n } task is due today. Open the app to see it.
       *[other] { $n } tasks are due today. Open the app to see them.
    }
    .open = Open
UNPL = Urgent task in the app. Please open it now or call { $duty_phone }.
    .taken = Taken
    .cant = Can't

## What the chat answers

NOTED = Thank you, this is noted. You can take it back for ten minutes.
    .undo = Take it back
UNDONE = Your last answer is taken back. Please answer again.
UNDO-LATE = This answer stands now. If something is not right, { $worker_alias } can change it with you.
    .call_me = Call me
LATE = Thank you. Your answer still counts, and { $worker_alias } will see it.
CANT-PENDING = Thank you for telling us. The time stays until we confirm a new one. { $worker_alias } will call you.
    .call_me = Call me
HELP = Thank you for writing. { $worker_alias } has been told and will call you. What else would you like to do here?
    .language = Language
    .quiet_hours = Quiet hours
    .why = Why these messages
    .stop = Stop
HELP-COMING = Thank you for asking. { $worker_alias } has been told and will call you.
WHY-M = You get reminders here because you support somebody. What the service knows of you holds until { $date }. When it is too much, call { $human_alias }. You can stop these messages at any time.
    .stop = Stop
CARE-COMING = Thank you for saying so. { $human_alias } has been told and will call you.
WHY = You get reminders here because you agreed to them. You can stop them at any time, and nothing else changes.
    .stop = Stop
WHOSE = Which of these is it about? Tap one.
    .not_sure = Not sure
FREETEXT = Thank you. A person will read this by { $next_open }. Please do not send names, papers or private details here.
    .call_me = Call me
    .need_help_now = Need help now
OOH = Nobody reads messages here until { $next_open }. Urgent: { $duty_phone }. Danger: { $emergency_number }.
NOT-KEPT = Thank you. What you wrote was not kept: a person will call you by { $next_open }. Danger: { $emergency_number }.
UNREAD = Nobody reads messages here, and none of them is kept. Urgent: { $duty_phone }. Danger: { $emergency_number }. What would you like to do here?
    .language = Language
    .quiet_hours = Quiet hours
    .why = Why these messages
    .stop = Stop
NO-FILES = Pictures, files, voice and places cannot be opened here. Please write a few words, or tap for a call.
    .call_me = Call me
BUTTON-OLD = This button is no longer in use. Please use the newest message, or tap for a call.
    .call_me = Call me
CRISIS = I am an automatic service and cannot help quickly. If anyone is in danger, call { $emergency_number } now. You can talk to someone at { $crisis_line }. { $duty_alias } has been told and will call you soon.
    .call_me_now = Call me now
    .safe = I am safe
CRISIS-NODUTY = I am an automatic service and cannot help quickly. If anyone is in danger, call { $emergency_number } now. You can talk to someone at { $crisis_line }. A person reads this at { $next_open }.
    .call_me = Call me
    .safe = I am safe
CRISIS-QUIET = Thank you. A person will read this by { $next_open }.
    .ok = OK

## Settings, pause and the end

# Each language is named by itself, the same in every file.
LANGUAGE = Which language would you like?
    .en = English
    .fr = Français
LANGUAGE-OK = From now on, messages here are in English.
QUIET = When may messages come? Tap what suits you.
    .not_before_ten = Not before 10:00
    .not_after_six = Not after 18:00
    .not_friday_noon = Not Friday 11:30-14:30
    .ten_to_four = Only 10:00 to 16:00
    .any_time = At any time
QUIET-OK = Thank you, these hours are noted. You can change them at any time.
STOP-OK = Messages are stopped. Your support stays the same. Your worker knows and will use the way you prefer. Write START to begin again.
START-OK = Thank you. Messages begin again from now. You can write STOP at any time.
PAUSE = Reminders are paused until { $date }.
    .start_again = Start again
CLOSE = The group's work is finished. Thank you. Your chat will be disconnected on { $date }.
    .ok = OK
CLOSE-F = Thank you for everything. Reminders stop on { $date }. You can ask us to show or delete what we keep about you.
    .show_me = Show me
    .delete = Delete
    .ok = OK
DELETE-ASK = Shall we delete what we keep about you? It cannot be brought back.
    .yes_delete = Yes, delete
    .keep = Keep it
