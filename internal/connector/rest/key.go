package rest

// Key is an id as it may stand in an address: letters, digits, underscores and hyphens, 64 at most. Everything else is empty.
func Key(id Text) string {
	s := string(id)
	for _, r := range s {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	if len(s) > 64 {
		return ""
	}
	return s
}
