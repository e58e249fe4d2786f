-- What a run would do, computed without doing it: first runs are planned, approved by somebody, and applied as they were planned
-- (R97-R109, R189). The plan's id is that of the run that made it.
CREATE TABLE plan (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              uuid NOT NULL,
    system_id       uuid NOT NULL,
    mode            text NOT NULL CHECK (mode IN ('IMPORT', 'EXPORT', 'BOTH')),
    state           text NOT NULL CHECK (state IN ('MAKING', 'READY', 'APPROVED', 'APPLYING', 'APPLIED', 'OUTDATED')),
    counts          jsonb NOT NULL DEFAULT '{}',
    actor_kind      text NOT NULL,
    actor_id        text NOT NULL DEFAULT '',
    actor_name      text NOT NULL DEFAULT '',
    made_at         timestamptz NOT NULL DEFAULT now(),
    listed_at       timestamptz,
    cursor          text NOT NULL DEFAULT '',
    approved_by     text NOT NULL DEFAULT '',
    approved_at     timestamptz,
    note            text NOT NULL DEFAULT '',
    apply_run       uuid,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, id) REFERENCES run (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX plan_of_system ON plan (organisation_id, system_id, made_at);
SELECT hub_protect('plan');

-- The steps, in the order in which they are executed. A customer that is gone by then makes its step skipped, so there is no
-- foreign key.
CREATE TABLE plan_step (
    organisation_id uuid NOT NULL,
    plan_id         uuid NOT NULL,
    place           integer NOT NULL,
    action          text NOT NULL,
    side            text NOT NULL,
    external_id     text NOT NULL DEFAULT '',
    customer_id     uuid,
    number          text NOT NULL DEFAULT '',
    business_id     text NOT NULL DEFAULT '',
    name            text NOT NULL DEFAULT '',
    reason          text NOT NULL DEFAULT '',
    changes         jsonb NOT NULL DEFAULT '[]',
    record          text NOT NULL DEFAULT '',
    version         integer NOT NULL DEFAULT 0,
    result          text NOT NULL DEFAULT '',
    why             text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, plan_id, place),
    FOREIGN KEY (organisation_id, plan_id) REFERENCES plan (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX plan_step_by_action ON plan_step (organisation_id, plan_id, action, place);
CREATE INDEX plan_step_by_customer ON plan_step (organisation_id, plan_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX plan_step_by_result ON plan_step (organisation_id, plan_id, result, place) WHERE result <> '';
SELECT hub_protect('plan_step');

ALTER TABLE run DROP CONSTRAINT run_kind;
ALTER TABLE run ADD CONSTRAINT run_kind CHECK (kind IN ('FIRST_IMPORT', 'POLL', 'SWEEP', 'CHECK', 'PLAN', 'APPLY'));

-- A finding about a customer that has no record stands once for that customer, and not once for all of them.
ALTER TABLE finding ADD COLUMN about uuid GENERATED ALWAYS AS (CASE WHEN external_id = '' THEN customer_id END) STORED;
DROP INDEX finding_stands_once;
CREATE UNIQUE INDEX finding_stands_once ON finding (organisation_id, system_id, external_id, code, field, about) NULLS NOT DISTINCT
    WHERE resolved_at IS NULL AND system_id IS NOT NULL;
