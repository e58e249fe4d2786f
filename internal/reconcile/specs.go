package reconcile

import (
	"customerhub/internal/connector"
	"customerhub/internal/hub"
	"customerhub/internal/system"
)

// Specs are the kinds as package hub needs to know them: everything but how to talk to them.
func Specs(kinds map[system.Kind]connector.Kind) map[system.Kind]hub.KindSpec {
	out := make(map[system.Kind]hub.KindSpec, len(kinds))
	for name, k := range kinds {
		out[name] = hub.KindSpec{
			Title: k.Title, PollEvery: k.PollEvery, Support: k.Support, Reads: k.Reads, Writes: k.Writes, Refuses: k.Refuses,
			Keeps: k.Keeps, From: k.From, SourceEvery: k.SourceEvery, Scope: k.Scope, ShowsKYC: k.ShowsKYC, BesideKYC: k.BesideKYC, OwnContact: k.OwnContact, Activates: k.Activates, Receives: k.Receive != nil,
			Flow: k.Flow, VisitingOffice: k.VisitingOffice, NeedsNumber: k.NeedsNumber, WriteEvery: k.WriteEvery,
			Settings: func(given map[string]string) (map[string]string, error) {
				return connector.CheckSettings(k.Settings, given)
			},
			Credentials: func(given map[string]string) (map[string]string, error) {
				return connector.CheckSettings(k.Credentials, given)
			},
		}
		if k.Lane != nil {
			spec := out[name]
			spec.Lane = func(s system.System) string { return LaneOf(k, s) }
			out[name] = spec
		}
	}
	return out
}
