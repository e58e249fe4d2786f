-- The rest of the canonical customer: custom fields, who is responsible, where values came from, and the due-diligence
-- status with its history.

ALTER TABLE customer
    ADD COLUMN responsible_kind        text NOT NULL DEFAULT ''
        CONSTRAINT customer_responsible_kind CHECK (responsible_kind IN ('', 'USER', 'TEAM')),
    ADD COLUMN responsible_system      uuid,
    ADD COLUMN responsible_external_id text NOT NULL DEFAULT '',
    ADD COLUMN responsible_name        text NOT NULL DEFAULT '',
    -- Values of custom fields by key, each in the canonical form of its type.
    ADD COLUMN custom_fields           jsonb NOT NULL DEFAULT '{}';

-- Set when the last contact of a person goes; after a while the person is erased (crm contract section 4, invariant 2).
ALTER TABLE person ADD COLUMN orphaned_at timestamptz;
CREATE INDEX person_orphaned ON person (organisation_id, orphaned_at) WHERE orphaned_at IS NOT NULL;

CREATE FUNCTION hub_contacts_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM gone) THEN
        RETURN NULL; -- most statements delete nothing, and looking for nobody is not free
    END IF;
    UPDATE person p SET orphaned_at = now()
    FROM (SELECT DISTINCT organisation_id, person_id FROM gone) g
    WHERE p.organisation_id = g.organisation_id AND p.id = g.person_id AND p.orphaned_at IS NULL
      AND NOT EXISTS (SELECT FROM contact t WHERE t.organisation_id = p.organisation_id AND t.person_id = p.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER contact_gone AFTER DELETE ON contact
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION hub_contacts_gone();

CREATE FUNCTION hub_contacts_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE person p SET orphaned_at = NULL
    FROM (SELECT DISTINCT organisation_id, person_id FROM came) c
    WHERE p.organisation_id = c.organisation_id AND p.id = c.person_id AND p.orphaned_at IS NOT NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER contact_came AFTER INSERT ON contact
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION hub_contacts_came();

CREATE TABLE custom_field (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    key             text NOT NULL CONSTRAINT custom_field_key CHECK (key ~ '^[a-z][a-z0-9_]{0,49}$'),
    type            text NOT NULL CONSTRAINT custom_field_type CHECK (type IN ('DATE', 'DECIMAL', 'TEXT', 'ENUM')),
    -- UNMAPPED: a system sent it, and no person has said yet what it is.
    state           text NOT NULL CONSTRAINT custom_field_state CHECK (state IN ('ACTIVE', 'INACTIVE', 'UNMAPPED')),
    -- Labels by language, such as {"fi": "Asiakaslähde"}.
    label           jsonb NOT NULL DEFAULT '{}',
    -- Options of an ENUM in their order: [{"code", "label", "active"}].
    options         jsonb NOT NULL DEFAULT '[]',
    source_system   uuid,
    source_id       text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT custom_field_key_once UNIQUE (organisation_id, key)
);
CREATE UNIQUE INDEX custom_field_of_source ON custom_field (organisation_id, source_system, source_id)
    WHERE source_system IS NOT NULL;
SELECT hub_protect('custom_field');

-- Where the values of a customer came from. One row per customer: {"field": {"system", "at", "by", "alternatives"}}, and
-- under "" what holds for every field that has no entry of its own.
CREATE TABLE provenance (
    organisation_id uuid NOT NULL,
    customer_id     uuid NOT NULL,
    fields          jsonb NOT NULL,
    PRIMARY KEY (organisation_id, customer_id),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('provenance');

-- What the due-diligence service has said of a customer. A row for each time it said something else; the newest one is how
-- things are. Nothing here is ever changed, so what was known on a date can be told.
CREATE TABLE kyc_status (
    organisation_id            uuid NOT NULL,
    customer_id                uuid NOT NULL,
    id                         uuid NOT NULL,
    state                      text NOT NULL
        CONSTRAINT kyc_status_state CHECK (state IN ('NOT_SENT', 'CANDIDATE', 'CUSTOMER', 'ENDED', 'REMOVED', 'UNKNOWN')),
    risk_class                 text NOT NULL
        CONSTRAINT kyc_status_risk_class CHECK (risk_class IN ('UNKNOWN', 'LOW', 'STANDARD', 'HIGH')),
    requires_actions           boolean,
    requires_actions_reasons   text[] NOT NULL DEFAULT '{}',
    latest_risk_assessment_on  date,
    due_diligence_expires_on   date,
    notes                      text NOT NULL DEFAULT '',
    -- The values as the service sent them, where the hub does not know them.
    raw                        jsonb NOT NULL DEFAULT '{}',
    source_system              uuid,
    as_of                      timestamptz NOT NULL,
    recorded_at                timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, customer_id, id),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX kyc_status_newest ON kyc_status (organisation_id, customer_id, as_of DESC, id DESC);
SELECT hub_protect('kyc_status');

-- hub_erase_orphans erases persons whom no customer has had as a contact for a while, in all organisations, and gives their
-- number.
CREATE FUNCTION hub_erase_orphans(p_after interval) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM person p
        WHERE p.orphaned_at < now() - p_after
          AND NOT EXISTS (SELECT FROM contact t WHERE t.organisation_id = p.organisation_id AND t.person_id = p.id)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION hub_erase_orphans(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_erase_orphans(interval) TO hub_app;
