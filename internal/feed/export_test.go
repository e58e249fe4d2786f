package feed

import "customerhub/internal/organisation"

// Kept says how much the feed keeps for those who follow: watchers of all topics, and tails.
func (f *Feed) Kept() (watchers, tails int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, of := range f.watchers {
		watchers += len(of)
	}
	return watchers, len(f.tails)
}

// TailLength is how many changes are kept for the followers of an organisation.
func (f *Feed) TailLength(org organisation.ID) int {
	f.mu.Lock()
	t := f.tails[org]
	f.mu.Unlock()
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.items)
}
