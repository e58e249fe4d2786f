//go:build unix

package embedpg

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// account is who the server runs as. other says that it is somebody else than this process, which is root then.
type account struct {
	name   string
	home   string
	uid    uint32
	gid    uint32
	groups []uint32
	other  bool
}

// serverAccount chooses who runs the server: this process's own user, or for root the one named, else postgres, else
// nobody.
func serverAccount(name string) (account, error) {
	if os.Geteuid() != 0 {
		a := account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
		a.home, _ = os.UserHomeDir()
		a.name = strconv.Itoa(os.Geteuid())
		if name != "" {
			u, err := user.Lookup(name)
			if err != nil || u.Uid != a.name {
				return account{}, fmt.Errorf("only root can run Postgres under user %q", name)
			}
		}
		return a, nil
	}
	names := []string{"postgres", "nobody"}
	if name != "" {
		names = []string{name}
	}
	for _, n := range names {
		u, err := user.Lookup(n)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil || uid == 0 {
			continue
		}
		a := account{name: n, uid: uint32(uid), gid: uint32(gid), other: true}
		a.groups = []uint32{a.gid}
		return a, nil
	}
	return account{}, fmt.Errorf("postgres refuses to run as root, and this machine has no user %v to run it under: create one, or start the hub as an ordinary user", names)
}

// asUser names the account in messages, where it is not who the reader thinks.
func (a account) asUser() string {
	if !a.other {
		return ""
	}
	return " as user " + a.name
}

// attributes start a program under the account, in a process group of its own: a Ctrl-C at the terminal is for the hub,
// which stops the server when it is done with it.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid, Groups: a.groups}
	}
	return attr
}

// own gives a file or folder to the account.
func (a account) own(path string) error {
	if !a.other {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// reaches says whether the account may pass through every folder on the way to path, path itself included if it is
// there. The error names the first that it may not.
func (a account) reaches(path string) error {
	if !a.other {
		return nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	var way []string
	for at := path; ; at = filepath.Dir(at) {
		way = append(way, at)
		if at == filepath.Dir(at) {
			break
		}
	}
	for _, at := range slices.Backward(way) {
		info, err := os.Stat(at)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.IsDir() && !a.maySearch(info) {
			return fmt.Errorf("user %s, who runs Postgres because it refuses root, may not enter %s", a.name, at)
		}
	}
	return nil
}

func (a account) maySearch(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case st.Uid == a.uid:
		return mode&0o100 != 0
	case slices.Contains(a.groups, st.Gid):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// privateTo says whether path is a folder that belongs to the account and that nobody else may enter.
func (a account) privateTo(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == a.uid
}

func ownedBy(path string, uid int) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}
