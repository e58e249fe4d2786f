package embedpg

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// The signals Postgres's server takes: fast cuts sessions and writes everything out, immediate drops everything and
// leaves recovery to the next start.
const (
	fastStop      = syscall.SIGINT
	immediateStop = syscall.SIGQUIT
)

// startTied starts the command and calls ended, once, when it has ended. The kernel stops the command when this process
// dies: the death signal belongs to the thread that started it, so that thread is held until the command has ended. The
// signal is the orderly one; the next start waits for it to finish.
func startTied(cmd *exec.Cmd, ended func(error)) error {
	cmd.SysProcAttr.Pdeathsig = fastStop
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}

// isServerOf says whether the process is a Postgres server on the data folder. Its working folder tells: a server lives
// in its data folder. A number that another program has got since does not pass.
func isServerOf(pid int, data string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil {
		return false
	}
	real, err := filepath.EvalSymlinks(data)
	if err != nil || cwd != real {
		return false
	}
	program, err := os.Readlink(filepath.Join(proc, "exe"))
	return err == nil && filepath.Base(trimDeleted(program)) == "postgres"
}

// trimDeleted drops the kernel's remark on a program whose file was replaced while it runs.
func trimDeleted(path string) string {
	const remark = " (deleted)"
	if len(path) > len(remark) && path[len(path)-len(remark):] == remark {
		return path[:len(path)-len(remark)]
	}
	return path
}
