// Command hub is Customer Hub: the server, its demo, the sandboxes it is tried against, and the operator's commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"customerhub/internal/auth"
	"customerhub/internal/fault"
)

// cli is every command with its flags; each flag can be set by the environment too.
type cli struct {
	Demo         demoCommand         `cmd:"" help:"Try it: a hub with its own Postgres, a simulated Netvisor and 250 customers."`
	Serve        serveCommand        `cmd:"" help:"Run the hub."`
	Migrate      migrateCommand      `cmd:"" help:"Bring the database up to date, back, or show where it stands."`
	Organisation organisationCommand `cmd:"" help:"Make and list organisations."`
	Key          keyCommand          `cmd:"" help:"Make, list and revoke API keys."`
	Keyset       keysetCommand       `cmd:"" help:"Make the keyset that seals credentials of external systems."`
	Sync         syncCommand         `cmd:"" help:"Look at a system now and show the progress."`
	Sandbox      sandboxCommand      `cmd:"" help:"Run a simulated external system to develop and test against."`

	LogLevel  string           `help:"What is logged: ${enum}." enum:"debug,info,warn,error" default:"info" env:"HUB_LOG_LEVEL"`
	LogFormat string           `help:"How it is logged: ${enum}." enum:"text,json" default:"text" env:"HUB_LOG_FORMAT"`
	Version   kong.VersionFlag `help:"Show the version."`
}

func main() {
	os.Exit(runCLI(os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes: 0 done, 1 it could not be done, 2 the words of the call are wrong (as kong has it, 80 is folded into it).
const (
	exitFailed = 1
	exitUsage  = 2
)

// runCLI is main without the process: it parses, runs until done or interrupted, and gives the exit code.
func runCLI(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("hub"),
		kong.Description("Customer Hub keeps one canonical customer and keeps it in agreement with the systems around it."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { code = n }),
		kong.Vars{"version": version(), "scopes": auth.ScopeNames()},
	)
	if err != nil {
		fmt.Fprintln(stderr, "hub:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code // help or version was shown
	}
	if err != nil {
		fmt.Fprintf(stderr, "hub: %s\n", err)
		if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
			fmt.Fprintf(stderr, "Run \"%s --help\" for the flags.\n", strings.TrimSpace("hub "+e.Context.Command()))
		}
		return exitUsage
	}
	log, err := newLog(stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		fmt.Fprintln(stderr, "hub:", err)
		return exitUsage
	}
	p := &program{stdout: stdout, stderr: stderr, log: log}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(p); err != nil && !errors.Is(err, context.Canceled) {
		p.report(err)
		return exitFailed
	}
	return 0
}

// report prints an error for the person at the keyboard. An operator may see causes; secrets are in none of them.
func (p *program) report(err error) {
	if list, ok := errors.AsType[fault.Errors](err); ok {
		for _, f := range list {
			fmt.Fprintf(p.stderr, "hub: %s: %s\n", strings.Join(f.Path, "."), f.Message)
		}
		return
	}
	fmt.Fprintf(p.stderr, "hub: %s\n", err)
}
