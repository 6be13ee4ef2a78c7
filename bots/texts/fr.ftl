### Ce que dit le chat, en français.
###
### Une seule question par texte, 300 caractères au plus, les 60 premiers anodins pour un tiers.
### Ni reproche, ni menace, ni point d'exclamation, ni image. Ni lieu, ni motif, ni nom.
### Les textes pour la famille et pour la personne n'ont jamais { $alias }.
### On vouvoie, et aucune tournure ne suppose un genre. Devant ? et ; une espace fine insécable
### (U+202F), devant : et dans les guillemets une espace insécable (U+00A0).
### Devant une variable, ni « de » ni « que » : l'élision dépendrait de sa première lettre.

## Les jours et les moments. Un jour porte toujours son nom.

day-month = { $day ->
        [1] 1er
       *[other] { $day }
    } { $month }
day = { $weekday } { $date }
moment = { $weekday } { $date } à { $time }

## Le lien et l'accueil

UNKNOWN = Cette conversation n’est pas reliée. Si vous avez un code, envoyez-le. Sinon, appelez le bureau qui vous a donné ce contact.
PIN-ASK = Merci. Envoyez, s’il vous plaît, le numéro à quelques chiffres qui vous a été dit de vive voix.
PIN-WRONG = Ce n’est pas le numéro que nous avons. Vérifiez-le, s’il vous plaît, et envoyez-le à nouveau. Après cinq essais, le code prend fin.
PIN-DEAD = Ce code a pris fin. Demandez-en un nouveau à la personne qui vous l’a donné.
LINK-WAIT = Merci. { $worker_alias } va vous appeler pour vérifier que c’est bien vous. Rien n’est envoyé avant cet appel.
WELCOME-M = Bonjour, ici { $service_alias }. Vous avez accepté de recevoir des rappels ici. Vous pouvez répondre avec les boutons. Écrivez STOP pour arrêter les messages ou AIDE pour joindre quelqu’un. C’est un service automatique, qui n’est pas lu en permanence.
    .language = Langue
    .quiet_hours = Heures calmes
    .stop = Arrêter
WELCOME-F = Bonjour, ici { $service_alias }. { $worker_alias } vous a parlé de nous. Utilisez-vous ce téléphone sans le partager ?
    .only_me = Moi seulement
    .shared = Téléphone partagé
    .stop = Arrêter
WELCOME-P = Bonjour, ici { $service_alias }. Vous avez choisi de recevoir des rappels ici. Utilisez-vous ce téléphone sans le partager ? Vous pouvez écrire STOP à tout moment ; votre accompagnement reste le même.
    .only_me = Moi seulement
    .shared = Téléphone partagé
    .stop = Arrêter
SHARED-OK = Merci, c’est noté. Les messages resteront brefs ici. Vous pouvez toujours préférer un appel.
CHECK-WORD = Il y a un message pour vous. Envoyez, s’il vous plaît, le mot convenu, et vous le verrez.
    .not_me = Ce n’est pas moi
CHECK-WRONG = Ce n’est pas le mot que nous avons. Vous pouvez essayer encore, ou demander un appel.
    .call_me = Appelez-moi
NOT-ME = Merci de nous l’avoir dit. Plus rien n’est envoyé ici avant qu’une personne ait vérifié.

## La prochaine étape avec le mentor

MEN-TASK = Rappel : votre prochaine rencontre avec { $alias } est prévue avant le { $date }. Quel jour aura-t-elle lieu ?
    .have_a_date = J’ai une date
    .cant = Je ne peux pas
    .need_help = J’ai besoin d’aide
DATE-ASK = Quel jour retenez-vous ? Choisissez l’un de ces jours.
    .no_date_yet = Pas encore de date
    .need_help = J’ai besoin d’aide
DATE-OK = Merci, c’est noté pour le { $date }. Vous pouvez revenir sur cette réponse pendant dix minutes.
    .undo = Annuler ma réponse
