package connector

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"customerhub/internal/fault"
)

// CheckSettings checks given values against the settings of a kind and fills in defaults. All faults come back together,
// each with the setting's name as path: SETTING_REQUIRED, SETTING_INVALID, SETTING_UNKNOWN. No fault repeats a value, since
// it may be a secret (Promise 11).
func CheckSettings(settings []Setting, given map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(settings))
	var faults fault.Errors
	for _, s := range settings {
		value := strings.TrimSpace(given[s.Name])
		if value == "" {
			value = s.Default
		}
		switch {
		case value == "" && s.Optional:
			continue
		case value == "":
			faults = append(faults, fault.Because(fault.Invalid, "SETTING_REQUIRED", "%s is needed. %s", s.Title, s.Help).At(s.Name))
			continue
		}
		if s.Valid != nil {
			if err := s.Valid(value); err != nil {
				faults = append(faults, fault.Because(fault.Invalid, "SETTING_INVALID", "%s: %s", s.Title, err).At(s.Name))
				continue
			}
		}
		out[s.Name] = value
	}
	known := make([]string, len(settings))
	for i, s := range settings {
		known[i] = s.Name
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) {
			faults = append(faults, fault.Because(fault.Invalid, "SETTING_UNKNOWN",
				"There is no such setting. The settings are: %s.", strings.Join(known, ", ")).At(name))
		}
	}
	return out, faults.OrNil()
}

// ResolveSettings gives the values that a connection is opened with, defaults filled in. Its error names each one that is missing or wrong,
// and repeats no value, since it may be a secret (Promise 11).
func ResolveSettings(settings []Setting, given map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(settings))
	var errs []error
	for _, s := range settings {
		v := cmp.Or(strings.TrimSpace(given[s.Name]), s.Default)
		switch {
		case v == "" && s.Optional:
			continue
		case v == "":
			errs = append(errs, fmt.Errorf("%s is missing", s.Name))
		case s.Valid != nil:
			if err := s.Valid(v); err != nil {
				errs = append(errs, fmt.Errorf("%s %w", s.Name, err))
			}
		}
		out[s.Name] = v
	}
	return out, errors.Join(errs...)
}
