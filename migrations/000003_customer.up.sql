-- The canonical customer with everything that hangs on it.

CREATE TABLE customer (
    organisation_id    uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id                 uuid NOT NULL,
    -- version counts changes of canonical fields; field_versions has the version at which a field last changed, where
    -- that is not the first. change_no is the number of the newest change row about this customer, of any kind.
    version            integer NOT NULL DEFAULT 1,
    field_versions     jsonb NOT NULL DEFAULT '{}',
    change_no          integer NOT NULL DEFAULT 0,
    number             text NOT NULL DEFAULT '',
    kind               text NOT NULL CONSTRAINT customer_kind CHECK (kind IN ('PRIVATE', 'COMPANY')),
    status             text NOT NULL CONSTRAINT customer_status CHECK (status IN ('ACTIVE', 'INACTIVE', 'MERGED', 'ERASED')),
    name               text NOT NULL DEFAULT '',
    name_extension     text NOT NULL DEFAULT '',
    first_name         text NOT NULL DEFAULT '',
    last_name          text NOT NULL DEFAULT '',
    business_id        text NOT NULL DEFAULT '',
    business_id_valid  boolean NOT NULL DEFAULT false,
    vat_number         text NOT NULL DEFAULT '',
    buyer_unit_number  text NOT NULL DEFAULT '',
    email              text NOT NULL DEFAULT '',
    phone              text NOT NULL DEFAULT '',
    phone_e164         text NOT NULL DEFAULT '',
    language           text NOT NULL DEFAULT '',
    billing_emails     text[] NOT NULL DEFAULT '{}',
    consumer_einvoice  boolean NOT NULL DEFAULT false,
    einvoice_address   text NOT NULL DEFAULT '',
    einvoice_operator  text NOT NULL DEFAULT '',
    einvoice_kind      text NOT NULL DEFAULT '',
    -- Stored forms for ordering and searching: the collation key of the name by Finnish rules, so that the order does not
    -- hang on the locale of the server, and the words people search by, folded.
    name_sort          bytea NOT NULL,
    search_text        text NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id)
);
-- Numbers and business IDs are not unique: vendors allow doubles, and the hub shows them rather than losing one.
CREATE INDEX customer_by_name ON customer (organisation_id, name_sort, id);
CREATE INDEX customer_by_number ON customer (organisation_id, number, id);
CREATE INDEX customer_by_business_id ON customer (organisation_id, business_id) WHERE business_id <> '';
SELECT hub_protect('customer');

CREATE TABLE customer_address (
    organisation_id uuid NOT NULL,
    customer_id     uuid NOT NULL,
    kind            text NOT NULL CONSTRAINT customer_address_kind CHECK (kind IN ('BILLING', 'VISITING', 'DELIVERY')),
    name            text NOT NULL DEFAULT '',
    line1           text NOT NULL DEFAULT '',
    line2           text NOT NULL DEFAULT '',
    postcode        text NOT NULL DEFAULT '',
    city            text NOT NULL DEFAULT '',
    country         text NOT NULL DEFAULT '',
    derived         boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organisation_id, customer_id, kind),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('customer_address');

CREATE TABLE office (
    organisation_id   uuid NOT NULL,
    id                uuid NOT NULL,
    customer_id       uuid NOT NULL,
    name              text NOT NULL DEFAULT '',
    identifier        text NOT NULL DEFAULT '',
    phone             text NOT NULL DEFAULT '',
    phone_e164        text NOT NULL DEFAULT '',
    billing_emails    text[] NOT NULL DEFAULT '{}',
    address_name      text NOT NULL DEFAULT '',
    line1             text NOT NULL DEFAULT '',
    line2             text NOT NULL DEFAULT '',
    postcode          text NOT NULL DEFAULT '',
    city              text NOT NULL DEFAULT '',
    country           text NOT NULL DEFAULT '',
    einvoice_address  text NOT NULL DEFAULT '',
    einvoice_operator text NOT NULL DEFAULT '',
    einvoice_kind     text NOT NULL DEFAULT '',
    active            boolean NOT NULL DEFAULT true,
    PRIMARY KEY (organisation_id, id),
    -- The key that contacts point at, so that a contact's office is always one of the same customer (invariant 1).
    CONSTRAINT office_of_customer UNIQUE (organisation_id, customer_id, id),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('office');

CREATE TABLE person (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    first_name      text NOT NULL DEFAULT '',
    last_name       text NOT NULL DEFAULT '',
    language        text NOT NULL DEFAULT '',
    emails          text[] NOT NULL DEFAULT '{}',
    phones          text[] NOT NULL DEFAULT '{}',
    phones_e164     text[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id),
    CONSTRAINT person_phones CHECK (cardinality(phones) = cardinality(phones_e164))
);
SELECT hub_protect('person');

-- What differs from customer to customer stands on the contact, not on the person (R184).
CREATE TABLE contact (
    organisation_id uuid NOT NULL,
    customer_id     uuid NOT NULL,
    person_id       uuid NOT NULL,
    office_id       uuid,
    roles           text[] NOT NULL DEFAULT '{}',
    title           text NOT NULL DEFAULT '',
    is_default      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organisation_id, customer_id, person_id),
    CONSTRAINT contact_roles CHECK (roles <@ ARRAY['GENERAL', 'KYC', 'BILLING']),
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, person_id) REFERENCES person (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT contact_office FOREIGN KEY (organisation_id, customer_id, office_id)
        REFERENCES office (organisation_id, customer_id, id) ON DELETE SET NULL (office_id)
);
CREATE INDEX contact_of_person ON contact (organisation_id, person_id);
CREATE INDEX contact_at_office ON contact (organisation_id, customer_id, office_id) WHERE office_id IS NOT NULL;
CREATE UNIQUE INDEX contact_one_default ON contact (organisation_id, customer_id) WHERE is_default;
SELECT hub_protect('contact');
