package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/migrations"
)

// shape is everything that a migration makes, in words.
func shape(t *testing.T, db *pgtest.DB) []string {
	t.Helper()
	rows, err := db.Owner.Query(t.Context(), `
		SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL
		SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL
		SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL
		SELECT 'policy ' || tablename || ' ' || policyname || ' ' || roles::text || ' ' || cmd || ' ' || coalesce(qual, '') || ' ' || coalesce(with_check, '')
		FROM pg_policies WHERE schemaname = 'public'
		UNION ALL
		SELECT 'function ' || p.oid::regprocedure || ' ' || md5(pg_get_functiondef(p.oid)) || ' ' || coalesce(p.proacl::text, '')
		FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
		UNION ALL
		SELECT 'grant ' || relname || ' ' || relrowsecurity || relforcerowsecurity || ' ' || coalesce(relacl::text, '')
		FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMigrationsUpDownUp(t *testing.T) {
	t.Parallel()
	db := pgtest.NewEmpty(t)
	up := func() {
		t.Helper()
		if _, err := pg.Migrate(t.Context(), db.OwnerURL, migrations.FS, pg.MigrateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	up()
	full := shape(t, db)

	t.Log("each step down and up again leaves what was there")
	for steps := 1; ; steps++ {
		result, err := pg.MigrateDown(t.Context(), db.OwnerURL, migrations.FS, pg.MigrateOptions{Steps: steps})
		if err != nil {
			t.Fatal(err)
		}
		if result.To == 0 {
			break
		}
		up()
		if diff := cmp.Diff(full, shape(t, db)); diff != "" {
			t.Fatalf("after %d steps down and up: %s", steps, diff)
		}
	}
	var left int
	err := db.Owner.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT LIKE '%migration%')
		  + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d things are left when all is undone, %v", left, err)
	}
	up()
	if diff := cmp.Diff(full, shape(t, db)); diff != "" {
		t.Error(diff)
	}
}
