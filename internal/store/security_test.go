package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/customer"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/store"
)

// open are the tables without organisation data, each with the reason.
var open = map[string]string{
	"lane_ticket": "it names lanes and waits, and nothing of an organisation (Promise 10)",
	"lane":        "its key is a hash of what may be called once at a time, whatever the organisation (Promise 10)",
}

// table is a table of organisation data, and the column that says whose a row is.
type table struct {
	Name   string
	Column string // empty for api_key, whose rows are reached through api_key_organisation
}

// tables are all tables of the database but the open ones and those of the migrations, from the catalogue, so that a new
// one cannot be forgotten.
func tables(t *testing.T, db *pgtest.DB) []table {
	t.Helper()
	rows, err := db.Owner.Query(t.Context(), `
		SELECT c.relname, coalesce((
		  SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organisation_id'),
		  CASE WHEN c.relname = 'organisation' THEN 'id' ELSE '' END)
		FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public'
		ORDER BY c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(x table) bool { return open[x.Name] != "" || strings.Contains(x.Name, "migration") })
}

// samples are values of the types that columns have.
var samples = map[string]string{
	"uuid": "gen_random_uuid()", "text": "'x'", "integer": "1", "bigint": "1", "boolean": "true", "jsonb": "'{}'", "bytea": `'\x00'`,
	"timestamp with time zone": "now()", "interval": "'1 s'", "text[]": "'{}'", "date": "current_date", "numeric": "1", "smallint": "1",
	"double precision": "1", "uuid[]": "'{}'", "integer[]": "'{}'",
}

// fill puts one row of the organisation into every table, whatever the table is for. Constraints between values and tables are
// taken away first; row security is what is looked at here.
func fill(t *testing.T, db *pgtest.DB, all []table, org, key string) {
	t.Helper()
	ctx := t.Context()
	rows, err := db.Owner.Query(ctx, `
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
		FROM pg_constraint
		WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 0`)
	if err != nil {
		t.Fatal(err)
	}
	drops, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, drop := range drops {
		if _, err := db.Owner.Exec(ctx, drop); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range all {
		rows, err := db.Owner.Query(ctx, `
			SELECT attname, format_type(atttypid, NULL)
			FROM pg_attribute
			WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''`, x.Name)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Type string }])
		if err != nil {
			t.Fatal(err)
		}
		var names, values []string
		for _, c := range columns {
			value, ok := samples[c.Type]
			switch {
			case c.Name == x.Column:
				value = "'" + org + "'"
			case x.Name == "api_key" && c.Name == "id", x.Name == "api_key_organisation" && c.Name == "key_id":
				value = "'" + key + "'"
			case !ok:
				t.Fatalf("the test has no sample of type %s (%s.%s)", c.Type, x.Name, c.Name)
			}
			names, values = append(names, c.Name), append(values, value)
		}
		insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", x.Name, strings.Join(names, ", "), strings.Join(values, ", "))
		if _, err := db.Owner.Exec(ctx, insert); err != nil {
			t.Fatalf("%s: %v", insert, err)
		}
	}
}

func TestRowSecurity(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	all := tables(t, db)
	if len(all) < 15 {
		t.Fatalf("only %d tables were found", len(all))
	}
	mine, stranger, key := store.NewID(), store.NewID(), store.NewID()
	fill(t, db, all, mine, key)

	// in runs fn as the application would, in an organisation or in none, and takes everything back.
	in := func(t *testing.T, org string, fn func(ctx context.Context, tx pgx.Tx)) {
		t.Helper()
		body := func(ctx context.Context, tx pgx.Tx) error {
			fn(ctx, tx)
			return pgx.ErrTxClosed
		}
		if org == "" {
			_ = pg.InNoOrganisation(t.Context(), db.App, pg.TxOptions{}, body)
			return
		}
		_ = pg.InOrganisation(t.Context(), db.App, org, pg.TxOptions{}, body)
	}
	// try runs a statement in a savepoint and gives how many rows it touched, and the error's state.
	try := func(ctx context.Context, t *testing.T, tx pgx.Tx, sql string) (int64, string) {
		t.Helper()
		inner, err := tx.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = inner.Rollback(ctx) }()
		tag, err := inner.Exec(ctx, sql)
		if err != nil && pg.SQLState(err) == "" {
			t.Fatal(err)
		}
		return tag.RowsAffected(), pg.SQLState(err)
	}

	for _, x := range all {
		t.Run(x.Name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			var enabled, forced bool
			if err := db.Owner.QueryRow(ctx, `SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = $1::regclass`, x.Name).
				Scan(&enabled, &forced); err != nil || !enabled || !forced {
				t.Fatalf("Promise7: row security is enabled %v and forced %v, %v", enabled, forced, err)
			}
			column := x.Column
			if column == "" {
				column = "name"
			}
			in(t, mine, func(ctx context.Context, tx pgx.Tx) {
				if n, state := try(ctx, t, tx, "SELECT FROM "+x.Name); n != 1 || state != "" {
					t.Errorf("its own organisation sees %d rows (%s)", n, state)
				}
			})
			for who, org := range map[string]string{"another organisation": stranger, "no organisation": ""} {
				in(t, org, func(ctx context.Context, tx pgx.Tx) {
					for _, sql := range []string{
						"SELECT FROM " + x.Name,
						"UPDATE " + x.Name + " SET " + column + " = " + column,
						"DELETE FROM " + x.Name,
					} {
						if n, state := try(ctx, t, tx, sql); n != 0 || state != "" && state != "42501" {
							t.Errorf("%s: %s touches %d rows (%s)", who, sql, n, state)
						}
					}
					if x.Column == "" {
						return
					}
					// Policies are checked before any other constraint, so no other value is needed.
					insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES ('%s')", x.Name, x.Column, mine)
					if _, state := try(ctx, t, tx, insert); state != "42501" {
						t.Errorf("%s may insert a row of the organisation (%s)", who, state)
					}
				})
			}
			in(t, mine, func(ctx context.Context, tx pgx.Tx) {
				if x.Column == "" || x.Column == "id" {
					return
				}
				give := fmt.Sprintf("UPDATE %s SET %s = '%s'", x.Name, x.Column, stranger)
				if n, state := try(ctx, t, tx, give); n != 0 || state != "42501" {
					t.Errorf("a row can be given to another organisation: %d rows (%s)", n, state)
				}
			})
		})
	}
	t.Run("OpenTablesAreNamed", func(t *testing.T) {
		t.Parallel()
		for name, reason := range open {
			var has bool
			err := db.Owner.QueryRow(t.Context(),
				`SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'organisation_id')`, name).Scan(&has)
			if err != nil || has || reason == "" {
				t.Errorf("%s has organisation data: %v, %v", name, has, err)
			}
		}
	})
	t.Run("TheApplicationOwnsNothingAndMayNotTruncate", func(t *testing.T) {
		t.Parallel()
		var n int
		err := db.App.QueryRow(t.Context(), `
			SELECT count(*)
			FROM pg_class c
			WHERE c.relnamespace = 'public'::regnamespace
			  AND (pg_has_role(current_user, c.relowner, 'MEMBER')
			    OR c.relkind IN ('r', 'p') AND has_table_privilege(current_user, c.oid, 'TRUNCATE, TRIGGER, REFERENCES'))`).Scan(&n)
		if err != nil || n != 0 {
			t.Errorf("%d things are open to the application, %v", n, err)
		}
	})
}

func TestDefinerFunctions(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	t.Run("PinTheirSearchPathAndAreNotPublic", func(t *testing.T) {
		t.Parallel()
		rows, err := db.Owner.Query(t.Context(), `
			SELECT p.proname, coalesce(array_to_string(p.proconfig, ','), ''), p.proacl IS NULL OR p.proacl::text ~ '[{,]=X'
			FROM pg_proc p
			LEFT JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'
			WHERE p.pronamespace = 'public'::regnamespace AND d.objid IS NULL AND (p.prosecdef OR p.proname LIKE 'hub%' AND p.prorettype <> 'trigger'::regtype)
			ORDER BY p.proname`)
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
			Name, Config string
			Public       bool
		}])
		if err != nil || len(found) < 5 {
			t.Fatalf("got %v, %v", found, err)
		}
		for _, f := range found {
			if f.Public {
				t.Errorf("anybody may call %s", f.Name)
			}
			if f.Name != "hub_protect" && !strings.HasPrefix(f.Config, "search_path=public, pg_temp") {
				t.Errorf("%s runs with search path %q", f.Name, f.Config)
			}
		}
	})
	t.Run("TheSearchPinsTheOrganisation", func(t *testing.T) {
		t.Parallel()
		ctx := t.Context()
		mine, stranger := newOrganisation(t, db, "Mine"), newOrganisation(t, db, "Stranger")
		c := newCustomer("Etsitty Oy")
		c.Contacts = []customer.Contact{{CustomerID: c.ID, Person: customer.Person{ID: customer.PersonID(store.NewID()), LastName: "Etsitty"}}}
		mine.do(t, func(ctx context.Context, tx pgx.Tx) error { return store.SaveCustomers(ctx, tx, customers(c)) })
		search := func(tx pgx.Tx) (n int) {
			err := tx.QueryRow(ctx, `SELECT
				(SELECT count(*) FROM hub_find_customers('{"words": ["etsitty"]}')) + (SELECT count(*) FROM hub_find_people('{"words": ["etsitty"], "limit": 9}'))
				+ hub_count_customers('{"words": ["etsitty"]}') + hub_count_people('{"words": ["etsitty"]}')`).Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		mine.do(t, func(_ context.Context, tx pgx.Tx) error {
			if n := search(tx); n != 4 {
				t.Errorf("its organisation finds %d", n)
			}
			return nil
		})
		stranger.do(t, func(_ context.Context, tx pgx.Tx) error {
			if n := search(tx); n != 0 {
				t.Errorf("another organisation finds %d", n)
			}
			return nil
		})
		err := pg.InNoOrganisation(ctx, db.App, pg.TxOptions{}, func(_ context.Context, tx pgx.Tx) error {
			if n := search(tx); n != 0 {
				t.Errorf("without an organisation %d are found", n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("TheSearchTakesPatternsAsValues", func(t *testing.T) {
		t.Parallel()
		mine := newOrganisation(t, db, "Quoting")
		mine.do(t, func(ctx context.Context, tx pgx.Tx) error {
			for _, words := range [][]string{{"'; DROP TABLE customer; --"}, {"$1"}, {"a", "b", "c", "d", "e", "f", "g", "h"}, {`\`}} {
				if _, err := store.MatchCustomers(ctx, tx, store.CustomerFilter{Words: words}); err != nil && pg.SQLState(err) != "22025" {
					t.Errorf("%q: %v", words, err)
				}
			}
			return nil
		})
	})
}
