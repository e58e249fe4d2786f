-- The number series that a system gives customers' numbers by, as it told them last: [{"name", "prefix", "next"}] (R90, R91).
ALTER TABLE system ADD COLUMN series jsonb NOT NULL DEFAULT '[]';

-- When a system was started for the first time, and how much of it an organisation used in a month: vendors' integrations are chargeable, and
-- accounting firms pass the charge on (R61). Months are Helsinki's.
ALTER TABLE system ADD COLUMN started_at timestamptz;
UPDATE system s
SET started_at = coalesce(s.fresh_at, s.updated_at)
WHERE s.state IN ('RUNNING', 'PAUSED') OR s.fresh_at IS NOT NULL;

CREATE TABLE system_usage (
    organisation_id uuid NOT NULL,
    system_id       uuid NOT NULL,
    month           date NOT NULL CONSTRAINT system_usage_month CHECK (extract(day FROM month) = 1),
    -- Records that were new or had changed in the system, calls that changed something there, and messages that it sent by itself.
    taken           bigint NOT NULL DEFAULT 0,
    sent            bigint NOT NULL DEFAULT 0,
    messages        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, system_id, month),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('system_usage');

-- A first run that makes customers in a system which has some already needs somebody who says so (flex contract section 6).
ALTER TABLE plan ADD COLUMN into_used boolean NOT NULL DEFAULT false;
