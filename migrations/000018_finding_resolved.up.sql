-- Who said that a finding is settled, and why; both are empty where the next reading showed it no more.
ALTER TABLE finding
    ADD COLUMN resolved_by text NOT NULL DEFAULT '',
    ADD COLUMN note        text NOT NULL DEFAULT '';
