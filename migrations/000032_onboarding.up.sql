-- What an organisation means to use, and who said so: each row is a choice, and the newest counts.
CREATE TABLE onboarding_profile (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    profile         text NOT NULL CONSTRAINT onboarding_profile_known
                    CHECK (profile IN ('ACCOUNTING_ONLY', 'ACCOUNTING_AND_KYC', 'ACCOUNTING_AND_FLEX', 'EVERYTHING')),
    chosen_by       text NOT NULL,
    chosen_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id)
);
SELECT hub_protect('onboarding_profile');

-- Steps that somebody said do not apply. One that is withdrawn stays, with who withdrew it.
CREATE TABLE onboarding_acknowledgement (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    step            text NOT NULL,
    said_by         text NOT NULL,
    reason          text NOT NULL CONSTRAINT onboarding_acknowledgement_reason CHECK (reason <> ''),
    said_at         timestamptz NOT NULL DEFAULT now(),
    withdrawn_by    text NOT NULL DEFAULT '',
    withdrawn_at    timestamptz,
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX onboarding_acknowledged_once ON onboarding_acknowledgement (organisation_id, step) WHERE withdrawn_at IS NULL;
SELECT hub_protect('onboarding_acknowledgement');
