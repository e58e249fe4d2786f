-- Findings are listed, newest first; mostly those that stand.
CREATE INDEX finding_recent ON finding (organisation_id, raised_at DESC, id DESC);
CREATE INDEX finding_standing ON finding (organisation_id, raised_at DESC, id DESC) WHERE resolved_at IS NULL;
