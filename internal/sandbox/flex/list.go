package flex

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPage = 100 // [assumed]
	maxPage     = 200
)

func queryOf(r *http.Request) (url.Values, error) { return url.ParseQuery(r.URL.RawQuery) }

// page of customers [assumed]: nextCursor is null on the last one.
type customerPage struct {
	Items      []json.RawMessage `json:"items"`
	NextCursor *string           `json:"nextCursor"`
}

// filter is what GET /customers asks for.
type filter struct {
	since  time.Time
	active *bool
	limit  int
	// from is the index of the first customer to look at.
	from int
	// text is the filters as they were sent, which a cursor belongs to.
	text string
}

// cursor is where a list goes on: behind a customer's id, for the same filters. Since ids are given in order and customers are never deleted, paging neither
// skips nor repeats a customer that was there when it began, whatever is changed meanwhile.
func (f filter) cursor(last int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("1 " + strconv.Itoa(last) + " " + f.mark()))
}

func (f filter) mark() string {
	sum := sha256.Sum256([]byte(f.text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

func readFilter(r *http.Request) (filter, *Problem) {
	if p := parameters(r, "modifiedSince", "active", "limit", "cursor"); p != nil {
		return filter{}, p
	}
	q, _ := queryOf(r) // it has just been read
	f := filter{limit: defaultPage, text: q.Get("modifiedSince") + "|" + q.Get("active")}
	if t := q.Get("modifiedSince"); t != "" {
		at, err := time.Parse(time.RFC3339, t)
		if err != nil {
			return f, malformed("modifiedSince must be a time such as 2026-01-31T12:00:00Z, not %q", clip(t))
		}
		f.since = at.Truncate(time.Millisecond) // stamps are no more precise
	}
	switch a := q.Get("active"); a {
	case "":
	case "true", "false":
		f.active = new(a == "true")
	default:
		return f, malformed("active must be true or false, not %q", clip(a))
	}
	if l := q.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > maxPage {
			return f, malformed("limit must be between 1 and %d, not %q", maxPage, clip(l))
		}
		f.limit = n
	}
	if c := q.Get("cursor"); c != "" {
		b, err := base64.RawURLEncoding.DecodeString(c)
		parts := strings.Split(string(b), " ")
		last, wrong := 0, err
		if wrong == nil && len(parts) == 3 {
			last, wrong = strconv.Atoi(parts[1])
		}
		if wrong != nil || last < 0 || f.cursor(last) != c {
			return f, malformed("the cursor is not one of a list with these filters")
		}
		f.from = last + 1
	}
	return f, nil
}

func (s *Sandbox) listCustomers(r *request) *answer {
	f, p := readFilter(r.Request)
	if p != nil {
		return p.answer()
	}
	s.mu.Lock()
	now := s.Now()
	var found []*entry
	last, more := 0, false
	for i := f.from; i < len(r.o.customers); i++ {
		e := r.o.customers[i]
		// A change at the very moment asked for is in: the caller may have seen less of that moment.
		if e.c.UpdatedAt.Before(f.since) || f.active != nil && e.c.Active != *f.active || r.hide > 0 && now.Sub(e.c.UpdatedAt) < time.Duration(r.hide) {
			continue
		}
		if more = len(found) == f.limit; more {
			break
		}
		found = append(found, e)
		last = i
	}
	s.mu.Unlock()

	out := customerPage{Items: make([]json.RawMessage, len(found))}
	for i, e := range found {
		b, err := encode(e.c)
		if err != nil {
			return refuse(http.StatusInternalServerError, CodeInternalError, "a customer cannot be written").answer()
		}
		out.Items[i] = b
	}
	if more {
		out.NextCursor = new(f.cursor(last))
	}
	a := jsonAnswer(http.StatusOK, out)
	a.customers = len(found)
	return a
}
