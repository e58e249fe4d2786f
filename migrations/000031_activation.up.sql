-- How far systems are that are taken into use in steps on their own side, as those last said; and the runs that take the steps.
ALTER TABLE system ADD COLUMN activation jsonb;
ALTER TABLE run DROP CONSTRAINT run_kind;
ALTER TABLE run ADD CONSTRAINT run_kind CHECK (kind IN
    ('FIRST_IMPORT', 'POLL', 'SWEEP', 'CHECK', 'PLAN', 'APPLY', 'CERTIFY', 'UNDO', 'CREDENTIAL', 'SUBMIT', 'PAUSE'));
