//go:build !unix

package flex

import "os"

// lockFile only opens the file: this platform has no advisory locks in the standard library.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
