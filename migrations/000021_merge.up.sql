-- Customers that were merged into others, and what it takes to take a merge back.

-- Of a merged customer: the one that it is now.
ALTER TABLE customer
    ADD COLUMN merged_into uuid,
    ADD CONSTRAINT customer_merged CHECK (merged_into IS NULL OR status = 'MERGED' AND merged_into <> id),
    ADD CONSTRAINT customer_merged_into FOREIGN KEY (organisation_id, merged_into) REFERENCES customer (organisation_id, id);
CREATE INDEX customer_merged_away ON customer (organisation_id, merged_into) WHERE merged_into IS NOT NULL;

-- One row is one merge. It stands until it is taken back, and stays after that.
CREATE TABLE customer_merge (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    kept_id         uuid NOT NULL,
    merged_id       uuid NOT NULL,
    -- The number of the change that the merge was to the kept customer: what has a later one was edited since.
    kept_change_no  integer NOT NULL,
    -- Both customers before the merge and the kept one after it, with links, bases, parts and provenance. It holds personal
    -- data, as the log of changes does, and is erased with it.
    snapshot        jsonb NOT NULL,
    -- What was answered, for a repetition.
    result          jsonb NOT NULL,
    unmerge_result  jsonb,
    merged_by       text NOT NULL,
    merged_at       timestamptz NOT NULL DEFAULT now(),
    unmerged_by     text NOT NULL DEFAULT '',
    unmerged_at     timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, kept_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, merged_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT customer_merge_end CHECK ((unmerged_at IS NULL) = (unmerge_result IS NULL))
);
CREATE UNIQUE INDEX customer_merge_standing ON customer_merge (organisation_id, merged_id) WHERE unmerged_at IS NULL;
CREATE INDEX customer_merge_of_kept ON customer_merge (organisation_id, kept_id, id);
CREATE INDEX customer_merge_of_merged ON customer_merge (organisation_id, merged_id, id);
SELECT hub_protect('customer_merge');
