-- When the last look at a record by itself began whose values the hub has: with the system's last complete look, it says how new what
-- the hub knows of the record is. NULL where the record was only ever read together with all others.
ALTER TABLE link ADD COLUMN looked_at timestamptz;
