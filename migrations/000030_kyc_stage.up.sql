-- What the due-diligence service calls the state itself, the contact person as it has it, and its own count of what it said: a lower
-- one is older, whenever it arrives.
ALTER TABLE kyc_status
    ADD COLUMN stage    text NOT NULL DEFAULT '',
    ADD COLUMN person   jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN revision integer NOT NULL DEFAULT 0;
