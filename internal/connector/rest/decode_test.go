package rest

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadAll(t *testing.T) {
	t.Parallel()
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", MaxBytes))); err != nil {
		t.Error(err)
	}
	if _, err := ReadAll(strings.NewReader(strings.Repeat(" ", MaxBytes+1))); err == nil {
		t.Error("too long, and taken")
	}
	if _, err := ReadAll(io.MultiReader(strings.NewReader("{"), failing{})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
