DROP INDEX finding_stands_once;
UPDATE finding f
SET resolved_at = now()
WHERE f.resolved_at IS NULL AND EXISTS (
    SELECT FROM finding o
    WHERE o.organisation_id = f.organisation_id AND o.system_id = f.system_id AND o.external_id = f.external_id AND o.code = f.code
      AND o.field = f.field AND o.resolved_at IS NULL AND o.id < f.id);
ALTER TABLE finding DROP COLUMN about;
CREATE UNIQUE INDEX finding_stands_once ON finding (organisation_id, system_id, external_id, code, field)
    WHERE resolved_at IS NULL AND system_id IS NOT NULL;

DROP TABLE plan_step;
DROP TABLE plan;
DELETE FROM run WHERE kind IN ('PLAN', 'APPLY');
ALTER TABLE run DROP CONSTRAINT run_kind;
ALTER TABLE run ADD CONSTRAINT run_kind CHECK (kind IN ('FIRST_IMPORT', 'POLL', 'SWEEP', 'CHECK'));
