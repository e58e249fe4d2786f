package store_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
	"customerhub/internal/organisation"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
	"customerhub/internal/store"
	"customerhub/migrations"
)

// aKey is a key that nobody holds; letter tells its hash from others.
func aKey(letter byte, reach ...tenant) store.NewKey {
	k := store.NewKey{
		ID: store.NewID(), Name: "Key", Prefix: fmt.Sprintf("hub_%c", letter), Hash: bytes.Repeat([]byte{letter}, 32),
		Scopes: []string{"customers:read"},
	}
	for _, o := range reach {
		k.Organisations = append(k.Organisations, organisation.ID(o.id))
	}
	return k
}

// createKey makes a key as the operator's command does, outside any organisation.
func createKey(ctx context.Context, db *pgtest.DB, k store.NewKey) error {
	return pg.InNoOrganisation(ctx, db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
		return store.CreateKey(ctx, tx, k)
	})
}

func TestKeysOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	mine, stranger := newOrganisation(t, db, "Mine"), newOrganisation(t, db, "Stranger")
	own, theirs := aKey('a', mine), aKey('b', stranger)
	for _, k := range []store.NewKey{own, theirs} {
		if err := createKey(t.Context(), db, k); err != nil {
			t.Fatal(err)
		}
	}

	for name, tc := range map[string]struct {
		sql   string
		args  []any
		state string // empty when no row is touched
	}{
		"CannotBeTakenIn":                {`INSERT INTO api_key_organisation (key_id) VALUES ($1)`, []any{theirs.ID}, "42501"},
		"CannotTakeTheOwnKeysPlace":      {`UPDATE api_key_organisation SET key_id = $1`, []any{theirs.ID}, "42501"},
		"CannotBeMadeBesideTheFunction":  {`INSERT INTO api_key (id, name, prefix, hash, scopes) VALUES ($1, 'K', 'hub_', '\x00', '{a}')`, []any{store.NewID()}, "42501"},
		"HaveNoReadableHash":             {`SELECT hash FROM api_key`, nil, "42501"},
		"AreNotFoundByTheirHash":         {`SELECT id FROM api_key WHERE hash = $1`, []any{theirs.Hash}, "42501"},
		"AreNotSeen":                     {`SELECT id FROM api_key WHERE id = $1`, []any{theirs.ID}, ""},
		"AreNotRevoked":                  {`UPDATE api_key SET revoked_at = now() WHERE id = $1`, []any{theirs.ID}, ""},
		"CannotBeMadeFromHere":           {`SELECT hub_create_key($1, 'K', 'hub_', $2, '{a}', NULL, ARRAY[$3::uuid])`, []any{store.NewID(), aKey('c').Hash, stranger.id}, "42501"},
		"CannotBeMadeBesideTheOwn":       {`SELECT hub_create_key($1, 'K', 'hub_', $2, '{a}', NULL, ARRAY[$3, $4]::uuid[])`, []any{store.NewID(), aKey('c').Hash, mine.id, stranger.id}, "42501"},
		"CannotBeMadeAnewUnderTheirID":   {`SELECT hub_create_key($1, 'K', 'hub_', $2, '{a}', NULL, ARRAY[$3::uuid])`, []any{theirs.ID, aKey('c').Hash, mine.id}, "23505"},
		"CannotBeMadeAnewUnderTheirHash": {`SELECT hub_create_key($1, 'K', 'hub_', $2, '{a}', NULL, ARRAY[$3::uuid])`, []any{store.NewID(), theirs.Hash, mine.id}, "23505"},
	} {
		t.Run("Promise7_"+name, func(t *testing.T) {
			t.Parallel()
			var rows int64
			err := mine.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				tag, err := tx.Exec(ctx, tc.sql, tc.args...)
				rows = tag.RowsAffected()
				return err
			})
			if pg.SQLState(err) != tc.state || rows != 0 || tc.state == "" && err != nil {
				t.Errorf("touches %d rows, %v", rows, err)
			}
		})
	}
	t.Run("Promise7_AreNotRevokedByTheHub", func(t *testing.T) {
		t.Parallel()
		err := mine.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return store.RevokeKey(ctx, tx, theirs.ID) })
		if fault.CodeOf(err) != fault.NotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Cleanup(func() {
		// Whatever was tried, it is as it was.
		err := pg.InNoOrganisation(context.WithoutCancel(t.Context()), db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			k, err := store.FindKey(ctx, tx, theirs.Hash)
			if err != nil || k == nil || k.Revoked || len(k.Organisations) != 1 || string(k.Organisations[0].ID) != stranger.id {
				t.Errorf("their key is now %+v", k)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	one, other := newOrganisation(t, db, "One"), newOrganisation(t, db, "Other")
	find := func(t *testing.T, k store.NewKey) (found *store.FoundKey) {
		t.Helper()
		err := pg.InNoOrganisation(t.Context(), db.App, pg.TxOptions{}, func(ctx context.Context, tx pgx.Tx) error {
			var err error
			found, err = store.FindKey(ctx, tx, k.Hash)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Run("OneReachesAllItsOrganisationsAtOnce", func(t *testing.T) {
		t.Parallel()
		k := aKey('d', one, other, one) // named twice is reached once
		if err := createKey(t.Context(), db, k); err != nil {
			t.Fatal(err)
		}
		if found := find(t, k); found == nil || len(found.Organisations) != 2 || found.Expired || found.Revoked {
			t.Errorf("found %+v", found)
		}
	})
	t.Run("AnOrganisationMakesItsOwn", func(t *testing.T) {
		t.Parallel()
		k := aKey('e', one)
		one.do(t, func(ctx context.Context, tx pgx.Tx) error { return store.CreateKey(ctx, tx, k) })
		if found := find(t, k); found == nil || len(found.Organisations) != 1 {
			t.Errorf("found %+v", found)
		}
	})
	t.Run("ExpiryCountsByTheClockOfTheDatabase", func(t *testing.T) {
		t.Parallel()
		k := aKey('f', other)
		k.ExpiresIn = 36 * time.Hour
		if err := createKey(t.Context(), db, k); err != nil {
			t.Fatal(err)
		}
		var exact bool
		err := db.Owner.QueryRow(t.Context(), `SELECT expires_at = created_at + interval '36 hours' FROM api_key WHERE id = $1`, k.ID).Scan(&exact)
		if err != nil || !exact {
			t.Errorf("exact %v, %v", exact, err)
		}
	})
	t.Run("RevokingIsForGood", func(t *testing.T) {
		t.Parallel()
		k := aKey('g', one)
		one.do(t, func(ctx context.Context, tx pgx.Tx) error {
			if err := store.CreateKey(ctx, tx, k); err != nil {
				return err
			}
			return store.RevokeKey(ctx, tx, k.ID)
		})
		err := one.try(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE api_key SET revoked_at = NULL WHERE id = $1`, k.ID)
			return err
		})
		if found := find(t, k); pg.SQLState(err) != "42501" || found == nil || !found.Revoked {
			t.Errorf("found %+v, %v", found, err)
		}
	})
	for name, tc := range map[string]struct {
		spoil func(*store.NewKey)
		code  fault.Code
	}{
		"OneOfTheOrganisationsIsMissing": {func(k *store.NewKey) { k.Organisations = append(k.Organisations, organisation.ID(store.NewID())) }, fault.NotFound},
		"NoOrganisation":                 {func(k *store.NewKey) { k.Organisations = nil }, fault.Invalid},
		"NoScope":                        {func(k *store.NewKey) { k.Scopes = []string{} }, fault.Invalid},
		"NoName":                         {func(k *store.NewKey) { k.Name = "" }, fault.Invalid},
		"NoHash":                         {func(k *store.NewKey) { k.Hash = []byte("short") }, fault.Invalid},
		"ExpiredAtOnce":                  {func(k *store.NewKey) { k.ExpiresIn = -time.Second }, fault.Invalid},
	} {
		t.Run("NothingIsLeftWhenRefused_"+name, func(t *testing.T) {
			t.Parallel()
			k := aKey('h', one)
			tc.spoil(&k)
			err := createKey(t.Context(), db, k)
			var left int
			if scanErr := db.Owner.QueryRow(t.Context(), `SELECT count(*) FROM api_key WHERE id = $1`, k.ID).Scan(&left); scanErr != nil {
				t.Fatal(scanErr)
			}
			if fault.CodeOf(err) != tc.code || left != 0 {
				t.Errorf("%d keys are left, %v", left, err)
			}
		})
	}
}

func TestNobodyElseMayCreateThingsInSchemaPublic(t *testing.T) {
	t.Parallel()
	db := pgtest.NewEmpty(t)
	if _, err := db.Owner.Exec(t.Context(), `GRANT CREATE ON SCHEMA public TO PUBLIC`); err != nil {
		t.Fatal(err)
	}
	if _, err := pg.Migrate(t.Context(), db.OwnerURL, migrations.FS, pg.MigrateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.App.Exec(t.Context(), `CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'`); pg.SQLState(err) != "42501" {
		t.Errorf("got %v", err)
	}
}
