package rest

import "customerhub/internal/finnish"

// Key is an id as it may stand in an address: letters, digits, underscores and hyphens, 64 at most. Everything else is empty, and so is a
// personal identity code, which could be written so (Promise 11).
func Key[T ~string](id T) string {
	s := string(id)
	for _, r := range s {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	if len(s) > 64 || finnish.ContainsIdentityCode(s) {
		return ""
	}
	return s
}