NO-DATE = Très bien. La question vous sera posée à nouveau le { $date }.
    .need_help = J’ai besoin d’aide

## Le jour même

GATE-7 = Le { $weekday } { $date } à { $time }, vous souhaitiez retrouver { $alias }. Est-ce toujours possible ?
    .yes = Oui
    .no = Non
    .call_me = Appelez-moi
GATE-7-F = { $service_alias } : le { $weekday } { $date } à { $time }, la rencontre que vous avez acceptée. Est-elle toujours possible ?
    .yes = Oui
    .no = Non
    .call_me = Appelez-moi
GATE-3 = Dans trois jours, le { $weekday } { $date } à { $time } : merci de confirmer encore une fois que vous retrouvez { $alias }.
    .yes = Oui
    .no = Non
    .call_me = Appelez-moi
GATE-3-F = { $service_alias } : dans trois jours, le { $weekday } { $date } à { $time }. Merci de confirmer encore une fois.
    .yes = Oui
    .no = Non
    .call_me = Appelez-moi
GATE-1 = Demain à { $time }, comme convenu. Tout est prêt ?
    .yes = Oui
    .problem = Un problème
GATE-0 = Avez-vous retrouvé { $alias } ? Il suffit d’appuyer.
    .yes_together = Oui, ensemble
    .waiting = J’attends
    .problem = Un problème
GATE-0-F = { $service_alias } : la rencontre a-t-elle eu lieu ? Il suffit d’appuyer.
    .yes_together = Oui, ensemble
    .waiting = J’attends
    .problem = Un problème
GATE-WAIT = Merci d’attendre. { $worker_alias } est au courant et va vous appeler.
    .yes_together_now = Ensemble maintenant
    .call_me = Appelez-moi
GATE-OFF = La rencontre n’a pas lieu aujourd’hui. { $worker_alias } va vous appeler.
    .ok = D’accord
    .call_me = Appelez-moi
NIGHT1 = Y a-t-il un endroit où dormir ce soir pour { $alias } ?
    .yes = Oui
    .no_need_help = Non, il faut de l’aide

## Garder le contact

CONTACT = Avez-vous été en contact avec { $alias } depuis le { $date } ? Il suffit d’appuyer.
    .met = En personne
    .by_phone = Par téléphone
    .tried = Essayé, sans réponse
    .not_yet = Pas encore
    .need_help = J’ai besoin d’aide
CONTACT72 = Aucun contact avec { $alias } n’est encore confirmé. Merci d’essayer aujourd’hui, ou d’appuyer pour avoir de l’aide.
    .reached = Contact établi
    .tried = Essayé
    .need_help = J’ai besoin d’aide
FAM-CALL = { $service_alias } : un petit rappel de l’appel que vous vouliez passer cette semaine.
    .done = C’est fait
    .not_possible = Pas possible
    .need_help = J’ai besoin d’aide
FAM-PREP = { $service_alias } : { $worker_alias } aimerait parler avec vous des semaines à venir. Quel moment vous convient pour un appel ?
    .morning = Le matin
    .afternoon = L’après-midi
    .evening = Le soir
    .not_now = Pas maintenant
FAM-HOW = Comment cela se passe-t-il cette semaine ?
    .fine = Bien
    .so_so = Moyennement
    .call_me = Appelez-moi
GOODNEWS = Bonne nouvelle : une étape est terminée. Vous pourrez en parler lors de votre prochain échange.
    .nice = Cela fait plaisir
MEN-CARE = Un mot pour vous : comment vivez-vous votre rôle de soutien en ce moment ?
    .good = Bien
    .heavy = C’est lourd
    .call_me = Appelez-moi
MEN-END = La période convenue touche à sa fin. { $worker_alias } préparera avec vous une belle façon de conclure.
    .ok = D’accord
    .call_me = Appelez-moi

## Rendez-vous et réunions

APPT-7 = { $service_alias } : vous avez un rendez-vous le { $weekday } { $date } à { $time }. Savez-vous comment vous y rendre ?
    .yes = Oui
    .not_yet = Pas encore
    .need_help = J’ai besoin d’aide
