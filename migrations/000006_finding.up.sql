-- What a person should know or decide. A finding stands once per record, code and field, however often the record is
-- read; it is resolved when a later reading no longer shows it.

CREATE TABLE finding (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    code            text NOT NULL,
    system_id       uuid,
    customer_id     uuid,
    external_id     text NOT NULL DEFAULT '',
    field           text NOT NULL DEFAULT '',
    message         text NOT NULL,
    raised_at       timestamptz NOT NULL DEFAULT now(),
    resolved_at     timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX finding_stands_once ON finding (organisation_id, system_id, external_id, code, field)
    WHERE resolved_at IS NULL AND system_id IS NOT NULL;
CREATE INDEX finding_of_customer ON finding (organisation_id, customer_id) WHERE customer_id IS NOT NULL;
SELECT hub_protect('finding');
