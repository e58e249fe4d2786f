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
	"customerhub/internal/pg"
)

// cli is every command with its flags. What configures a server can be set by the environment too, as help says.
type cli struct {
	Demo         demoCommand         `cmd:"" help:"Try it: a hub with its own Postgres, a simulated Netvisor and 250 customers."`
	Serve        serveCommand        `cmd:"" help:"Run the hub."`
	Onboarding   onboardingCommand   `cmd:"" help:"Show what is done and what is missing before an organisation is in agreement, and who does it and how."`
	Plan         planCommand         `cmd:"" help:"Say what a first run of a system would do, and do nothing."`
	Apply        applyCommand        `cmd:"" help:"Approve a plan and do exactly what it says; --yes does it."`
	Undo         undoCommand         `cmd:"" help:"Say what undoing a run would come to; --apply does it. Without a run, list those that can be undone."`
	Certify      certifyCommand      `cmd:"" help:"Compare a system with the hub in full and say what differs; --heal mends it."`
	Sync         syncCommand         `cmd:"" help:"Look at a system now and show the progress."`
	Explain      explainCommand      `cmd:"" help:"Say how a customer stands in the external systems, and why."`
	Findings     findingsCommand     `cmd:"" help:"Print what findings there are, what each means, and who can mend it and how."`
	Organisation organisationCommand `cmd:"" help:"Make, list and rename organisations."`
	Customer     customerCommand     `cmd:"" help:"Delete a customer's record in an external system."`
	Key          keyCommand          `cmd:"" help:"Make, list and revoke API keys."`
	Keyset       keysetCommand       `cmd:"" help:"Make the keyset that seals credentials of external systems."`
	Migrate      migrateCommand      `cmd:"" help:"Bring the database up to date, back, or show where it stands."`
	Schema       schemaCommand       `cmd:"" help:"Print the GraphQL schema, descriptions included."`
	Sandbox      sandboxCommand      `cmd:"" help:"Run a simulated external system to develop and test against."`

	LogLevel  string           `help:"What is logged: debug, info, warn or error. Servers log info when nothing is named, other commands warn." placeholder:"LEVEL" env:"HUB_LOG_LEVEL" group:"General:"`
	LogFormat string           `help:"How it is logged: text or json." placeholder:"text" env:"HUB_LOG_FORMAT" group:"General:"`
	Version   kong.VersionFlag `help:"Show the version." group:"General:"`
}

// Validate checks the flags that every command has.
func (c *cli) Validate() error {
	_, err := newLog(io.Discard, c.LogLevel, c.LogFormat)
	return err
}

func main() {
	os.Exit(runCLI(os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes beside 0 for done: what the call asks could not be done, the words of the call are wrong, and a person broke
// it off. A server or demo that a person ends is done.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// runCLI is main without the process: it parses, runs until done or interrupted, and gives the exit code.
func runCLI(args []string, stdout, stderr io.Writer) int {
	var c cli
	help := -1
	parser, err := kong.New(&c,
		kong.Name("hub"),
		kong.Description("Customer Hub keeps one canonical customer and keeps it in agreement with the systems around it. "+
			"Begin with hub demo: it needs nothing but itself."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { help = n }),
		kong.Vars{"version": version(), "scopes": auth.ScopeNames()},
		plainMappers(),
	)
	if err != nil {
		fmt.Fprintln(stderr, "hub:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if help >= 0 {
		return help // help or version was shown
	}
	if err != nil {
		return reportUsage(stderr, err)
	}
	command, _, _ := strings.Cut(parsed.Command(), " ")
	serves := command == "serve" || command == "demo" || command == "sandbox"
	if c.LogLevel == "" && (command == "serve" || command == "sandbox") {
		c.LogLevel = "info"
	}
	log, err := newLog(stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		return reportUsage(stderr, err)
	}
	ctx, stop := untilSignal()
	defer stop()
	p := &program{stdout: stdout, stderr: stderr, log: log}
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run(p)
	switch {
	case err == nil:
		return 0
	case stopped(ctx, err) && serves:
		return 0
	case stopped(ctx, err):
		fmt.Fprintln(stderr, "hub: interrupted")
		return exitInterrupted
	}
	if u, ok := errors.AsType[*usageError](err); ok {
		return reportUsage(stderr, u)
	}
	p.report(err)
	return exitFailed
}

// stopped says whether a command ended because somebody stopped it. A statement under way is cancelled in the database then,
// which says so in its own words.
func stopped(ctx context.Context, err error) bool {
	const queryCanceled = "57014"
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || pg.SQLState(err) == queryCanceled)
}

// untilSignal gives a context that ends with the first signal to stop. A second one ends the process at once, for a person
// who does not want to wait.
func untilSignal() (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// report prints an error for the person at the keyboard. An operator may see causes; secrets are in none of them.
func (p *program) report(err error) {
	if list, ok := errors.AsType[fault.Errors](err); ok {
		for _, f := range list {
			if len(f.Path) > 0 {
				fmt.Fprintf(p.stderr, "hub: %s: %s\n", strings.Join(f.Path, "."), f.Message)
			} else {
				fmt.Fprintf(p.stderr, "hub: %s\n", f.Message)
			}
		}
		return
	}
	fmt.Fprintf(p.stderr, "hub: %s\n", err)
}
