package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"
)

// usageError says that the words of the call are wrong, before anything was done. Its text names the flag.
type usageError struct{ text string }

// Error implements error.
func (e *usageError) Error() string { return e.text }

func usage(format string, args ...any) error {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

// noValue is how the parser says that a flag stands last.
var noValue = regexp.MustCompile(`^(--[a-z-]+): expected .* value but got "EOL" \(<EOL>\)$`)

// reportUsage prints what is wrong with the call, and where to read how it is meant.
func reportUsage(stderr io.Writer, err error) int {
	text := noValue.ReplaceAllString(err.Error(), "$1 needs a value")
	if u, ok := errors.AsType[*usageError](err); ok {
		text = u.text // without the words that the parser puts around it
	}
	fmt.Fprintf(stderr, "hub: %s\n", text)
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
		words := []string{"hub"}
		for word := range strings.FieldsSeq(e.Context.Command()) {
			if !strings.HasPrefix(word, "<") {
				words = append(words, word)
			}
		}
		fmt.Fprintf(stderr, "Run \"%s --help\" for what it takes.\n", strings.Join(words, " "))
	}
	return exitUsage
}

// plainMappers read numbers and times with errors that speak to people.
func plainMappers() kong.Option {
	return kong.OptionFunc(func(k *kong.Kong) error {
		for _, option := range []kong.Option{
			kong.TypeMapper(reflect.TypeFor[time.Duration](), mapper("a time such as 500ms, 30s, 15m or 720h", time.ParseDuration)),
			kong.TypeMapper(reflect.TypeFor[int](), mapper("a whole number", strconv.Atoi)),
			kong.TypeMapper(reflect.TypeFor[uint64](), mapper("a whole number, 0 or more", func(s string) (uint64, error) {
				return strconv.ParseUint(s, 10, 64)
			})),
			kong.TypeMapper(reflect.TypeFor[float64](), mapper("a number such as 0.5", func(s string) (float64, error) {
				return strconv.ParseFloat(s, 64)
			})),
		} {
			if err := option.Apply(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func mapper[T any](what string, parse func(string) (T, error)) kong.MapperFunc {
	return func(ctx *kong.DecodeContext, target reflect.Value) error {
		var text string
		if err := ctx.Scan.PopValueInto("", &text); err != nil {
			return err
		}
		v, err := parse(text)
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%q is too large", text)
		}
		if err != nil {
			return fmt.Errorf("takes %s, not %q", what, text)
		}
		target.Set(reflect.ValueOf(v))
		return nil
	}
}

// checkAddress refuses what cannot be an address to listen on; empty is for the usual one.
func checkAddress(flag, address string) error {
	if address == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return usage("%s takes HOST:PORT such as 127.0.0.1:8080, not %q", flag, address)
	}
	return nil
}

// checkNewFile refuses a file that cannot be written where it is meant to be.
func checkNewFile(flag, file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return usage("%s %s: is a folder, and a file is written there", flag, file)
	}
	return checkFolder(flag, filepath.Dir(file))
}

// checkFolder refuses what is no folder; empty is for none.
func checkFolder(flag, folder string) error {
	if folder == "" {
		return nil
	}
	info, err := os.Stat(folder)
	if err != nil {
		return usage("%s %s: %s", flag, folder, innermost(err))
	}
	if !info.IsDir() {
		return usage("%s %s: is not a folder", flag, folder)
	}
	return nil
}

// checkDatabaseURL refuses what no database can be reached by. It repeats nothing of it: there may be a password in it.
func checkDatabaseURL(flag, url string) error {
	if url == "" {
		return nil
	}
	if _, err := pgx.ParseConfig(url); err != nil {
		return usage("%s cannot be read; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE (special characters in the password percent-encoded)", flag)
	}
	return nil
}

// innermost is the cause without the layers that name files and system calls again.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
