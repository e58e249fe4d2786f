package rest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"customerhub/internal/fault"
)

// ours is the pace towards a service that allows 60 calls a minute, 20 of them at once.
func ours() *Pace { return &Pace{AtOnce: 16, Every: 1100 * time.Millisecond} }

// TestPace lets a long list take its time, and a short one none.
func TestPace(t *testing.T) {
	t.Parallel()
	t.Run("SoManyAtOnceAndThenOneEach", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p, began := ours(), time.Now()
			for range p.AtOnce {
				if err := p.wait(t.Context(), time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if d := time.Since(began); d > 0 {
				t.Errorf("the first ones took %s", d)
			}
			for range 10 {
				if err := p.wait(t.Context(), time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if d := time.Since(began); d < 10*p.Every || d > 11*p.Every {
				t.Errorf("ten more took %s", d)
			}
			time.Sleep(time.Minute)
			began = time.Now()
			for range p.AtOnce {
				if err := p.wait(t.Context(), time.Now()); err != nil || time.Since(began) > 0 {
					t.Fatalf("after a pause: %v, %s", err, time.Since(began))
				}
			}
		})
	})
	t.Run("NeverMoreThanTheVendorAllows", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p, tokens, at := ours(), 20.0, time.Now() // the vendor's bucket
			for range 200 {
				if err := p.wait(t.Context(), time.Now()); err != nil {
					t.Fatal(err)
				}
				tokens = min(20, tokens+time.Since(at).Seconds()) - 1
				at = time.Now()
				if tokens < 0 {
					t.Fatal("429")
				}
			}
		})
	})
	t.Run("WhoeverGivesUpWaitsNoLonger", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := ours()
			p.used, p.at = p.AtOnce, time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := p.wait(ctx, time.Now()); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			late, stop := context.WithTimeout(t.Context(), time.Millisecond)
			defer stop()
			if err := p.wait(late, time.Now()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("got %v", err)
			}
		})
	})
}
