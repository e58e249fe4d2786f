//go:build !unix

package embedpg

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
)

// Elsewhere than on Unix nothing of this package works: serverAccount, which everything asks first, says so.
var errSystem = errors.New("the hub cannot run a Postgres of its own on this system: install one and name it (HUB_DATABASE_URL)")

var (
	fastStop      os.Signal = os.Interrupt
	immediateStop os.Signal = os.Kill
)

type account struct {
	name, home string
	uid        uint32
	other      bool
}

func serverAccount(string) (account, error)                 { return account{}, errSystem }
func (account) asUser() string                              { return "" }
func (account) attributes() *syscall.SysProcAttr            { return &syscall.SysProcAttr{} }
func (account) own(string) error                            { return nil }
func (account) reaches(string) error                        { return nil }
func (account) privateTo(string) bool                       { return false }
func ownedBy(string, int) bool                              { return false }
func lockFile(string) (*os.File, error)                     { return nil, errSystem }
func waitForFile(context.Context, string) (*os.File, error) { return nil, errSystem }
func shortHash(string) uint32                               { return 0 }
func startTied(*exec.Cmd, func(error)) error                { return errSystem }

func (*folder) clearLeftover(context.Context, account, *slog.Logger) error { return errSystem }
