package pg

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"customerhub/internal/fault"
)

// MigrateOptions tune Migrate and MigrateDown.
type MigrateOptions struct {
	// Logger hears what is done. Nil means silence.
	Logger *slog.Logger
	// Steps is how many migrations MigrateDown undoes. Zero means all. Migrate ignores it.
	Steps int
}

// MigrateResult says what a migration run did. Versions are file numbers; 0 is the empty database.
type MigrateResult struct {
	From, To int64
	// Repaired says that an earlier run was killed and its mark was mended first.
	Repaired bool
	// Newer says that the database is ahead of the migrations given, as while a newer release is rolled out: nothing was
	// done.
	Newer bool
}

// Two tables record migrations: golang-migrate's own, and ours, which each migration writes in its own transaction and
// which is therefore right even after a kill.
const (
	toolTable   = "schema_migrations"
	recordTable = "schema_migration_record"
)

// migrateLock guards everything a migration run does, from the first look to the last step. It is a session lock of the
// one connection that the run uses, so it ends exactly when the server has ended that session's work, even when the
// process behind it was killed.
const migrateLock int64 = 0x6875626d69677274

// oldestServer is the first version of Postgres (as server_version_num counts) that takes the migrations: ON DELETE SET
// NULL of single columns came with it.
const oldestServer = 150000

// Migrate brings the database up to the newest migration in fsys, a folder of files 000001_name.up.sql and
// 000001_name.down.sql. Repeating it is safe. When several processes call it at once, one migrates and the others wait.
//
// Each file runs as one transaction together with the row that records it, so files hold no BEGIN or COMMIT, nor
// statements that refuse to run inside a transaction. After a kill the next call mends the mark that golang-migrate
// leaves and goes on. url is the owner's; the group role hub_app is made when it is missing. When ctx ends, the running
// file is cancelled and rolled back. A server older than Postgres 15 is Invalid, and nothing is done there.
func Migrate(ctx context.Context, url string, fsys fs.FS, o MigrateOptions) (MigrateResult, error) {
	return runMigrations(ctx, url, fsys, o, source.Up, func(s *migrateSession, from int64) error {
		if from > s.files.latest() {
			s.result.Newer = true
			s.log.Info("database is newer than this release, left as it is", "version", from, "latest_known", s.files.latest())
			return nil
		}
		if len(s.files) == 0 {
			return nil
		}
		return s.tool.Up()
	})
}

// MigrateDown undoes the newest migrations: o.Steps of them, or all when that is zero. The role hub_app stays, as it
// belongs to the whole cluster. A database that is newer than fsys is refused, because what to undo is not known here.
func MigrateDown(ctx context.Context, url string, fsys fs.FS, o MigrateOptions) (MigrateResult, error) {
	return runMigrations(ctx, url, fsys, o, source.Down, func(s *migrateSession, from int64) error {
		switch {
		case from > s.files.latest():
			return fault.New(fault.Invalid, "the database is at version %d, this release knows %d: undo with the newer release", from, s.files.latest())
		case from == 0:
			return nil
		case o.Steps <= 0:
			return s.tool.Down()
		}
		return s.tool.Steps(-min(o.Steps, s.files.upTo(from)))
	})
}

type migrateSession struct {
	log    *slog.Logger
	files  migrationFiles
	tool   *migrate.Migrate
	result MigrateResult
}

func runMigrations(ctx context.Context, url string, fsys fs.FS, o MigrateOptions, way source.Direction, act func(*migrateSession, int64) error) (MigrateResult, error) {
	s := &migrateSession{log: cmp.Or(o.Logger, slog.New(slog.DiscardHandler))}
	files, err := readMigrationFiles(fsys)
	if err != nil {
		return s.result, err
	}
	s.files = files
	db, stop, err := openMigrateSession(ctx, url, s.log)
	if err != nil {
		return s.result, err
	}
	defer stop()

	mark, schema, err := prepareMigrations(ctx, db)
	if err != nil {
		return s.result, err
	}
	s.result.From, s.result.To = mark.version, mark.version
	recording, err := newRecordingSource(fsys, schema)
	if err != nil {
		return s.result, fault.Wrap(fault.Internal, err, "reading the migrations")
	}
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{
		DatabaseName: mark.database, SchemaName: schema, MigrationsTable: toolTable,
	})
	if err != nil {
		return s.result, migrateFault(err)
	}
	defer func() { _ = driver.Close() }()
	s.tool, err = migrate.NewWithInstance("files", recording, "pgx5", driver)
	if err != nil {
		return s.result, fault.Wrap(fault.Internal, err, "preparing migrations")
	}
	halt := context.AfterFunc(ctx, func() { s.tool.GracefulStop <- true })
	defer halt()

	if mark.dirty && mark.version <= s.files.latest() && mark.recorded <= s.files.latest() {
		if err := s.repair(mark); err != nil {
			return s.result, err
		}
	}
	if err := act(s, s.result.From); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return s.result, s.refused(err, driver, way)
	}
	if s.result.Newer {
		return s.result, nil
	}
	version, _, err := driver.Version()
	if err != nil {
		return s.result, migrateFault(err)
	}
	s.result.To = max(0, int64(version))
	if s.result.To != s.result.From {
		s.log.Info("database migrated", "from", s.result.From, "to", s.result.To)
	}
	return s.result, ctx.Err()
}

