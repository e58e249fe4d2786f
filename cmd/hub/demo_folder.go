package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"customerhub/internal/embedpg"
)

// demoFolder begins the names of folders that demos live in, in the temporary folder.
const demoFolder = "customerhub-demo-"

// makeDemoFolder makes a folder for a demo where Postgres can reach it, and removes what killed demos left.
func makeDemoFolder(ctx context.Context, log *slog.Logger) (string, error) {
	var last error
	for _, base := range slices.Compact([]string{os.TempDir(), "/tmp", "/var/tmp"}) {
		// As root, Postgres runs under another account, which may not get into the temporary folder of root.
		if last = embedpg.Reachable(base); last != nil {
			continue
		}
		sweepDemos(ctx, log, base)
		dir, err := os.MkdirTemp(base, demoFolder)
		if err != nil {
			last = err
			continue
		}
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // that account may pass through, not look inside
			return "", fmt.Errorf("making a folder for the demo: %w", err)
		}
		return dir, nil
	}
	return "", fmt.Errorf("making a folder for the demo (TMPDIR names another place): %w", last)
}

// demoLeftAfter is how old a folder is that nobody holds before it counts as left: a demo that starts makes its folder a
// moment before it holds it.
const demoLeftAfter = time.Minute

// sweepDemos removes folders of demos that were killed. What is in use, or another user's, is left alone; nothing depends on
// its success.
func sweepDemos(ctx context.Context, log *slog.Logger, base string) {
	found, err := filepath.Glob(filepath.Join(base, demoFolder+"*"))
	if err != nil {
		return
	}
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !ownFile(info) || time.Since(info.ModTime()) < demoLeftAfter {
			continue
		}
		err = embedpg.Discard(ctx, embedpg.Options{Dir: filepath.Join(dir, postgresFolder), Logger: log})
		if err == nil {
			err = os.RemoveAll(dir)
		}
		if err != nil {
			log.Debug("folder of another demo left alone", "dir", dir, "error", err)
		}
	}
}
