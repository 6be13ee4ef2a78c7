"""How the jobs find what an old backup brought back of somebody whose key is destroyed."""

# Whatever `end_what_goes_on` ends: of a plan that was over before the backup some comes back too.
OF_THE_ERASED = """
SELECT DISTINCT p.person AS id FROM subject_key k JOIN plan p ON p.person = k.id
 WHERE k.wrapped IS NULL AND (p.state <> 'closed' OR p.closed_at IS NULL
    OR EXISTS (SELECT 1 FROM mandate m WHERE m.plan = p.id AND (m.ends IS NULL OR m.ends > $1))
    OR EXISTS (SELECT 1 FROM link l WHERE l.plan = p.id AND (l.state <> 'ended'
               OR coalesce(l.token, l.pin, l.chat, l.chat_index) IS NOT NULL))
    OR EXISTS (SELECT 1 FROM task t WHERE t.plan = p.id AND t.closed_at IS NULL)
    OR EXISTS (SELECT 1 FROM court_file c WHERE c.plan = p.id AND c.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM message s WHERE s.plan = p.id
                  AND (s.variables IS NOT NULL OR s.state = 'queued'))
    OR EXISTS (SELECT 1 FROM safety_flag f WHERE f.plan = p.id
                  AND (f.lowered_at IS NULL OR f.kept_from IS NOT NULL))
    OR EXISTS (SELECT 1 FROM protected_address a WHERE a.plan = p.id AND a.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM wall w WHERE w.person = p.person AND w.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM entry_pass e WHERE e.plan = p.id AND e.ended_at IS NULL)
    OR EXISTS (SELECT 1 FROM complaint c JOIN task t ON t.subject = c.id
                WHERE c.person = p.person AND t.kind = 'complaint-due' AND t.closed_at IS NULL)
    OR EXISTS (SELECT 1 FROM incident i
                WHERE coalesce(i.description, i.outcome) IS NOT NULL
                  AND i.touched && (ARRAY[p.id, p.person] || ARRAY(
                      SELECT b.id FROM member b WHERE b.plan = p.id))))
 ORDER BY 1 LIMIT $2"""
# The database says which plans: by the names of a circle that has no keys any more.
OF_THEIR_CHOICE = """
SELECT id FROM plan WHERE $1::timestamptz IS NOT NULL
   AND id IN (SELECT plans_to_thin_again()) ORDER BY id LIMIT $2"""
