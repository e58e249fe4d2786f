-- Groups that the hub sent and the system changed again, by name, with how often; null where there are none.
ALTER TABLE link_base ADD COLUMN disputes jsonb;

-- What the two sides held, where a finding is about values that differ.
ALTER TABLE finding
    ADD COLUMN hub_value    text NOT NULL DEFAULT '',
    ADD COLUMN system_value text NOT NULL DEFAULT '';
