package netvisor

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxCodes = 100 // customercodelist
	maxIDs   = 500 // idlist

	optionTurnover = 1 // the replyoption bits 2 and 8 are accepted, but the shape of what they add is not known
	optionTags     = 4 // [assumed], and only where Options.CustomTags are set
	optionAll      = 1 | 2 | 4 | 8
)

// customerList answers customerlist.nv: the whole list in one reply, streamed row by row.
func (s *Sandbox) customerList(c *company, p parameters, out *reply) *failure {
	filter, f := s.listFilter(p)
	if f != nil {
		return f
	}
	now, rows := c.book.list(p.codes())
	if f := out.strikes.find(FaultLag); f != nil {
		seen, from := filter, now.at.Add(-time.Duration(f.Delay))
		filter = func(row summary) bool { return !row.changed.After(from) && seen(row) }
	}
	// TimeStamp is the moment of the snapshot, so that a later change is always after it.
	x := out.begin(statusOK, "", now.at)
	listed := 0
	for row := range rows {
		if out.ctx.Err() != nil {
			break
		}
		if !filter(row) {
			continue
		}
		if listed == 0 {
			x.open("Customerlist")
		}
		x.element(row.element())
		listed++
	}
	if listed == 0 {
		x.element(leaf("Customerlist", ""))
	} else {
		x.close("Customerlist")
	}
	out.customers = listed
	out.end(x)
	return nil
}

// codes are the values of customercodelist.
func (p parameters) codes() []string {
	var codes []string
	for code := range strings.SplitSeq(p["customercodelist"], ",") {
		if code = strings.TrimSpace(code); code != "" {
			codes = append(codes, code)
		}
	}
	return codes
}

// listFilter reads the parameters of customerlist.nv. Keyword makes changedsince be ignored; all others must all match [inferred].
func (s *Sandbox) listFilter(p parameters) (func(summary) bool, *failure) {
	keyword := strings.ToLower(strings.TrimSuffix(p["keyword"], "*"))
	email := strings.ToLower(strings.TrimSuffix(p["emailkeyword"], "*"))

	var since time.Time
	if given := p["changedsince"]; given != "" {
		var err error
		if since, err = time.Parse("2006-01-02T15:04:05", given); err != nil {
			if since, err = time.Parse(time.DateOnly, given); err != nil {
				return nil, fail(invalidData, textBadParameter, "changedsince", given)
			}
		}
	}
	var codes map[string]bool
	if given := p["customercodelist"]; given != "" {
		codes = map[string]bool{}
		asked := p.codes()
		for _, code := range asked {
			codes[code] = true
		}
		if len(asked) > maxCodes {
			return nil, fail(invalidData, textTooMany, "customercodelist", maxCodes)
		}
	}
	return func(row summary) bool {
		if codes != nil && !codes[row.code] {
			return false
		}
		if email != "" && !prefixed(row.email, email) {
			return false
		}
		if keyword != "" {
			return prefixed(row.name, keyword) || prefixed(row.code, keyword) || prefixed(row.businessID, keyword) || prefixed(row.extension, keyword)
		}
		return since.IsZero() || wallClock(row.changed, s.helsinki).After(since)
	}, nil
}

func prefixed(value, lowerPrefix string) bool {
	return strings.HasPrefix(strings.ToLower(value), lowerPrefix)
}

// wallClock is what a clock on a wall in the zone shows, as a UTC time. Changes are compared by it, since the service has no zone
// in changedsince: in the autumn an hour comes twice, and a reader must look back further [inferred].
func wallClock(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// getCustomer answers getcustomer.nv with one card for id, or those that exist, in the order asked, for idlist.
func (s *Sandbox) getCustomer(c *company, p parameters, out *reply) *failure {
	id, list := p["id"], p["idlist"]
	if (id == "") == (list == "") {
		return fail(invalidData, textOneOf, "id", "idlist")
	}
	option := 0
	if given := p["replyoption"]; given != "" {
		var err error
		if option, err = strconv.Atoi(given); err != nil || option < 0 || option > optionAll {
			return fail(invalidData, textBadParameter, "replyoption", given)
		}
	}

	if id != "" {
		key, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return fail(invalidData, textBadParameter, "id", id)
		}
		found, at, ok := c.book.one(key)
		if !ok {
			return fail(invalidData, textNoCustomer, key)
		}
		x := out.begin(statusOK, "", at)
		x.element(found.reply(option, s.opts.CustomTags != nil))
		out.customers = 1
		out.end(x)
		return nil
	}

	keys, f := keysOf("idlist", list, maxIDs)
	if f != nil {
		return f
	}
	now := c.book.snapshot()
	x := out.begin(statusOK, "", now.at)
	for _, key := range keys {
		found, ok := now.get(key)
		if !ok {
			continue // [inferred]: unknown keys are left out
		}
		if out.customers == 0 {
			x.open("Customers")
		}
		x.element(found.reply(option, s.opts.CustomTags != nil))
		out.customers++
	}
	if out.customers == 0 {
		x.element(leaf("Customers", ""))
	} else {
		x.close("Customers")
	}
	out.end(x)
	return nil
}

// keysOf are the keys in a list of a parameter, at most so many.
func keysOf(parameter, list string, most int) ([]int64, *failure) {
	asked := strings.Split(list, ",")
	if len(asked) > most {
		return nil, fail(invalidData, textTooMany, parameter, most)
	}
	var keys []int64
	for _, a := range asked {
		key, err := strconv.ParseInt(strings.TrimSpace(a), 10, 64)
		if err != nil {
			return nil, fail(invalidData, textBadParameter, parameter, a)
		}
		if !slices.Contains(keys, key) { // a key asked twice is answered once [inferred]
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// reply is the card as sent: what belongs to a replyoption only when it was asked for.
func (c *Customer) reply(option int, tags bool) *element {
	info := c.detail.child("CustomerAdditionalInformation")
	withTags := tags && option&optionTags != 0 && len(c.tags) > 0
	if !withTags && (option&optionTurnover != 0 || info.child("AdditionalInformation") == nil) {
		return c.detail
	}
	e := *c.detail
	e.children = slices.Clone(e.children)
	slim := element{name: "CustomerAdditionalInformation"}
	if info != nil {
		slim = *info
		slim.children = slices.Clone(info.children)
		e.children = slices.DeleteFunc(e.children, func(c *element) bool { return c == info })
	}
	if option&optionTurnover == 0 {
		slim.remove("AdditionalInformation")
	}
	if withTags {
		slim.text, slim.children = "", append(slim.children, c.tagElement())
	}
	at := len(e.children)
	if info != nil {
		at = slices.Index(c.detail.children, info)
	}
	e.children = slices.Insert(e.children, at, &slim)
	return &e
}
