-- What was told about due diligences that expire, so that it is told once; and how pressing a finding is.

-- A row is an event that was told: this customer's due diligence, which expires on this day, had so many days left or fewer. The key is
-- what makes it once, whatever number of replicas look and however often they are started.
CREATE TABLE kyc_notice (
    organisation_id uuid NOT NULL,
    customer_id     uuid NOT NULL,
    expires_on      date NOT NULL,
    days            integer NOT NULL CONSTRAINT kyc_notice_days CHECK (days >= 0),
    -- The finding that showed it last. It is no foreign key: what was told stays told.
    finding_id      uuid,
    told_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, customer_id, expires_on, days),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('kyc_notice');

-- The last day, by the calendar of Finland, for which all customers of an organisation were looked at. Its lock is the claim.
CREATE TABLE kyc_clock (
    organisation_id uuid PRIMARY KEY REFERENCES organisation (id) ON DELETE CASCADE,
    day             date NOT NULL
);
SELECT hub_protect('kyc_clock');

-- A customer has one such finding at a time.
CREATE UNIQUE INDEX finding_expires_once ON finding (organisation_id, customer_id) WHERE code = 'KYC_EXPIRES' AND resolved_at IS NULL;

-- How pressing a finding is, where that is not the same for all of its code; empty is as its code has it.
ALTER TABLE finding ADD COLUMN severity text NOT NULL DEFAULT ''
    CONSTRAINT finding_severity CHECK (severity IN ('', 'NOTICE', 'WARNING', 'URGENT'));

-- hub_due_kyc_clocks gives the organisations whose customers were not all looked at on the day that it is in Finland at a moment, which
-- is now when it is NULL.
CREATE FUNCTION hub_due_kyc_clocks(p_at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT o.id
    FROM organisation o
    LEFT JOIN kyc_clock k ON k.organisation_id = o.id
    WHERE coalesce(k.day < (coalesce(p_at, now()) AT TIME ZONE 'Europe/Helsinki')::date, true)
    ORDER BY o.id
$$;
REVOKE ALL ON FUNCTION hub_due_kyc_clocks(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_due_kyc_clocks(timestamptz) TO hub_app;
