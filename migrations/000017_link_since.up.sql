-- Since when a link is in its state, which an explanation tells. Until it changes for the first time, since it was made.
ALTER TABLE link ADD COLUMN since timestamptz NOT NULL DEFAULT now();
UPDATE link SET since = coalesce(last_synced_at, created_at);

CREATE FUNCTION hub_link_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.since := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER link_moved BEFORE UPDATE ON link FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION hub_link_moved();
