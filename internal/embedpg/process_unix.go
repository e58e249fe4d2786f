//go:build unix && !linux

package embedpg

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// The signals Postgres's server takes: fast cuts sessions and writes everything out, immediate drops everything and
// leaves recovery to the next start.
const (
	fastStop      = syscall.SIGINT
	immediateStop = syscall.SIGQUIT
)

// startTied starts the command and calls ended, once, when it has ended. This kernel offers no signal at the death of
// the parent; a server that is left behind is stopped at the next start on its folder.
func startTied(cmd *exec.Cmd, ended func(error)) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { ended(cmd.Wait()) }()
	return nil
}

// isServerOf says whether the process is a Postgres server on the data folder, by its command line. A number that
// another program has got since does not pass.
func isServerOf(pid int, data string) bool {
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return false
	}
	words := strings.Fields(string(out))
	return len(words) > 0 && filepath.Base(words[0]) == "postgres" && strings.Contains(string(out), data)
}
