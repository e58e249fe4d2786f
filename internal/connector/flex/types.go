package flex

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"customerhub/internal/connector/flex/api"
	"customerhub/internal/connector/record"
	"customerhub/internal/connector/rest"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/finnish"
	"customerhub/internal/system"
)

const (
	customerTypes = "customer-types"
	// identifierPrivate and identifierCompany say what a type's customers are in Netvisor (F8, F22).
	identifierPrivate = "PRIVATE"
	identifierCompany = "COMPANY"
)

// types are the customer types of an organisation.
type types []api.CustomerType

// typeCache remembers the types of organisations for a minute: support changes them once a year, and every record needs them.
type typeCache struct {
	mu sync.Mutex
	of map[string]typesAt
}

type typesAt struct {
	types types
	at    time.Time
}

// typesFresh is how long types are taken as they were. A type that is not among them has them read again.
const typesFresh = time.Minute

// typesOf gives the customer types as they are, or were a minute ago at most.
func (c *Connection) typesOf(ctx context.Context) (types, error) {
	id := c.service.Base.String() + " " + c.key
	c.types.mu.Lock()
	known, ok := c.types.of[id]
	c.types.mu.Unlock()
	if now := c.now(); ok && now.Sub(known.at) < typesFresh && !known.at.After(now) {
		return known.types, nil
	}
	return c.readTypes(ctx)
}

// readTypes reads the customer types, and remembers them.
func (c *Connection) readTypes(ctx context.Context) (types, error) {
	r := c.request(http.MethodGet, customerTypes)
	var out api.Types
	began := c.now()
	odd, err := c.service.Get(ctx, r, &out)
	if err == nil && (odd != "" || out.Items == nil) {
		err = c.service.BrokenReply(customerTypes, fault.Unavailable, errNoList)
	}
	if err != nil {
		return nil, err
	}
	if !types(*out.Items).whole() {
		return *out.Items, nil // the next one asks again
	}
	c.types.mu.Lock()
	defer c.types.mu.Unlock()
	const most = 10_000 // organisations; beyond that memory is worth more than calls
	if c.types.of == nil || len(c.types.of) > most {
		c.types.of = map[string]typesAt{}
	}
	c.types.of[c.service.Base.String()+" "+c.key] = typesAt{*out.Items, began}
	return *out.Items, nil
}

// typesWith gives the types, read anew where one of the ids is not among those that are remembered.
func (c *Connection) typesWith(ctx context.Context, ids ...api.Text) (types, error) {
	known, err := c.typesOf(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if known.find(id) == nil {
			return c.readTypes(ctx)
		}
	}
	return known, nil
}

// whole says whether all of what decides about types is told.
func (ts types) whole() bool {
	return !slices.ContainsFunc(ts, func(t api.CustomerType) bool { return !t.Whole() })
}

func (ts types) find(id api.Text) *api.CustomerType {
	for i := range ts {
		if ts[i].ID == id {
			return &ts[i]
		}
	}
	return nil
}

// forNetvisor are the types that customers from Netvisor may have, for the identifier: the one that the setting names, or those that have the
// identifier and are used for Netvisor (F8, F21).
func (c *Connection) forNetvisor(ts types, identifier api.Text) (out types) {
	set := c.company
	if identifier == identifierPrivate {
		set = c.private
	}
	for _, t := range ts {
		if set != "" && string(t.ID) == set && t.Identifier == identifier || set == "" && t.Identifier == identifier && t.UsedForNetvisor == "true" {
			out = append(out, t)
		}
	}
	return out
}

// typeFor gives the type of a new customer, or of one that became the other kind (F8, F22).
func (c *Connection) typeFor(ts types, k customer.Kind) (*api.CustomerType, error) {
	identifier := api.Text(identifierCompany)
	if k == customer.Private {
		identifier = identifierPrivate
	}
	switch fit := c.forNetvisor(ts, identifier); {
	case len(fit) != 1 && !ts.whole(): // an answer that tells less than always stops nothing
		return nil, c.service.BrokenReply(customerTypes, fault.Unavailable, errNoType)
	case len(fit) == 0:
		return nil, fault.Because(fault.Denied, TypeMissing, "Admicom Flex has no customer type with the identifier %s for customers from Netvisor. Support: %s.", identifier, Support)
	case len(fit) > 1:
		return nil, fault.Because(fault.Denied, TypeAmbiguous, "Admicom Flex has %d customer types with the identifier %s for customers from Netvisor: the setting has to say which. Support: %s.",
			len(fit), identifier, Support)
	case fit[0].NumberSeries != nil:
		return nil, fault.Because(fault.Denied, TypeHasSeries, "The customer type %s for customers from Netvisor has a number series in Admicom Flex. Support: %s.",
			named(fit[0]), Support)
	default:
		return &fit[0], nil
	}
}

// sureTypeFor is typeFor that asks for the types once more before it says that something is wrong with them: the system stops then, and a list that
// was cut short looks like one that is complete.
func (c *Connection) sureTypeFor(ctx context.Context, ts types, k customer.Kind) (*api.CustomerType, error) {
	t, err := c.typeFor(ts, k)
	if !fault.Is(err, fault.Denied) {
		return t, err
	}
	ts, err = c.readTypes(ctx)
	if err != nil {
		if fault.Of(err) == nil {
			err = c.service.NotSent(customerTypes, err)
		}
		return nil, err
	}
	return c.typeFor(ts, k)
}

// Reasons of what is wrong with customer types (contract section 3.1).
const (
	TypeMissing   = "FLEX_TYPE_MISSING"
	TypeAmbiguous = "FLEX_TYPE_AMBIGUOUS"
	TypeHasSeries = "FLEX_TYPE_HAS_NUMBER_SERIES"
)

// named is a type as people know it, without what never stands in a message (Promise 11).
func named(t api.CustomerType) string {
	if name := inWords(t.Name); name != "" {
		return record.Clip(name, 60)
	}
	return record.Clip(inWords(t.ID), 60)
}

func inWords(t api.Text) string { return finnish.MaskIdentityCodes(rest.Words(string(t))) }

// Series implements connector.Numberer.
func (c *Connection) Series(ctx context.Context) ([]system.Series, error) {
	ts, err := c.readTypes(ctx)
	if err != nil {
		return nil, err
	}
	var out []system.Series
	for _, t := range ts {
		if t.NumberSeries == nil {
			continue
		}
		next, err := strconv.ParseInt(string(t.NumberSeries.Next), 10, 64)
		if err != nil || next < 0 {
			continue // it gives no numbers that could be foreseen
		}
		out = append(out, system.Series{Name: named(t), Prefix: strings.TrimSpace(string(t.NumberSeries.Prefix)), Next: next})
	}
	return out, nil
}
