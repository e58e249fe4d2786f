//go:build unix && !linux

package pgtest

// memoryFolder is empty: this system has no file system in memory at a known place.
func memoryFolder() string { return "" }
