package netvisorkyc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPage = 100
	maxPage     = 500
)

// listing is what a list was asked for.
type listing struct {
	values url.Values
	what   string // the list and its filters: a cursor belongs to both
	limit  int
	after  place
	since  time.Time
}

// cursor is what an opaque cursor holds.
type cursor struct {
	What string `json:"w"`
	At   int64  `json:"t,omitempty"`
	Num  int64  `json:"n"`
}

func (c cursor) text() *string {
	b, _ := json.Marshal(c) // texts and numbers
	return new(base64.RawURLEncoding.EncodeToString(b))
}

func readCursor(text, what string) (c cursor, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || c.What != what || c.Num < 0 {
		return c, invalid(FieldError{"cursor", "CURSOR", "is none of this list with these filters"})
	}
	return c, nil
}

// listing reads the query of a list; names that mean nothing are refused, since a filter that is ignored is a wrong answer.
func (c *apiCall) listing(what string, filters ...string) (*listing, error) {
	l := &listing{values: c.query, limit: defaultPage}
	if err := c.only(append([]string{"limit", "cursor"}, filters...)...); err != nil {
		return nil, err
	}
	shape := url.Values{}
	for _, name := range filters {
		if c.query.Get(name) != "" {
			shape.Set(name, c.query.Get(name))
		}
	}
	l.what = what + "?" + shape.Encode()
	var err error
	if l.limit, err = c.limit(); err != nil {
		return nil, err
	}
	if text := c.query.Get("updatedSince"); text != "" {
		if l.since, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, invalid(FieldError{"updatedSince", "FORMAT", "must be an instant such as 2026-01-31T08:00:00Z"})
		}
	}
	if text := c.query.Get("cursor"); text != "" {
		at, err := readCursor(text, l.what)
		if err != nil {
			return nil, err
		}
		l.after = place{time.UnixMicro(at.At).UTC(), at.Num}
	}
	return l, nil
}

// only refuses parameters that mean nothing here, and those given twice.
func (c *apiCall) only(names ...string) error {
	for name, values := range c.query {
		if !slices.Contains(names, name) {
			return invalid(FieldError{name, "UNKNOWN", "is no parameter of this address"})
		}
		if len(values) > 1 {
			return invalid(FieldError{name, "TWICE", "is given more than once"})
		}
	}
	return nil
}

func (c *apiCall) limit() (int, error) {
	text := c.query.Get("limit")
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, invalid(FieldError{"limit", "RANGE", fmt.Sprintf("must be between 1 and %d", maxPage)})
	}
	return n, nil
}

// oneOf reads a filter that takes one or more words, joined with commas; nil is no filter.
func (l *listing) oneOf(name string, known ...string) (map[string]bool, error) {
	if l.values.Get(name) == "" {
		return nil, nil //nolint:nilnil // no filter
	}
	out := map[string]bool{}
	for word := range strings.SplitSeq(l.values.Get(name), ",") {
		if !slices.Contains(known, word) {
			return nil, invalid(FieldError{name, "VALUE", "must be one or more of " + strings.Join(known, ",")})
		}
		out[word] = true
	}
	return out, nil
}

func (l *listing) yesNo(name string) (*bool, error) {
	switch l.values.Get(name) {
	case "":
		return nil, nil //nolint:nilnil // no filter
	case "true":
		return new(true), nil
	case "false":
		return new(false), nil
	default:
		return nil, invalid(FieldError{name, "VALUE", "must be true or false"})
	}
}

// pageOf cuts a page out of a register.
func pageOf[T, V any](r *register[T], l *listing, keep func(*T) bool, view func(*T) V) list[V] {
	out := list[V]{Items: []V{}}
	var last place
	for at, one := range r.after(l.after) {
		if !keep(one) {
			continue
		}
		if len(out.Items) == l.limit {
			out.HasMore = true
			out.NextCursor = cursor{What: l.what, At: last.at.UnixMicro(), Num: last.num}.text()
			break
		}
		out.Items = append(out.Items, view(one))
		last = at
	}
	return out
}

// numberOf reads an id of the sandbox's own; 0 is none.
func numberOf(id, prefix string) int64 {
	digits, ok := strings.CutPrefix(id, prefix)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || strconv.FormatInt(n, 10) != digits {
		return 0
	}
	return n
}
