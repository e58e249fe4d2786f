package pg

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
)

// MigrationStatus says where a database stands against the migrations that a release knows.
type MigrationStatus struct {
	// Current is the version the database is at; 0 is the empty database.
	Current int64
	// Latest is the newest version this release knows.
	Latest int64
	// Dirty says that a run was killed and nothing ran since. The next Migrate mends it by itself.
	Dirty bool
	// Applied are the migrations in the database, oldest first.
	Applied []AppliedMigration
	// Pending are the migrations of this release that the database lacks, oldest first.
	Pending []PendingMigration
}

// AppliedMigration is one migration the database has.
type AppliedMigration struct {
	Version int64
	Name    string
	At      time.Time
}

// PendingMigration is one migration the database lacks.
type PendingMigration struct {
	Version int64
	Name    string
}

// Behind says whether this release's migrations have to run before it can work on the database.
func (s MigrationStatus) Behind() bool { return s.Current < s.Latest }

// Newer says whether the database is ahead of this release, as while a newer one is rolled out. Working on it is allowed.
func (s MigrationStatus) Newer() bool { return s.Current > s.Latest }

const sqlApplied = `
SELECT version, name, applied_at AS at
FROM schema_migration_record
ORDER BY version`

const sqlDirty = `
SELECT dirty
FROM schema_migrations
LIMIT 1`

// Status tells where the database stands, and changes nothing. Any role may ask that may connect; a database that was
// never migrated is at version 0.
func Status(ctx context.Context, url string, fsys fs.FS) (MigrationStatus, error) {
	config, err := connConfig(url, Options{})
	if err != nil {
		return MigrationStatus{}, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return MigrationStatus{}, connectFault(err, config)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return StatusOf(ctx, conn, fsys)
}

// StatusOf is Status on a connection that is open already.
func StatusOf(ctx context.Context, db DB, fsys fs.FS) (MigrationStatus, error) {
	var s MigrationStatus
	files, err := readMigrationFiles(fsys)
	if err != nil {
		return s, err
	}
	s.Latest = files.latest()
	rows, _ := db.Query(ctx, sqlApplied)
	s.Applied, err = pgx.CollectRows(rows, pgx.RowToStructByName[AppliedMigration])
	if err != nil && SQLState(err) != "42P01" {
		if SQLState(err) == "42501" {
			return s, fault.Wrap(fault.Forbidden, err, "this role may not read the list of migrations; it has to be a member of %s", AppRole)
		}
		return s, Fault(err, "list of applied migrations")
	}
	applied := make(map[int64]bool, len(s.Applied))
	for _, a := range s.Applied {
		applied[a.Version] = true
		s.Current = max(s.Current, a.Version)
	}
	for _, f := range files {
		if !applied[f.Version] {
			s.Pending = append(s.Pending, PendingMigration(f))
		}
	}
	err = db.QueryRow(ctx, sqlDirty).Scan(&s.Dirty)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) && SQLState(err) != "42P01" {
		return s, Fault(err, "mark of the last migration")
	}
	return s, nil
}