APPT-3 = { $service_alias } : votre rendez-vous est dans trois jours, { $weekday } à { $time }. Si vous ne savez pas où, appuyez sur « Appelez-moi ».
    .there = J’y serai
    .cant = Je ne peux pas venir
    .call_me = Appelez-moi
APPT-1 = { $service_alias } : demain à { $time }. Si vous ne pouvez pas venir, appuyez maintenant. L’heure reste la même tant que nous n’en avons pas confirmé une autre.
    .there = J’y serai
    .cant = Je ne peux pas venir
    .need_help = J’ai besoin d’aide
APPT-MISSED = Le rendez-vous d’aujourd’hui n’a pas eu lieu. Cela peut arriver. Appuyez pour une autre date, ou dites-nous ce qui a gêné.
    .new_time = Une autre date
    .call_me = Appelez-moi
APPT-MOVED = L’heure a changé. Nouveau moment : { $weekday } { $date } à { $time }. Pardon pour le dérangement.
    .ok = D’accord
    .cant = Je ne peux pas
APPT-OFF = Le rendez-vous du { $weekday } { $date } à { $time } ne tient plus. { $worker_alias } va vous appeler pour en fixer un autre. Pardon pour le dérangement.
    .ok = D’accord
    .call_me = Appelez-moi
CIR-INV = Le groupe se réunit le { $weekday } { $date } à { $time }. Pouvez-vous y participer ?
    .come = Je viens
    .by_phone = Par téléphone
    .cant = Je ne peux pas

## Lire et répondre dans l'application

SUM-ASK = Une petite question vous attend dans l’application. Merci d’y répondre au plus tard le { $date }.
    .open = Ouvrir
    .not_possible = Pas possible
SUM-READ = { $worker_alias } aimerait lire avec vous un texte qui parle de vous, pour que vous puissiez le corriger. Quel jour vous convient ?
    .today = Aujourd’hui
    .tomorrow = Demain
    .call_me = Appelez-moi
TASKS = { $n ->
        [one] { $n } tâche est à faire aujourd’hui. Ouvrez l’application pour la voir.
       *[other] { $n } tâches sont à faire aujourd’hui. Ouvrez l’application pour les voir.
    }
    .open = Ouvrir
UNPL = Tâche urgente dans l’application. Ouvrez-la maintenant ou appelez le { $duty_phone }.
    .taken = Je m’en occupe
    .cant = Je ne peux pas

## Ce que le chat répond

NOTED = Merci, c’est noté. Vous pouvez revenir sur cette réponse pendant dix minutes.
    .undo = Annuler ma réponse
UNDONE = Votre dernière réponse est annulée. Vous pouvez répondre à nouveau.
UNDO-LATE = Cette réponse est maintenant gardée. Si quelque chose n’est pas juste, { $worker_alias } peut la changer avec vous.
    .call_me = Appelez-moi
LATE = Merci. Votre réponse compte toujours, et { $worker_alias } la verra.
CANT-PENDING = Merci de nous l’avoir dit. L’heure reste la même tant que nous n’en avons pas confirmé une autre. { $worker_alias } va vous appeler.
    .call_me = Appelez-moi
HELP = Merci de nous écrire. { $worker_alias } est au courant et va vous appeler. Que souhaitez-vous faire d’autre ici ?
    .language = Langue
    .quiet_hours = Heures calmes
    .why = Pourquoi ces messages
    .stop = Arrêter
HELP-COMING = Merci d’avoir demandé. { $worker_alias } est au courant et va vous appeler.
WHY-M = Vous recevez des rappels ici parce que vous soutenez quelqu’un. Ce que le service sait de vous vaut jusqu’au { $date }. Quand c’est trop, appelez { $human_alias }. Vous pouvez arrêter ces messages à tout moment.
    .stop = Arrêter
