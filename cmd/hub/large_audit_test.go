package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"customerhub/internal/sandbox/netvisor"
)

// largeCall is how many cards one call may ask for. Two such calls make a batch of a hundred (design section 5): the one whose cards
// are being stored and the one under way, so that is what one kill may cost.
const (
	largeCall  = 50
	largeBatch = 2 * largeCall
)

// callAudit is what a call log tells of one run that was killed some times. It knows nothing of the hub's tables.
type callAudit struct {
	lists, cards int
	asked        map[string]int // how often each customer was asked for
	again        []int          // by hub: customers asked for that an earlier one had asked for
	listed       int            // rows of the list that was believed
	atWork       time.Duration  // from the first to the last call of each hub
	wrong        []string       // what must not be
}

// auditCalls reads a log that was cut by kills behind the calls of these numbers.
func auditCalls(calls []netvisor.Call, kills []int64) *callAudit {
	a := &callAudit{asked: map[string]int{}}
	if from := slices.IndexFunc(calls, ofRun); from >= 0 {
		calls = calls[from:]
	}
	for _, last := range kills {
		cut := len(calls)
		if i := slices.IndexFunc(calls, func(c netvisor.Call) bool { return c.Number > last }); i >= 0 {
			cut = i
		}
		a.read(calls[:cut], true)
		calls = calls[cut:]
	}
	a.read(calls, false)
	return a
}

// read reads the calls of one hub.
func (a *callAudit) read(calls []netvisor.Call, killed bool) {
	if len(calls) == 0 {
		a.fault("a hub made no call: it came too late or was killed too early")
		return
	}
	a.atWork += calls[len(calls)-1].End.Sub(calls[0].Start)
	here, again, names := map[string]bool{}, 0, 0
	for i, c := range calls {
		cut := killed && i == len(calls)-1
		if !answered(c) && !cut {
			a.fault("call %d was not answered, and no kill explains it: %+v", c.Number, c)
		}
		if c.Overlapped {
			a.fault("two calls at a time: %+v", c)
		}
		switch c.Resource {
		case "customerlist.nv":
			a.lists++
			if len(a.asked) > 0 {
				a.fault("call %d lists anew after cards were read", c.Number)
			}
			if i > 0 {
				a.fault("call %d lists anew without a kill", c.Number)
			}
			a.listed = c.Customers
		case "getcustomer.nv":
			a.cards++
			keys := keysOf(c)
			if len(keys) > largeCall || answered(c) && len(keys) != c.Customers {
				a.fault("call %d asked for %d customers and got %d", c.Number, len(keys), c.Customers)
			}
			for _, key := range keys {
				if here[key] {
					a.fault("customer %s was asked for twice by one hub", key)
				}
				here[key] = true
				if a.asked[key]++; a.asked[key] > 1 {
					again++
				}
			}
		case "salespersonnellist.nv":
			// Names of sales persons get their keys from it; each hub asks once.
			if names++; names > 1 {
				a.fault("call %d asks for the sales persons again", c.Number)
			}
		default:
			a.fault("call %d is for %s", c.Number, c.Resource)
		}
	}
	a.again = append(a.again, again)
}

// maxFaults bounds what is told of a log that is wrong all over.
const maxFaults = 20

func (a *callAudit) fault(format string, args ...any) {
	if len(a.wrong) < maxFaults {
		a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
	}
}

// check says what is wrong with a look at so many customers that was killed so many times.
func (a *callAudit) check(t *testing.T, customers, kills int) {
	t.Helper()
	for _, w := range a.wrong {
		t.Error(w)
	}
	// A list that a kill cut, or that was not stored yet when the kill came, is asked for again.
	if a.lists < 1 || a.lists > 1+kills {
		t.Errorf("the list was asked for %d times", a.lists)
	}
	// The placeholder customer is listed too, and never read.
	if a.listed != customers+1 {
		t.Errorf("the list that was believed has %d customers, want %d", a.listed, customers+1)
	}
	if len(a.asked) != customers {
		t.Errorf("%d customers were asked for, want %d", len(a.asked), customers)
	}
	for key, times := range a.asked {
		if times > 1+kills {
			t.Errorf("customer %s was asked for %d times", key, times)
		}
	}
	for i, n := range a.again {
		if n > largeBatch {
			t.Errorf("hub %d asked for %d customers again, want at most %d", i+1, n, largeBatch)
		}
	}
	if n := a.repeats(); n > kills*largeBatch {
		t.Errorf("%d customers were asked for again, want at most %d", n, kills*largeBatch)
	}
}

