package main

import (
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"

	"customerhub/internal/connector"
	"customerhub/internal/connector/flex"
	"customerhub/internal/connector/netvisor"
	"customerhub/internal/connector/netvisorkyc"
	"customerhub/internal/finnish"
	"customerhub/internal/system"
)

// program is what every command works with.
type program struct {
	stdout, stderr io.Writer
	log            *slog.Logger
}

func (p *program) printf(format string, args ...any) { fmt.Fprintf(p.stdout, format, args...) }

// kinds are the connectors of this hub; a new one is a line here.
func kinds() map[system.Kind]connector.Kind {
	out := make(map[system.Kind]connector.Kind)
	for _, k := range []connector.Kind{netvisor.Kind(), netvisorkyc.Kind(), flex.Kind()} {
		out[k.Kind] = k
	}
	return out
}

// version is the version of the module, or of the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = "commit " + s.Value[:min(len(s.Value), 12)]
		}
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return "hub " + v
}

// levels are what --log-level takes.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError, "": slog.LevelWarn,
}

// newLog makes the logger. Personal identity codes are masked in every text that is logged (Promise 11).
func newLog(w io.Writer, level, format string) (*slog.Logger, error) {
	l, ok := levels[strings.ToLower(level)]
	if !ok {
		return nil, usage("--log-level (HUB_LOG_LEVEL) takes debug, info, warn or error, not %q", level)
	}
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: maskAttr}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	case "text", "":
		return slog.New(slog.NewTextHandler(w, o)), nil
	}
	return nil, usage("--log-format (HUB_LOG_FORMAT) takes text or json, not %q", format)
}

func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(finnish.MaskIdentityCodes(v))
	case error:
		a.Value = slog.StringValue(finnish.MaskIdentityCodes(v.Error()))
	case fmt.Stringer:
		a.Value = slog.StringValue(finnish.MaskIdentityCodes(v.String()))
	}
	return a
}
