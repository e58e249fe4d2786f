package pgtest

import "golang.org/x/sys/unix"

// memoryNeeded is how many bytes a file system in memory must hold to be used: several times what all suites at once leave
// behind, with their write-ahead log.
const memoryNeeded = 8 << 30

// memoryFolder is a folder in memory where anybody may make files, or empty. A test's database is some five hundred files;
// on disks where making one is slow a copy takes 300 ms, in memory 23 ms. What counts is its size and not what is free, so
// that all test processes come to the same folder.
func memoryFolder() string {
	const dir = "/dev/shm"
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Type != unix.TMPFS_MAGIC || fs.Blocks*uint64(fs.Bsize) < memoryNeeded {
		return ""
	}
	if unix.Access(dir, unix.W_OK|unix.X_OK) != nil {
		return ""
	}
	return dir
}