// repeats is how many customers were asked for beyond once.
func (a *callAudit) repeats() (n int) {
	for _, again := range a.again {
		n += again
	}
	return n
}

// notIn counts customers that were asked for and are not among the keys.
func (a *callAudit) notIn(keys map[string]bool) (n int) {
	for key := range a.asked {
		if !keys[key] {
			n++
		}
	}
	return n
}

// ofRun leaves out the calls of a check, which lists the placeholder customer alone and reads its card.
func ofRun(c netvisor.Call) bool {
	return c.Resource == "customerlist.nv" && c.Query == "" || c.Resource == "getcustomer.nv" && strings.HasPrefix(c.Query, "idlist=")
}

// TestCallAudit shows that the audit finds what it is for.
func TestCallAudit(t *testing.T) {
	t.Parallel()
	call := func(resource, query string, customers int) netvisor.Call {
		now := time.Now()
		return netvisor.Call{Start: now, End: now, Resource: resource, Query: query, Status: "OK", HTTPStatus: http.StatusOK, Customers: customers}
	}
	list := call("customerlist.nv", "", 5)
	cards := func(keys ...string) netvisor.Call {
		return call("getcustomer.nv", "idlist="+strings.Join(keys, ","), len(keys))
	}
	cut := func(c netvisor.Call) netvisor.Call {
		c.Aborted = true
		return c
	}
	sales := call("salespersonnellist.nv", "", 0)
	overlapped := cards("3", "4")
	overlapped.Overlapped = true
	for _, tt := range []struct {
		name  string
		calls []netvisor.Call
		kills []int64
		want  string // empty is in order
	}{
		{"WithoutKills", []netvisor.Call{list, cards("1", "2"), cards("3", "4")}, nil, ""},
		{"CheckBefore", []netvisor.Call{call("customerlist.nv", "customercodelist=TEMP", 1), call("getcustomer.nv", "id=9", 1), list, cards("1", "2"), cards("3", "4")}, nil, ""},
		{"KilledInTheList", []netvisor.Call{cut(list), list, cards("1", "2"), cards("3", "4")}, []int64{1}, ""},
		{"KilledInABatch", []netvisor.Call{list, cards("1", "2"), cut(cards("3", "4")), cards("3", "4")}, []int64{3}, ""},
		{"ListedAfterCards", []netvisor.Call{list, cards("1", "2"), list, cards("3", "4")}, []int64{2}, "lists anew after cards"},
		{"ListedTwice", []netvisor.Call{list, list, cards("1", "2"), cards("3", "4")}, nil, "lists anew without a kill"},
		{"AskedTwiceByOneHub", []netvisor.Call{list, cards("1", "2"), cards("2", "3", "4")}, nil, "asked for twice"},
		{"Overlap", []netvisor.Call{list, cards("1", "2"), overlapped}, nil, "two calls at a time"},
		{"CutWithoutKill", []netvisor.Call{list, cut(cards("1", "2")), cards("3", "4")}, nil, "not answered"},
		{"SalesPersonsOncePerHub", []netvisor.Call{list, sales, cards("1", "2"), cut(cards("3", "4")), sales, cards("3", "4")}, []int64{4}, ""},
		{"SalesPersonsTwice", []netvisor.Call{list, sales, cards("1", "2"), sales, cards("3", "4")}, nil, "sales persons again"},
		{"AnotherResource", []netvisor.Call{list, cards("1", "2"), cards("3", "4"), call("customer.nv", "method=add", 0)}, nil, "is for customer.nv"},
		{"KilledAfterTheEnd", []netvisor.Call{list, cards("1", "2"), cards("3", "4")}, []int64{3}, "made no call"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for i := range tt.calls {
				tt.calls[i].Number = int64(i + 1)
			}
			a := auditCalls(tt.calls, tt.kills)
			found := strings.Join(a.wrong, "\n")
			if (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
			if tt.want == "" {
				a.check(t, 4, len(tt.kills))
			}
		})
	}
}

// answered says whether the whole answer was sent.
func answered(c netvisor.Call) bool {
	return c.Status == "OK" && c.HTTPStatus == http.StatusOK && !c.Aborted && !c.End.IsZero()
}

// keysOf are the customers whose cards a call asks for.
func keysOf(c netvisor.Call) []string {
	if c.Resource != "getcustomer.nv" {
		return nil
	}
	q, err := url.ParseQuery(c.Query)
	if err != nil {
		return nil
	}
	if id := q.Get("id"); id != "" {
		return []string{id}
	}
	return strings.FieldsFunc(q.Get("idlist"), func(r rune) bool { return r == ',' })
}
