package pg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"customerhub/internal/fault"
	"customerhub/internal/pg"
	"customerhub/internal/pgtest"
)

func TestListen(t *testing.T) {
	t.Parallel()

	listen := func(t *testing.T, db *pgtest.DB, o pg.ListenOptions) (<-chan pg.Notice, func() error) {
		t.Helper()
		heard := make(chan pg.Notice, 100)
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- pg.Listen(ctx, db.App, []string{"changes", "Odd name"}, func(_ context.Context, n pg.Notice) { heard <- n }, o)
		}()
		stop := func() error {
			cancel(errStop)
			return <-ended
		}
		t.Cleanup(func() { cancel(errStop) })
		return heard, stop
	}
	next := func(t *testing.T, heard <-chan pg.Notice) pg.Notice {
		t.Helper()
		select {
		case n := <-heard:
			return n
		case <-time.After(time.Minute):
			t.Fatal("heard nothing")
		}
		panic("unreachable")
	}
	resumed := pg.Notice{Resumed: true}

	t.Run("HearsInOrderWhatIsCommitted", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		heard, stop := listen(t, db, pg.ListenOptions{})
		if n := next(t, heard); n != resumed {
			t.Fatalf("first heard %+v", n)
		}
		tx, err := db.App.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := pg.Notify(t.Context(), tx, "changes", "taken back"); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []pg.Notice{{Channel: "changes", Payload: "1"}, {Channel: "Odd name", Payload: ""}, {Channel: "changes", Payload: "2"}}
		for _, n := range want {
			if err := pg.Notify(t.Context(), db.App, n.Channel, n.Payload); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range want {
			if n := next(t, heard); n != w {
				t.Errorf("heard %+v, want %+v", n, w)
			}
		}
		if err := stop(); !errors.Is(err, errStop) {
			t.Errorf("ended with %v", err)
		}
	})

	t.Run("T34_ListensAgainAfterTheConnectionWasCut", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewServer(t)
		heard, _ := listen(t, db.DB, pg.ListenOptions{})
		for range 3 {
			if n := next(t, heard); n != resumed {
				t.Fatalf("heard %+v", n)
			}
			if err := pg.Notify(t.Context(), db.App, "changes", "x"); err != nil {
				t.Fatal(err)
			}
			if n := next(t, heard); n.Payload != "x" {
				t.Errorf("heard %+v", n)
			}
			execute(t, db.Super, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub listen'")
		}
	})

	t.Run("SilenceIsProvenAndDoesNotInterrupt", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewServer(t)
		heard, _ := listen(t, db.DB, pg.ListenOptions{Keepalive: time.Millisecond})
		next(t, heard)
		// The proof is an empty statement, so the session's last one is no longer LISTEN.
		untilTrue(t, db.Super, "SELECT query NOT LIKE 'LISTEN%' FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hub listen'")
		for range 20 {
			if err := pg.Notify(t.Context(), db.App, "changes", "x"); err != nil {
				t.Fatal(err)
			}
			if n := next(t, heard); n.Payload != "x" {
				t.Fatalf("heard %+v", n)
			}
		}
	})

	t.Run("UnsendablePayloadIsAFault", func(t *testing.T) {
		t.Parallel()
		db := pgtest.NewEmpty(t)
		err := pg.Notify(t.Context(), db.App, "changes", string(make([]byte, 1)))
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("got %v", err)
		}
	})
}

var errStop = errors.New("enough")
