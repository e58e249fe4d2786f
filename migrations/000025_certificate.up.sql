-- A full comparison leaves a certificate behind: what was compared, and what differed. It has the form of a plan that nobody has to
-- approve.
ALTER TABLE plan ADD COLUMN purpose text NOT NULL DEFAULT 'FIRST_RUN' CHECK (purpose IN ('FIRST_RUN', 'CERTIFICATE'));

ALTER TABLE run DROP CONSTRAINT run_kind;
ALTER TABLE run ADD CONSTRAINT run_kind CHECK (kind IN ('FIRST_IMPORT', 'POLL', 'SWEEP', 'CHECK', 'PLAN', 'APPLY', 'CERTIFY'));