CARE-COMING = Merci de le dire. { $human_alias } est au courant et va vous appeler.
WHY = Vous recevez des rappels ici parce que vous les avez acceptés. Vous pouvez les arrêter à tout moment, et rien d’autre ne change.
    .stop = Arrêter
WHOSE = Lequel de ces mots votre message concerne-t-il ? Appuyez sur l’un d’eux.
    .not_sure = Je ne sais pas
FREETEXT = Merci. Une personne lira ce message d’ici { $next_open }. Merci de ne pas envoyer ici de noms, de papiers ni de détails privés.
    .call_me = Appelez-moi
    .need_help_now = Aide tout de suite
OOH = Personne ne lit les messages ici avant { $next_open }. Urgence : { $duty_phone }. Danger : { $emergency_number }.
NOT-KEPT = Merci. Ce que vous avez écrit n’a pas été gardé : une personne vous appellera d’ici { $next_open }. Danger : { $emergency_number }.
UNREAD = Personne ne lit les messages ici, et aucun n’est gardé. Urgence : { $duty_phone }. Danger : { $emergency_number }. Que souhaitez-vous faire ici ?
    .language = Langue
    .quiet_hours = Heures calmes
    .why = Pourquoi ces messages
    .stop = Arrêter
NO-FILES = Les images, les fichiers, la voix et les lieux ne s’ouvrent pas ici. Écrivez quelques mots, ou demandez un appel.
    .call_me = Appelez-moi
BUTTON-OLD = Ce bouton ne sert plus. Utilisez le message le plus récent, ou demandez un appel.
    .call_me = Appelez-moi
CRISIS = Je suis un service automatique et je ne peux pas aider vite. Si quelqu’un est en danger, appelez maintenant le { $emergency_number }. Pour parler à quelqu’un : { $crisis_line }. { $duty_alias } est au courant et va vous appeler bientôt.
    .call_me_now = Appelez-moi maintenant
    .safe = Je suis en sécurité
CRISIS-NODUTY = Je suis un service automatique et je ne peux pas aider vite. Si quelqu’un est en danger, appelez maintenant le { $emergency_number }. Pour parler à quelqu’un : { $crisis_line }. Une personne lira ce message { $next_open }.
    .call_me = Appelez-moi
    .safe = Je suis en sécurité
CRISIS-QUIET = Merci. Une personne lira ce message d’ici { $next_open }.
    .ok = D’accord

## Réglages, pause et fin

# Chaque langue se nomme elle-même, de la même façon dans tous les fichiers.
LANGUAGE = Quelle langue préférez-vous ?
    .en = English
    .fr = Français
LANGUAGE-OK = À partir de maintenant, les messages sont en français.
QUIET = Quand pouvons-nous vous écrire ? Appuyez sur ce qui vous convient.
    .not_before_ten = Pas avant 10:00
    .not_after_six = Pas après 18:00
    .not_friday_noon = Pas vendredi 11:30-14:30
    .ten_to_four = 10:00 à 16:00 seulement
    .any_time = À toute heure
QUIET-OK = Merci, ces heures sont notées. Vous pouvez les changer à tout moment.
STOP-OK = Les messages sont arrêtés. Votre accompagnement reste le même. Votre équipe le sait et passera par le moyen que vous préférez. Écrivez START pour reprendre.
START-OK = Merci. Les messages reprennent à partir de maintenant. Vous pouvez écrire STOP à tout moment.
PAUSE = Les rappels sont en pause jusqu’au { $date }.
    .start_again = Reprendre
CLOSE = Le travail du groupe est terminé. Merci. Votre conversation sera déconnectée le { $date }.
    .ok = D’accord
CLOSE-F = Merci pour tout. Les rappels s’arrêtent le { $date }. Vous pouvez nous demander de voir ou d’effacer ce que nous gardons sur vous.
    .show_me = Voir
    .delete = Effacer
    .ok = D’accord
DELETE-ASK = Faut-il effacer ce que nous gardons sur vous ? Rien ne pourra être récupéré.
    .yes_delete = Oui, effacer
    .keep = Garder
