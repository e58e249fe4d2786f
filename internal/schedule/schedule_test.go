package schedule_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/schedule"
)

const patience = time.Minute

// running runs tasks until stop is called, which waits for the end.
func running(t *testing.T, log *slog.Logger, tasks ...schedule.Task) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- schedule.Run(ctx, log, tasks...) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the schedule does not stop")
		}
	})
	t.Cleanup(stop)
	return stop
}

func wait(t *testing.T, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatal("nothing happened")
	}
}

// lines is a log that several goroutines write.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)

	t.Run("ProposesAtOnceAndAgain", func(t *testing.T) {
		t.Parallel()
		ticks := make(chan struct{})
		running(t, quiet, schedule.Task{Name: "tick", Every: 5 * time.Millisecond, Propose: func(ctx context.Context) error {
			select {
			case ticks <- struct{}{}:
			case <-ctx.Done():
			}
			return nil
		}})
		for range 5 {
			wait(t, ticks)
		}
	})
	t.Run("TheFirstTickDoesNotWaitForTheInterval", func(t *testing.T) {
		t.Parallel()
		ticked := make(chan struct{}, 1)
		running(t, quiet, schedule.Task{Name: "rare", Every: time.Hour, Propose: func(context.Context) error {
			ticked <- struct{}{}
			return nil
		}})
		wait(t, ticked)
	})
	t.Run("ErrorsAreLoggedWithTheirTaskAndEndNothing", func(t *testing.T) {
		t.Parallel()
		var log lines
		ticks := make(chan struct{}, 100)
		stop := running(t, slog.New(slog.NewTextHandler(&log, nil)),
			schedule.Task{Name: "polls", Every: 5 * time.Millisecond, Propose: func(context.Context) error {
				select {
				case ticks <- struct{}{}:
				default:
				}
				return fault.Wrap(fault.Unavailable, errors.New("connection refused"), "no database")
			}})
		for range 3 {
			wait(t, ticks)
		}
		stop()
		if text := log.String(); !strings.Contains(text, "task=polls") || !strings.Contains(text, "connection refused") || !strings.Contains(text, "level=INFO") {
			t.Errorf("the log says %q", text)
		}
	})
	t.Run("OneTaskNeverOverlapsItselfAndHoldsUpNoOther", func(t *testing.T) {
		t.Parallel()
		var inFlight, most atomic.Int64
		held, release := make(chan struct{}), make(chan struct{})
		others := make(chan struct{}, 100)
		var once sync.Once
		running(t, quiet,
			schedule.Task{Name: "slow", Every: time.Millisecond, Propose: func(ctx context.Context) error {
				most.Store(max(most.Load(), inFlight.Add(1)))
				defer inFlight.Add(-1)
				once.Do(func() { close(held) })
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil
			}},
			schedule.Task{Name: "other", Every: 2 * time.Millisecond, Propose: func(context.Context) error {
				select {
				case others <- struct{}{}:
				default:
				}
				return nil
			}})
		wait(t, held)
		for range 10 {
			wait(t, others)
		}
		close(release)
		if n := most.Load(); n != 1 {
			t.Errorf("%d at a time", n)
		}
	})
	t.Run("StoppingWaitsForWhatIsUnderWay", func(t *testing.T) {
		t.Parallel()
		begun := make(chan struct{})
		var ended atomic.Bool
		var once sync.Once
		stop := running(t, quiet, schedule.Task{Name: "ending", Every: time.Hour, Propose: func(ctx context.Context) error {
			once.Do(func() { close(begun) })
			<-ctx.Done()
			ended.Store(true)
			return ctx.Err()
		}})
		wait(t, begun)
		stop()
		if !ended.Load() {
			t.Error("it ended before its task")
		}
	})
	t.Run("AnEndIsNoErrorInTheLog", func(t *testing.T) {
		t.Parallel()
		var log lines
		begun := make(chan struct{})
		stop := running(t, slog.New(slog.NewTextHandler(&log, nil)), schedule.Task{Name: "x", Every: time.Hour, Propose: func(ctx context.Context) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}})
		wait(t, begun)
		stop()
		if log.String() != "" {
			t.Errorf("the log says %q", log.String())
		}
	})
	t.Run("AnIntervalThatIsNoneIsRefused", func(t *testing.T) {
		t.Parallel()
		err := schedule.Run(t.Context(), quiet, schedule.Task{Name: "never", Propose: func(context.Context) error { return nil }})
		if err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("got %v", err)
		}
	})
}
