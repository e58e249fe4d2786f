package fault_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"customerhub/internal/fault"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want fault.Code
	}{
		"NilHasNoCode":            {nil, ""},
		"UnknownIsInternal":       {io.EOF, fault.Internal},
		"ZeroCodeIsInternal":      {&fault.Error{Message: "x"}, fault.Internal},
		"WrappedKeepsItsCode":     {fmt.Errorf("reading link: %w", fault.New(fault.Stale, "changed")), fault.Stale},
		"FirstOfSeveralDecides":   {fault.Errors{fault.New(fault.Invalid, "a"), fault.New(fault.Stale, "b")}, fault.Invalid},
		"WrapClassifiesTheCause":  {fault.Wrap(fault.Unavailable, io.EOF, "no answer"), fault.Unavailable},
		"WrapOfNothingIsNothing":  {fault.Wrap(fault.Unavailable, nil, "no answer"), ""},
		"NoErrorsTogetherAreNone": {fault.Errors(nil).OrNil(), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.CodeOf(c.err); got != c.want {
				t.Errorf("CodeOf = %q, want %q", got, c.want)
			}
		})
	}
}

func TestErrorReadsAsOneSentence(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want string
	}{
		"MessageGoesOnWithItsCause":     {fault.Wrap(fault.Unavailable, io.EOF, "The connection was refused."), "The connection was refused: EOF"},
		"MessageWithoutStopStaysAsItIs": {fault.Wrap(fault.Unavailable, io.EOF, "no answer"), "no answer: EOF"},
		"MessageAloneKeepsItsStop":      {fault.New(fault.Stale, "The customer changed."), "The customer changed."},
		"CauseAloneFollowsTheCode":      {&fault.Error{Code: fault.Denied, Err: io.EOF}, "DENIED: EOF"},
		"NothingSaidIsTheCode":          {&fault.Error{}, "INTERNAL"},
		"FaultInFaultReadsOn":           {fault.Wrap(fault.Invalid, fault.Wrap(fault.Stale, io.EOF, "Inner."), "Outer."), "Outer: Inner: EOF"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.err.Error(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	whole := fault.Wrap(fault.Unavailable, io.EOF, "The connection was refused.")
	if got := fault.Of(whole).Message; got != "The connection was refused." {
		t.Errorf("the message that is shown became %q", got)
	}
}

func TestVerdictsDeriveFromTheCode(t *testing.T) {
	t.Parallel()
	for _, c := range []fault.Code{fault.Limited, fault.Maintenance, fault.Unavailable, fault.Uncertain} {
		if !c.Retryable() || c.UserFacing() {
			t.Errorf("%s: want retryable and not user-facing", c)
		}
	}
	for _, c := range []fault.Code{fault.Invalid, fault.NotFound, fault.Stale, fault.Duplicate, fault.Ambiguous} {
		if c.Retryable() || !c.UserFacing() || c.Level() != slog.LevelDebug {
			t.Errorf("%s: want user-facing, not retryable, quiet", c)
		}
	}
	if fault.Internal.Level() != slog.LevelError || fault.Internal.Retryable() {
		t.Error("an internal fault is loud and not retried")
	}
}

func TestWithAndAtDoNotChangeTheOriginal(t *testing.T) {
	t.Parallel()
	a := fault.Because(fault.Duplicate, "NUMBER_TAKEN", "The number %s is taken.", "7")
	b := a.With("holder", "c1").At("input", "number")
	if a.Details != nil || a.Path != nil {
		t.Error("the original changed")
	}
	if b.Details["holder"] != "c1" || len(b.Path) != 2 || b.ReasonOrCode() != "NUMBER_TAKEN" {
		t.Errorf("got %+v", b)
	}
	if !errors.Is(fault.Wrap(fault.Internal, io.EOF, ""), io.EOF) {
		t.Error("the cause must stay reachable")
	}
}
