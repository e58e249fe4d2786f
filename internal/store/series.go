package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/finding"
	"customerhub/internal/pg"
	"customerhub/internal/series"
	"customerhub/internal/system"
)

// sqlListSeries takes numbers apart into what stands before the digits and these, and finds those of one giver that lie close together.
// Who gave a number is where the value came from; what a first run would bring, while it waits for its approval, counts as if it were there.
// Watching begins a day after the first number of the giver came, when a first import is over, and goes back so far at most. Longer
// numbers than fit a bigint are nobody's series.
const sqlListSeries = `
WITH known AS (
  SELECT coalesce(origin ->> 'system', '') AS giver, number, (origin ->> 'at')::timestamptz AS at
  FROM (
    SELECT c.number, coalesce(p.fields -> 'number', p.fields -> '') AS origin
    FROM customer c
    JOIN provenance p ON p.customer_id = c.id
    WHERE c.number <> ''
  ) AS held
  UNION ALL
  SELECT p.system_id::text, s.number, p.made_at
  FROM plan p
  JOIN plan_step s ON s.plan_id = p.id
  WHERE p.state IN ('READY', 'APPROVED') AND p.purpose = 'FIRST_RUN' AND s.external_id <> '' AND s.action IN ('CREATE', 'COLLIDE', 'DUPLICATE')
), given AS (
  SELECT giver, at, regexp_replace(number, '[0-9]+$', '') AS prefix, substring(number FROM '[0-9]+$') AS digits
  FROM known
  WHERE number ~ '[0-9]$'
), numbered AS (
  SELECT giver, prefix, digits::bigint AS n, at
  FROM given
  WHERE length(digits) <= 15
), watched AS (
  SELECT giver, greatest(min(at) + interval '1 day', @since) AS since
  FROM numbered
  GROUP BY giver
), stepped AS (
  SELECT giver, prefix, n, at, n - lag(n, 1, n) OVER (PARTITION BY giver, prefix ORDER BY n) > @gap AS leaps
  FROM numbered
), placed AS (
  SELECT giver, prefix, n, at, count(*) FILTER (WHERE leaps) OVER (PARTITION BY giver, prefix ORDER BY n) AS place
  FROM stepped
)
SELECT giver, prefix, min(n) AS first, max(n) AS last, count(*) AS count, since,
  coalesce(max(n) FILTER (WHERE at <= since), min(n)) AS then
FROM placed
JOIN watched USING (giver)
GROUP BY giver, prefix, place, since
HAVING count(*) >= @fewest
ORDER BY giver, prefix, min(n)`

// ListSeries finds the number series of an organisation among the numbers of its customers, with their paces since then.
func ListSeries(ctx context.Context, db pg.DB, since time.Time) ([]series.Series, error) {
	rows, _ := db.Query(ctx, sqlListSeries, pgx.StrictNamedArgs{"since": since, "gap": series.Gap, "fewest": series.Fewest})
	out, err := pgx.CollectRows(rows, pgx.RowToStructByName[series.Series])
	return out, pg.Fault(err, "number series")
}

const sqlSettledSince = `
SELECT DISTINCT f.system_id
FROM finding f
WHERE f.code = @code AND f.system_id IS NOT NULL AND f.resolved_by <> '' AND f.resolved_at > @since`

// ListSettledSince gives the systems about which a person settled a finding of a code since then.
func ListSettledSince(ctx context.Context, db pg.DB, code finding.Code, since time.Time) ([]system.ID, error) {
	rows, _ := db.Query(ctx, sqlSettledSince, pgx.StrictNamedArgs{"code": string(code), "since": since})
	out, err := pgx.CollectRows(rows, pgx.RowTo[system.ID])
	return out, pg.Fault(err, "findings")
}

const sqlEndOfSystems = `
UPDATE finding f
SET resolved_at = now()
WHERE f.code = @code AND f.resolved_at IS NULL AND f.system_id <> ALL (@but)
RETURNING f.id, f.system_id, f.customer_id`

// EndFindings ends the standing findings of a code about systems, but for those about some, and gives them.
func EndFindings(ctx context.Context, db pg.DB, code finding.Code, but []system.ID) ([]NotedFinding, error) {
	rows, _ := db.Query(ctx, sqlEndOfSystems, pgx.StrictNamedArgs{"code": string(code), "but": texts(but)})
	ended, err := pgx.CollectRows(rows, pgx.RowToStructByName[notedRow])
	return noted(ended, nil), pg.Fault(err, "findings")
}
