-- Persons who may be the same human, for a person to decide (crm contract section 4, invariant 4).

-- What a person is matched by, folded, a row each: an equality on a plain column keeps its index under row security, and an
-- operator on an array does not.
CREATE TABLE person_key (
    organisation_id uuid NOT NULL,
    key             text NOT NULL,
    person_id       uuid NOT NULL,
    PRIMARY KEY (organisation_id, key, person_id),
    FOREIGN KEY (organisation_id, person_id) REFERENCES person (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX person_key_of_person ON person_key (organisation_id, person_id);
SELECT hub_protect('person_key');

-- An e-mail matches by itself, a telephone number together with the last name. Names alone never match.
CREATE FUNCTION hub_note_person_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    WITH wanted AS (
        SELECT n.organisation_id, n.id, 'email:' || lower(e.email) AS key
        FROM changed n
        CROSS JOIN LATERAL unnest(n.emails) AS e (email)
        WHERE e.email <> ''
        UNION
        SELECT n.organisation_id, n.id, 'phone:' || p.phone || ' ' || lower(n.last_name)
        FROM changed n
        CROSS JOIN LATERAL unnest(n.phones_e164) AS p (phone)
        WHERE p.phone <> '' AND n.last_name <> ''
    ), gone AS (
        DELETE FROM person_key k
        USING changed n
        WHERE k.organisation_id = n.organisation_id AND k.person_id = n.id
          AND NOT EXISTS (SELECT FROM wanted w WHERE w.organisation_id = k.organisation_id AND w.id = k.person_id AND w.key = k.key)
    )
    INSERT INTO person_key (organisation_id, key, person_id)
    SELECT w.organisation_id, w.key, w.id
    FROM wanted w
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_note_person_keys() FROM PUBLIC;
CREATE TRIGGER person_keys_of_new AFTER INSERT ON person
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION hub_note_person_keys();
CREATE TRIGGER person_keys_of_changed AFTER UPDATE ON person
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION hub_note_person_keys();

-- Two persons, the older one first. A pair is proposed once: one that was rejected is never proposed again.
CREATE TABLE person_proposal (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    person_id       uuid NOT NULL,
    other_id        uuid NOT NULL,
    reason          text NOT NULL CONSTRAINT person_proposal_reason CHECK (reason IN ('EMAIL', 'PHONE_AND_NAME')),
    state           text NOT NULL DEFAULT 'OPEN' CONSTRAINT person_proposal_state CHECK (state IN ('OPEN', 'ACCEPTED', 'REJECTED')),
    raised_at       timestamptz NOT NULL DEFAULT now(),
    decided_at      timestamptz,
    decided_by      text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT person_proposal_pair UNIQUE (organisation_id, person_id, other_id),
    FOREIGN KEY (organisation_id, person_id) REFERENCES person (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, other_id) REFERENCES person (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX person_proposal_other ON person_proposal (organisation_id, other_id);
CREATE INDEX person_proposal_open ON person_proposal (organisation_id, raised_at DESC, id DESC) WHERE state = 'OPEN';
SELECT hub_protect('person_proposal');

-- The keys are looked up in every batch of an import too.
CREATE OR REPLACE FUNCTION hub_analyze_customers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE customer, customer_address, office, person, person_key, contact, link, link_base, link_part, provenance, run_item;
END
$$;
