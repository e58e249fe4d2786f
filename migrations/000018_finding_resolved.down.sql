ALTER TABLE finding
    DROP COLUMN note,
    DROP COLUMN resolved_by;