// repair replaces the mark of a run that was killed by what our record proves: the newest number in it is the version
// the database is at, because a migration and its number are committed together, upwards and downwards.
func (s *migrateSession) repair(mark migrationMark) error {
	force := int(mark.recorded)
	if mark.recorded == 0 {
		force = database.NilVersion
	}
	if err := s.tool.Force(force); err != nil {
		return migrateFault(err)
	}
	s.result.Repaired = true
	s.result.From, s.result.To = mark.recorded, mark.recorded
	s.log.Info("mark of an interrupted migration mended", "marked", mark.version, "version", mark.recorded)
	return nil
}

// openMigrateSession opens the one connection of a run and takes the lock on it.
func openMigrateSession(ctx context.Context, url string, log *slog.Logger) (*sql.DB, func(), error) {
	config, err := connConfig(url, Options{ApplicationName: "hub migrate"})
	if err != nil {
		return nil, nil, err
	}
	// A migration may take long; a limit meant for the hub's own statements must not cut it.
	config.RuntimeParams["statement_timeout"] = "0"
	var session *pgx.Conn
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		if session != nil {
			// A second connection would work without the lock.
			return errors.New("connection lost while migrating")
		}
		session = c
		return nil
	}))
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	c, err := db.Conn(ctx)
	if err != nil {
		_ = db.Close()
		return nil, nil, connectFault(err, config)
	}
	if err := checkServer(ctx, c, config); err != nil {
		_ = c.Close()
		_ = db.Close()
		return nil, nil, migrateFault(err)
	}
	if err := takeMigrateLock(ctx, c, log); err != nil {
		_ = c.Close()
		_ = db.Close()
		return nil, nil, migrateFault(err)
	}
	if err := c.Close(); err != nil { // back to the pool of one
		_ = db.Close()
		return nil, nil, migrateFault(err)
	}
	// golang-migrate works without a context; ending ours asks the server to cancel the statement that runs.
	halt := context.AfterFunc(ctx, func() {
		cancel, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		_ = session.PgConn().CancelRequest(cancel)
	})
	return db, func() {
		halt()
		_ = db.Close()
		// The pool leaves a connection open that the driver still holds, and with it the lock.
		end, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		_ = session.Close(end)
	}, nil
}

// checkServer refuses a server that some migration would fail on half-way, with a syntax error that tells nobody why.
func checkServer(ctx context.Context, c *sql.Conn, config *pgx.ConnConfig) error {
	var version int
	var release string
	err := c.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int, current_setting('server_version')").Scan(&version, &release)
	if err != nil || version >= oldestServer {
		return err
	}
	return fault.New(fault.Invalid, "the database at %s is Postgres %s; Customer Hub needs version %d or newer", address(config), release, oldestServer/10000)
}

func takeMigrateLock(ctx context.Context, c *sql.Conn, log *slog.Logger) error {
	// The server then notices within a second that this process is gone, also in the middle of a long statement. Not every
	// platform can, hence the error is dropped.
	_, _ = c.ExecContext(ctx, "SET client_connection_check_interval = '1s'")
	var free bool
	if err := c.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", migrateLock).Scan(&free); err != nil {
		return err
	}
	if free {
		return nil
	}
	log.Info("another process migrates the database, waiting for it")
	_, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrateLock)
	return err
}

// migrationMark is what the two tables say before a run.
type migrationMark struct {
	database string
	version  int64 // golang-migrate's; 0 for none
	dirty    bool
	recorded int64 // ours; 0 for none
}

