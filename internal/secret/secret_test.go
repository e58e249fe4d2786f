package secret_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"customerhub/internal/secret"
)

func TestKeyset(t *testing.T) {
	t.Parallel()
	plain := []byte("canary-credential")
	k, err := secret.Generate()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal(plain, "org/system")
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Text()
	if err != nil {
		t.Fatal(err)
	}

	t.Run("SealedTellsNothing", func(t *testing.T) {
		t.Parallel()
		if bytes.Contains(sealed, plain) {
			t.Error("the sealed value holds the plain one")
		}
	})
	t.Run("OpensWithTheSameKeysetRead", func(t *testing.T) {
		t.Parallel()
		again, err := secret.Parse(text + "\n")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Open(sealed, "org/system"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Open = %q, %v", got, err)
		}
	})
	t.Run("AnotherBindingIsRefused", func(t *testing.T) {
		t.Parallel()
		if _, err := k.Open(sealed, "org/other"); err == nil {
			t.Error("a value bound to one system opened for another")
		}
	})
	t.Run("AnotherKeysetIsRefused", func(t *testing.T) {
		t.Parallel()
		other, err := secret.Generate()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Open(sealed, "org/system"); err == nil {
			t.Error("a value opened with a keyset that did not seal it")
		}
	})
	t.Run("AlteredIsRefused", func(t *testing.T) {
		t.Parallel()
		bad := bytes.Clone(sealed)
		bad[len(bad)-1] ^= 1
		if _, err := k.Open(bad, "org/system"); err == nil {
			t.Error("an altered value opened")
		}
	})
	t.Run("T38_RotatedOpensOldAndNew", func(t *testing.T) {
		t.Parallel()
		next, err := k.Rotated()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := next.Open(sealed, "org/system"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("old seal: %q, %v", got, err)
		}
		fresh, err := next.Seal(plain, "org/system")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Open(fresh, "org/system"); err == nil {
			t.Error("the old keyset opened a seal of the new key: the new key is not in use")
		}
	})
	t.Run("NothingIsPrinted", func(t *testing.T) {
		t.Parallel()
		for _, printed := range []string{fmt.Sprint(k), fmt.Sprintf("%+v %#v", k, k)} {
			if strings.Contains(printed, text[:20]) {
				t.Errorf("the keyset prints itself: %s", printed)
			}
		}
	})
	t.Run("GarbageIsRefusedWithoutEcho", func(t *testing.T) {
		t.Parallel()
		for _, bad := range []string{"", "canary", "Y2FuYXJ5", text[:len(text)/2]} {
			_, err := secret.Parse(bad)
			if err == nil || (bad != "" && strings.Contains(err.Error(), bad)) {
				t.Errorf("Parse(%q) = %v", bad, err)
			}
		}
	})
}
