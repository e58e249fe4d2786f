-- Reports of failures by e-mail: to whom, what has been told, and what stands to be told.

-- Whom the failures of a system are reported to; empty is nobody.
ALTER TABLE system
    ADD COLUMN report_email    text NOT NULL DEFAULT ''
        -- What reaches a mail server is one address and nothing that would begin another line or command.
        CONSTRAINT system_report_email CHECK (report_email = '' OR report_email ~ '^[!-;=?-~]+@[!-;=?-~]+$'),
    ADD COLUMN report_language text NOT NULL DEFAULT 'EN'
        CONSTRAINT system_report_language CHECK (report_language IN ('EN', 'FI', 'SV', 'NB'));

-- The report that tells of the finding; NULL until one does. So findings are the outbox of reports: one that is committed is
-- told, whatever happens in between. It is no foreign key, since reports that were sent are not kept.
ALTER TABLE finding ADD COLUMN report_id uuid;
CREATE INDEX finding_untold ON finding (organisation_id, system_id, code, raised_at)
    WHERE resolved_at IS NULL AND report_id IS NULL;
CREATE INDEX finding_of_report ON finding (organisation_id, report_id) WHERE report_id IS NOT NULL;

-- One row is a recipient of an organisation, whichever of its systems name it: two reports to it lie far enough apart, and one
-- that is not accepted holds up no other.
CREATE TABLE error_report (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    recipient       text NOT NULL CONSTRAINT error_report_recipient CHECK (recipient <> ''),
    -- The report on its way: what it tells is settled, so a repetition after a crash is the same mail. NULL when there is none.
    report_id       uuid,
    made_at         timestamptz,
    sent_at         timestamptz,
    -- Before it nothing is tried: the distance to the last report, or the wait after a failed try.
    next_at         timestamptz,
    attempt         integer NOT NULL DEFAULT 0,
    fault_code      text NOT NULL DEFAULT '',
    fault_message   text NOT NULL DEFAULT '',
    fault_since     timestamptz,
    -- Until when the replica that sends it may; a result that carries an older fence is refused.
    lease_until     timestamptz,
    fence           bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, recipient),
    CONSTRAINT error_report_made CHECK ((report_id IS NULL) = (made_at IS NULL)),
    CONSTRAINT error_report_fault CHECK ((fault_code = '') = (fault_since IS NULL))
);
CREATE INDEX error_report_next ON error_report (next_at);
SELECT hub_protect('error_report');

-- hub_claim_error_report gives a recipient to whom there is something to report, of any organisation, to the caller for a
-- lease. The first finding waits for p_gather, so that what happens together is told together.
CREATE FUNCTION hub_claim_error_report(p_lease interval, p_gather interval, p_codes text[])
RETURNS TABLE (organisation_id uuid, recipient text, fence bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH next AS (
        SELECT r.organisation_id, r.recipient
        FROM error_report r
        WHERE coalesce(r.next_at <= now(), true)
          AND coalesce(r.lease_until < now(), true)
          AND (r.report_id IS NOT NULL OR EXISTS (
              SELECT
              FROM system s
              JOIN finding f ON f.organisation_id = s.organisation_id AND f.system_id = s.id
              WHERE s.organisation_id = r.organisation_id AND s.report_email = r.recipient
                AND f.resolved_at IS NULL AND f.report_id IS NULL AND f.code = ANY (p_codes)
                AND f.raised_at <= now() - p_gather))
        ORDER BY r.next_at NULLS FIRST, r.organisation_id, r.recipient
        LIMIT 1
        FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE error_report r
    SET lease_until = now() + p_lease, fence = r.fence + 1
    FROM next
    WHERE r.organisation_id = next.organisation_id AND r.recipient = next.recipient
    RETURNING r.organisation_id, r.recipient, r.fence;
END
$$;
REVOKE ALL ON FUNCTION hub_claim_error_report(interval, interval, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_claim_error_report(interval, interval, text[]) TO hub_app;

-- hub_forget_recipients removes recipients that no system names any more, once a report to them would be allowed again; before,
-- taking an address away and giving it again would be a way around the distance.
CREATE FUNCTION hub_forget_recipients(p_every interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    DELETE FROM error_report r
    WHERE coalesce(r.sent_at < now() - p_every, true) AND coalesce(r.lease_until < now(), true)
      AND NOT EXISTS (SELECT FROM system s WHERE s.organisation_id = r.organisation_id AND s.report_email = r.recipient);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
REVOKE ALL ON FUNCTION hub_forget_recipients(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_forget_recipients(interval) TO hub_app;
