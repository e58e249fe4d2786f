//go:build unix

package embedpg

import (
	"context"
	"errors"
	"hash/fnv"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockFile opens the file and locks it for this process's life: the kernel gives the lock up when the process ends,
// however it ends, so no lock is ever stale. A lock held elsewhere is an *InUseError. One that is only just given up is waited
// for: a program that this process is starting has it for the moment between its fork and its exec.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	lock := func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
	err = lock()
	for range 20 {
		if !errors.Is(err, unix.EWOULDBLOCK) {
			break
		}
		time.Sleep(10 * time.Millisecond)
		err = lock()
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &InUseError{}
		}
		return nil, err
	}
	return f, nil
}

func shortHash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// waitForFile opens the file and waits until its lock is free.
func waitForFile(ctx context.Context, path string) (*os.File, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		f, err := lockFile(path)
		if _, held := errors.AsType[*InUseError](err); !held {
			return f, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