// prepareMigrations makes the role and our table where they are missing, and reads where the database stands.
func prepareMigrations(ctx context.Context, db *sql.DB) (migrationMark, string, error) {
	var m migrationMark
	c, err := db.Conn(ctx)
	if err != nil {
		return m, "", migrateFault(err)
	}
	defer func() { _ = c.Close() }()
	var schema sql.NullString
	if err := c.QueryRowContext(ctx, "SELECT current_database(), current_schema()").Scan(&m.database, &schema); err != nil {
		return m, "", migrateFault(err)
	}
	if !schema.Valid {
		return m, "", fault.New(fault.Invalid, "database %s has no schema on the search path of this role: create one, or set search_path", m.database)
	}
	if err := ensureAppRole(ctx, c); err != nil {
		return m, "", err
	}
	record, tool := pgx.Identifier{schema.String, recordTable}.Sanitize(), pgx.Identifier{schema.String, toolTable}.Sanitize()
	// The application role reads both to check the version when it starts.
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS " + record + " (version bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
		"CREATE TABLE IF NOT EXISTS " + tool + " (version bigint PRIMARY KEY, dirty boolean NOT NULL)",
		"GRANT SELECT ON " + record + ", " + tool + " TO " + AppRole,
		"GRANT USAGE ON SCHEMA " + pgx.Identifier{schema.String}.Sanitize() + " TO " + AppRole,
	} {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return m, "", migrateFault(err)
		}
	}
	err = c.QueryRowContext(ctx, "SELECT greatest(version, 0), dirty FROM "+tool+" LIMIT 1").Scan(&m.version, &m.dirty)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return m, "", migrateFault(err)
	}
	if err := c.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM "+record).Scan(&m.recorded); err != nil {
		return m, "", migrateFault(err)
	}
	return m, schema.String, nil
}

// ensureAppRole makes the group role when it is missing. Roles belong to the whole cluster, so a migration of another
// database may make it at the same moment; that is as good as having made it.
func ensureAppRole(ctx context.Context, c *sql.Conn) error {
	var exists bool
	if err := c.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", AppRole).Scan(&exists); err != nil {
		return migrateFault(err)
	}
	if exists {
		return nil
	}
	create := "CREATE ROLE " + AppRole + " NOLOGIN"
	_, err := c.ExecContext(ctx, create)
	switch SQLState(err) {
	case "42710", "23505":
		return nil
	case "42501":
		return fault.Wrap(fault.Forbidden, err, "the role %s is missing and this login may not create it; let a superuser run: %s", AppRole, create)
	}
	if err != nil {
		return migrateFault(err)
	}
	return nil
}

// refused names the file that the database did not take, and where in it. Postgres's words are about the schema, not
// about anyone's data, and the person who runs the migration needs them; its detail, which may quote a row, stays in the
// cause.
func (s *migrateSession) refused(err error, driver database.Driver, way source.Direction) error {
	e, isRun := errors.AsType[database.Error](err)
	said, isSQL := errors.AsType[*pgconn.PgError](e.OrigErr)
	if !isRun || !isSQL || sessionIsLost(said.Code) {
		return migrateFault(err)
	}
	// The mark is at the version the file leads to.
	marked, _, markErr := driver.Version()
	if markErr != nil {
		return migrateFault(err)
	}
	for _, f := range s.files {
		if way == source.Up && f.Version == int64(marked) || way == source.Down && f.Version > int64(marked) {
			where := ""
			if said.Position > 0 {
				where = fmt.Sprintf(" (line %d)", e.Line)
			}
			return fault.Wrap(codeOf(said), said, "migration %06d_%s.%s.sql was refused by the database and rolled back: %s%s", f.Version, f.Name, way, said.Message, where)
		}
	}
	return migrateFault(err)
}

func migrateFault(err error) error {
	if fault.Of(err) != nil {
		return err
	}
	if errors.Is(err, migrate.ErrLockTimeout) || errors.Is(err, migrate.ErrLocked) {
		return fault.Wrap(fault.Unavailable, err, "another program migrates this database")
	}
	if e, ok := errors.AsType[database.Error](err); ok {
		err = e.OrigErr // without the whole file, which the other words repeat
	}
	if e, ok := errors.AsType[*database.Error](err); ok {
		err = e.OrigErr
	}
	return fault.Wrap(codeOf(err), err, "migrating the database")
}
