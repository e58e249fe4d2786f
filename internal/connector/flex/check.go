package flex

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"customerhub/internal/connector/flex/api"
	"customerhub/internal/fault"
	"customerhub/internal/system"
)

// Names of the checks.
const (
	checkKey       = "api key"
	checkTypes     = "customer types"
	checkSeries    = "number series"
	checkMandatory = "mandatory fields"
)

const (
	fixKey     = "An administrator asks Flex support for a new API key of the organisation, and it is stored here. Support: " + Support + "."
	fixEnabled = "The integration is off until Flex support switches it on, as a chargeable service: " + Support + "."
	fixScope   = "Flex support gives the API key the scope: " + Support + "."
	fixTypes   = "Flex support creates one customer type for private customers and one for companies from Netvisor, with the identifiers PRIVATE and " +
		"COMPANY and without a number series: " + Support + ". Where there are several, the settings " + PrivateType + " and " + CompanyType + " say which."
	fixMandatory = "Flex support makes the fields of these types voluntary, or they are filled in for each customer in Netvisor. Support: " + Support + "."
)

// Check implements connector.Checker: the key and each of its rights, and the customer types (contract section 3.1, F8, F9, F21). Whether numbers
// overlap with those of other systems is for the hub to say, which knows them (Series). It changes nothing.
func (c *Connection) Check(ctx context.Context) ([]system.Check, error) {
	ts, err := c.readTypes(ctx)
	f := fault.Of(err)
	switch {
	case err == nil, f != nil && f.Reason == ScopeMissing:
	case f != nil && f.Reason == NotEnabled:
		return []system.Check{{Name: checkKey, OK: true}, {Name: system.CheckIntegration, Message: f.Message, Fix: fixEnabled}}, nil
	case fault.Is(err, fault.Denied):
		return []system.Check{{Name: checkKey, Message: f.Message, Fix: fixKey}}, nil
	default:
		return nil, err
	}
	out := []system.Check{{Name: checkKey, OK: true}, {Name: system.CheckIntegration, OK: true}}
	rights, err := c.rights(ctx, err)
	if err != nil {
		return nil, err
	}
	if out = append(out, rights...); ts == nil {
		return out, nil
	}
	return append(out, c.typesRight(ts)...), nil
}

// rights looks at each right by a call that needs it and changes nothing. typesRead is what came of reading the customer types.
func (c *Connection) rights(ctx context.Context, typesRead error) ([]system.Check, error) {
	list := c.request(http.MethodGet, customers)
	list.Query = url.Values{"limit": {"1"}}
	_, read := c.service.Read(ctx, list)
	// Nobody has this id, which is found out after the right was looked at.
	change := c.request(http.MethodPost, customers, "none", "deactivate")
	change.Body = api.Nothing{}
	write := c.service.Send(ctx, change, nil)
	if fault.Is(write, fault.NotFound) {
		write = nil
	}
	_, hooks := c.Subscriptions(ctx)
	var out []system.Check
	for _, r := range []struct {
		scope string
		err   error
	}{{"types:read", typesRead}, {"customers:read", read}, {"customers:write", write}, {webhooks, hooks}} {
		check := system.Check{Name: "right " + r.scope, OK: r.err == nil}
		if f := fault.Of(r.err); f != nil && f.Reason == ScopeMissing {
			check.Message, check.Fix = f.Message, fixScope
		} else if r.err != nil {
			return nil, r.err
		}
		out = append(out, check)
	}
	return out, nil
}

// typesRight looks at the two types that customers from Netvisor get.
func (c *Connection) typesRight(ts types) []system.Check {
	kinds, series, mandatory := system.Check{Name: checkTypes, OK: true}, system.Check{Name: checkSeries, OK: true}, system.Check{Name: checkMandatory, OK: true}
	wrong := func(check *system.Check, fix, format string, args ...any) {
		check.OK, check.Fix = false, fix
		check.Message = strings.TrimSpace(check.Message + " " + fmt.Sprintf(format, args...))
	}
	for _, identifier := range []api.Text{identifierPrivate, identifierCompany} {
		fit := c.forNetvisor(ts, identifier)
		switch len(fit) {
		case 0:
			wrong(&kinds, fixTypes, "%s: no customer type for customers from Netvisor has the identifier %s.", TypeMissing, identifier)
		case 1:
		default:
			wrong(&kinds, fixTypes, "%s: %d customer types for customers from Netvisor have the identifier %s: %s.", TypeAmbiguous, len(fit), identifier, names(fit))
		}
		for _, t := range fit {
			if t.NumberSeries != nil {
				wrong(&series, fixTypes, "%s: the customer type %s gives numbers of its own, and customers from Netvisor bring theirs.", TypeHasSeries, named(t))
			}
			if unmet := unsatisfied(t); len(unmet) > 0 {
				wrong(&mandatory, fixMandatory, "%s: the customer type %s demands %s, which customers from Netvisor may lack; those cannot be made in Flex.",
					MandatoryUnsatisfiable, named(t), strings.Join(unmet, ", "))
			}
		}
	}
	mandatory.OK = true // a remark: those who have the fields come in
	return []system.Check{kinds, series, mandatory}
}

// MandatoryUnsatisfiable is the remark that a type demands what Netvisor does not (contract section 3.1, [assumed]).
const MandatoryUnsatisfiable = "FLEX_MANDATORY_UNSATISFIABLE"

// unsatisfied are the fields that a type demands and a customer from Netvisor may lack. Netvisor demands a name and nothing else.
func unsatisfied(t api.CustomerType) (out []string) {
	for _, f := range t.MandatoryFields {
		if name := inWords(f); f != "name" && name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func names(ts types) string {
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = named(t)
	}
	return strings.Join(out, ", ")
}
