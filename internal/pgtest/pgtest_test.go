package pgtest_test

import (
	"testing"
	"time"

	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("GivesEachTestItsOwnDatabase", func(t *testing.T) {
		t.Parallel()
		one, other := pgtest.New(t), pgtest.New(t)
		if one.Name == other.Name {
			t.Fatalf("both are %s", one.Name)
		}
		if _, err := one.Owner.Exec(t.Context(), "CREATE TABLE mine (id int)"); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Owner.Exec(t.Context(), "SELECT FROM mine"); pg.SQLState(err) != "42P01" {
			t.Fatalf("the other database sees the table: %v", err)
		}
	})
	t.Run("AppRoleIsBoundByRowSecurity", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t)
		if err := pg.CheckRole(t.Context(), db.App); err != nil {
			t.Fatal(err)
		}
		if err := pg.CheckRole(t.Context(), db.Owner); err == nil {
			t.Fatal("the owner passes as application role")
		}
	})
}

func BenchmarkNew(b *testing.B) {
	pgtest.New(b)
	start := time.Now()
	for b.Loop() {
		pgtest.New(b)
	}
	b.ReportMetric(float64(time.Since(start).Milliseconds())/float64(b.N), "ms/new")
}
