// Package secret seals what must not be readable by whoever reads the database: credentials of external systems. Sealing
// is authenticated encryption with a keyset that can hold several keys, so that keys rotate while old seals stay
// readable. The package knows nothing of where a keyset is kept.
package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset seals and opens. It prints as nothing.
type Keyset struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// Generate makes a keyset with one new AES-256-GCM key.
func Generate() (*Keyset, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("making a keyset: %w", err)
	}
	return newKeyset(handle)
}

func newKeyset(handle *keyset.Handle) (*Keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("using the keyset: %w", err)
	}
	return &Keyset{handle: handle, aead: primitive}, nil
}

// errNotAKeyset holds nothing of what was given.
var errNotAKeyset = errors.New("this is not a keyset of the hub: make one with hub keyset")

// Parse reads a keyset in the text form that Text gives. The error never repeats the text.
func Parse(text string) (*Keyset, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, errNotAKeyset
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, errNotAKeyset
	}
	return newKeyset(handle)
}

// Text is the keyset itself, in one line. Whoever has it can open everything; it belongs into a secret store or a file that
// only the hub can read.
func (k *Keyset) Text() (string, error) {
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.handle, keyset.NewBinaryWriter(&buf)); err != nil {
		return "", fmt.Errorf("writing the keyset: %w", err)
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

// Rotated is a keyset that seals with a new key and still opens what the old ones sealed.
func (k *Keyset) Rotated() (*Keyset, error) {
	m := keyset.NewManagerFromHandle(k.handle)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("adding a key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("making the new key primary: %w", err)
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("making the rotated keyset: %w", err)
	}
	return newKeyset(handle)
}

// Seal encrypts. The binding names what the secret belongs to, such as the system; Open demands the same one, so a sealed
// value that is copied to another row does not open.
func (k *Keyset) Seal(plain []byte, binding string) ([]byte, error) {
	sealed, err := k.aead.Encrypt(plain, []byte(binding))
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return sealed, nil
}

// Open decrypts. It fails when no key of the keyset sealed the value, when the value was altered, and when the binding is
// another one; it never gives a wrong answer.
func (k *Keyset) Open(sealed []byte, binding string) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, []byte(binding))
	if err != nil {
		return nil, errors.New("opening a sealed value: no key of the keyset fits; was the keyset replaced?")
	}
	return plain, nil
}

// String shows nothing.
func (k *Keyset) String() string { return "secret.Keyset(…)" }

// GoString shows nothing.
func (k *Keyset) GoString() string { return k.String() }
