package pg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4/source"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"

	"customerhub/internal/fault"
)

type migrationFile struct {
	Version int64
	Name    string
}

// migrationFiles are in ascending order of version.
type migrationFiles []migrationFile

func (fs migrationFiles) latest() int64 {
	if len(fs) == 0 {
		return 0
	}
	return fs[len(fs)-1].Version
}

func (fs migrationFiles) upTo(version int64) int {
	n := 0
	for _, f := range fs {
		if f.Version <= version {
			n++
		}
	}
	return n
}

// readMigrationFiles lists the migrations and refuses a folder in which one of a pair is missing: golang-migrate would
// skip the missing half in silence.
func readMigrationFiles(fsys fs.FS) (migrationFiles, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "reading the migrations")
	}
	names := make(map[int64]map[source.Direction]string)
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".sql") {
			continue
		}
		m, err := source.Parse(e.Name())
		if err != nil || m.Version == 0 {
			return nil, fault.New(fault.Internal, "migration file %s is not named like 000001_name.up.sql", e.Name())
		}
		version := int64(m.Version)
		if names[version] == nil {
			names[version] = make(map[source.Direction]string)
		}
		if _, taken := names[version][m.Direction]; taken {
			return nil, fault.New(fault.Internal, "two migration files have the number %d", version)
		}
		names[version][m.Direction] = m.Identifier
	}
	files := make(migrationFiles, 0, len(names))
	for _, version := range slices.Sorted(maps.Keys(names)) {
		up, hasUp := names[version][source.Up]
		down, hasDown := names[version][source.Down]
		if !hasUp || !hasDown || up != down {
			return nil, fault.New(fault.Internal, "migration %d needs an up and a down file of the same name", version)
		}
		files = append(files, migrationFile{Version: version, Name: up})
	}
	return files, nil
}

// recordingSource hands out the files with one statement more: upwards the row that records the number, downwards its
// removal. Postgres runs a query of several statements as one transaction, so file and record are committed together or
// not at all. (Wrapping them in BEGIN and COMMIT would leave the connection in a broken transaction after an error.)
type recordingSource struct {
	source.Driver
	table string
}

func newRecordingSource(fsys fs.FS, schema string) (source.Driver, error) {
	files, err := iofs.New(fsys, ".")
	if err != nil {
		return nil, err
	}
	return &recordingSource{Driver: files, table: pgx.Identifier{schema, recordTable}.Sanitize()}, nil
}

// ReadUp implements source.Driver.
func (s *recordingSource) ReadUp(version uint) (io.ReadCloser, string, error) {
	body, name, err := s.Driver.ReadUp(version)
	if err != nil {
		return nil, "", err
	}
	return appended(body, name, fmt.Sprintf("INSERT INTO %s (version, name) VALUES (%d, '%s')", s.table, version, strings.ReplaceAll(name, "'", "''")))
}

// ReadDown implements source.Driver.
func (s *recordingSource) ReadDown(version uint) (io.ReadCloser, string, error) {
	body, name, err := s.Driver.ReadDown(version)
	if err != nil {
		return nil, "", err
	}
	return appended(body, name, fmt.Sprintf("DELETE FROM %s WHERE version = %d", s.table, version))
}

func appended(body io.ReadCloser, name, statement string) (io.ReadCloser, string, error) {
	text, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, "", err
	}
	// The line break ends a comment, the semicolon a statement that the file leaves open. The file's own lines keep their
	// numbers, which errors name.
	text = append(text, "\n;\n"+statement+";\n"...)
	return io.NopCloser(bytes.NewReader(text)), name, nil
}
