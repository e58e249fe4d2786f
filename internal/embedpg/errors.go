package embedpg

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// InUseError says that another process holds the folder.
type InUseError struct {
	// Dir is the folder, PID the process that holds it; 0 when it left no number.
	Dir string
	PID int
}

// Error implements error.
func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID > 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("database folder %s is in use by %s: stop that one, or choose another folder", e.Dir, holder)
}

// VersionError says that the folder was made by another major version of Postgres.
type VersionError struct {
	Dir string
	// Folder is the major version that made the folder, Server the one of the programs found.
	Folder, Server int
	// BinDir is where the programs were found.
	BinDir string
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("database folder %s was made by Postgres %d, but the programs in %s are Postgres %d: name the folder of Postgres %d's programs (HUB_POSTGRES_BIN), move the data with pg_dump and psql, or choose another folder",
		e.Dir, e.Folder, e.BinDir, e.Server, e.Folder)
}

// DiskFullError says that the disk holding the folder has no space left.
type DiskFullError struct {
	Dir string
	Err error
}

// Error implements error.
func (e *DiskFullError) Error() string {
	return fmt.Sprintf("the disk is full: Postgres needs more space in %s (about 200 MB to begin with)", e.Dir)
}

// Unwrap gives what the server or the system said.
func (e *DiskFullError) Unwrap() error { return e.Err }

// FolderError says why a folder cannot hold the database: it has other content, or it cannot be reached.
type FolderError struct {
	Dir, Reason string
}

// Error implements error.
func (e *FolderError) Error() string {
	return fmt.Sprintf("folder %s cannot hold the database: %s", e.Dir, e.Reason)
}

// NotFoundError says that no usable Postgres is on the machine and none could be fetched.
type NotFoundError struct {
	// Tried lists each place with the reason it was not taken.
	Tried []string
	// Err is why fetching did not work; nil when it was not tried.
	Err error
}

// Error implements error.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no usable Postgres (version %d or newer) on this machine", MinVersion)
	if e.Err != nil {
		fmt.Fprintf(&b, ", and fetching one did not work: %v", e.Err)
	}
	b.WriteString("; install the distribution's postgresql package, or name the folder of its programs (HUB_POSTGRES_BIN)")
	for _, t := range e.Tried {
		b.WriteString("\n  " + t)
	}
	return b.String()
}

// Unwrap gives the cause of the fetch that did not work.
func (e *NotFoundError) Unwrap() error { return e.Err }

// classified turns an error of the system, or what a program of Postgres printed, into the disk-full error where that is
// what happened. The programs run with untranslated messages, and this one comes from the C library.
func classified(dir string, err error, output string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.Contains(output, "No space left on device") || strings.Contains(output, "Disk quota exceeded") {
		return &DiskFullError{Dir: dir, Err: err}
	}
	return err
}
