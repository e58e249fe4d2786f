//go:build unix

package embedpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	leftoverFast      = 30 * time.Second
	leftoverImmediate = 10 * time.Second
	// noProcess is a number that no kernel gives to a process.
	noProcess = "2147483646"
)

// clearLeftover deals with what a killed process may have left on the folder, whose lock we hold: a server that still
// runs, or is just stopping, is stopped and waited for; a note naming a process that is something else by now is
// defused, because Postgres would take it for its own and refuse to start.
func (f *folder) clearLeftover(ctx context.Context, who account, log *slog.Logger) error {
	pid, _ := f.postmaster()
	if pid <= 0 || !alive(pid) {
		return nil
	}
	data := f.path(dataName)
	if !isServerOf(pid, data) {
		if !alive(pid) {
			return nil
		}
		return f.defuse()
	}
	log.Info("stopping the postgres that an earlier process left on this folder", "pid", pid, "dir", f.dir)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{fastStop, leftoverFast}, {immediateStop, leftoverImmediate}} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping the postgres (process %d) that an earlier process left on %s: %w", pid, f.dir, err)
		}
		if gone, err := awaitGone(ctx, pid, data, step.wait); gone || err != nil {
			return err
		}
	}
	return fmt.Errorf("the postgres (process %d) that an earlier process left on %s does not stop", pid, f.dir)
}

func awaitGone(ctx context.Context, pid int, data string, limit time.Duration) (bool, error) {
	tick := time.NewTicker(readyCheck)
	defer tick.Stop()
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		if !alive(pid) || !isServerOf(pid, data) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-over.C:
			return false, nil
		case <-tick.C:
		}
	}
}

// defuse puts a number that is no process into the note. The rest of it stays: by its shared memory key Postgres still
// finds out whether sessions of the old server live on.
func (f *folder) defuse() error {
	path := filepath.Join(f.path(dataName), "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return err
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	return os.WriteFile(path, []byte(noProcess+"\n"+rest), 0o600)
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
