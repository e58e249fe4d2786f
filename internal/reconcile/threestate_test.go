package reconcile_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"customerhub/internal/customer"
	"customerhub/internal/hub"
	"customerhub/internal/outbound"
	"customerhub/internal/reconcile"
	sandbox "customerhub/internal/sandbox/netvisor"
)

// recorder keeps what was sent to writing resources, as resource, query and body.
type recorder struct {
	mu   sync.Mutex
	sent []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodPost {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		r.mu.Lock()
		r.sent = append(r.sent, req.URL.Path+"?"+req.URL.RawQuery+" "+string(body))
		r.mu.Unlock()
	}
	return http.DefaultTransport.RoundTrip(req)
}

// empty is an element that would clear something.
var empty = regexp.MustCompile(`<([a-z]+)(\s[^>]*)?(/>|>\s*</)`)

// TestThreeStates is T25 as a table: what becomes of a telephone number of the card, of an office and of a contact person when a
// person in the hub and somebody in Netvisor each left it alone, set it or cleared it since both agreed; and what is sent. An element
// is empty only where somebody in the hub cleared the value (Promise 5).
func TestThreeStates(t *testing.T) {
	t.Parallel()
	const was, ours, theirs = "02 111 1111", "02 222 2222", "02 333 3333"
	sent := &recorder{}
	b := overTheWire(t, sandbox.Options{Customers: 27, Seed: 7})
	b.worker = reconcile.NewWorker(b.hub, b.db.App, reconcile.Options{Kinds: b.kinds, Client: outbound.Client(outbound.Options{Transport: sent}), Workers: 1})
	keys := b.keys()
	office, person := map[int64]int64{}, map[int64]int64{}
	for _, key := range keys {
		b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) (err error) {
			if err = c.Set("PhoneNumber", was); err != nil {
				return err
			}
			if office[key], err = c.SetOffice(0, map[string]string{"officeName": "Toimisto", "officePhoneNumber": was}); err != nil {
				return err
			}
			person[key], err = c.SetContactPerson(0, map[string]string{
				"contactPersonFirstName": "Aino", "contactPersonLastName": "Malli " + strconv.FormatInt(key, 10), "contactPersonPhoneNumber": was,
			})
			return err
		}))
	}
	bothWays(b)
	b.imported()

	places := map[string]struct {
		here     func(key int64, value string)
		there    func(c *sandbox.Customer, key int64, value string) error
		of       func(c *hub.CustomerView, key int64) string
		at       func(c *sandbox.Customer, key int64) string
		resource string
	}{
		"Card": {
			here:     func(key int64, value string) { b.edit(id(key), customer.Fields{customer.FieldPhone: value}) },
			there:    func(c *sandbox.Customer, _ int64, value string) error { return c.Set("PhoneNumber", value) },
			of:       func(c *hub.CustomerView, _ int64) string { return c.Phone.Raw },
			at:       func(c *sandbox.Customer, _ int64) string { return c.Get("PhoneNumber") },
			resource: "/customer.nv?method=edit&id=%d",
		},
		"Office": {
			here: func(key int64, value string) {
				c := b.find(id(key))
				for _, o := range c.Offices {
					if o.Name == "Toimisto" {
						_, _, err := b.hub.UpsertOffice(t.Context(), b.viewer, c.ID, o.ID, nil, customer.Fields{"phone": value}, "")
						b.must(err)
					}
				}
			},
			there: func(c *sandbox.Customer, key int64, value string) error {
				_, err := c.SetOffice(office[key], map[string]string{"officePhoneNumber": value})
				return err
			},
			of: func(c *hub.CustomerView, _ int64) string {
				for _, o := range c.Offices {
					if o.Name == "Toimisto" {
						return o.Phone.Raw
					}
				}
				return "no office"
			},
			at: func(c *sandbox.Customer, key int64) string {
				return partOf(c.Offices(), office[key])["OfficePhoneNumber"]
			},
			resource: "/office.nv?method=edit&customerid=%d",
		},
		"ContactPerson": {
			here: func(key int64, value string) {
				for _, ct := range b.find(id(key)).Contacts {
					if strings.HasPrefix(ct.Person.LastName, "Malli ") {
						_, err := b.hub.UpdatePerson(t.Context(), b.viewer, ct.Person.ID, customer.Fields{"phones": value}, "")
						b.must(err)
					}
				}
			},
			there: func(c *sandbox.Customer, key int64, value string) error {
				_, err := c.SetContactPerson(person[key], map[string]string{"contactPersonPhoneNumber": value})
				return err
			},
			of: func(c *hub.CustomerView, _ int64) string {
				for _, ct := range c.Contacts {
					if strings.HasPrefix(ct.Person.LastName, "Malli ") {
						if len(ct.Person.Phones) == 0 {
							return ""
						}
						return ct.Person.Phones[0].Raw
					}
				}
				return "no contact"
			},
			at: func(c *sandbox.Customer, key int64) string {
				return partOf(c.ContactPersons(), person[key])["ContactPersonPhoneNumber"]
			},
			resource: "/contactperson.nv?",
		},
	}
	const absent = "absent"
	table := []struct {
		name, here, there string
		want              string // on both sides
		element           string // what the message has; empty for no message
	}{
		{"AbsentAbsent", absent, absent, was, ""},
		{"AbsentSet", absent, theirs, theirs, ""},
		{"AbsentClear", absent, "", "", ""},
		{"SetAbsent", ours, absent, ours, "<phonenumber>" + ours + "</phonenumber>"},
		{"SetSet", ours, theirs, theirs, ""}, // R55
		{"SetClear", ours, "", "", ""},
		{"ClearAbsent", "", absent, "", "<phonenumber></phonenumber>"},
		{"ClearSet", "", theirs, theirs, ""},
		{"ClearClear", "", "", "", ""},
	}
	next := 0
	type done struct {
		name, place string
		key         int64
		row         int
	}
	var all []done
	for place, p := range places {
		for row, tc := range table {
			key := keys[next]
			next++
			if tc.here != absent {
				p.here(key, tc.here)
			}
			if tc.there != absent {
				b.must(b.netvisor.Edit("", key, func(c *sandbox.Customer) error { return p.there(c, key, tc.there) }))
			}
			all = append(all, done{"T25_" + tc.name + "/" + place, place, key, row})
		}
	}
	b.settle()
	b.sync(true)
	b.settle()
	emptied := 0
	for _, m := range sent.sent {
		emptied += len(empty.FindAllString(m, -1))
	}
	if emptied != len(places) {
		t.Errorf("Promise 5: %d empty elements were sent, want one for each place where a value was cleared: %q", emptied, sent.sent)
	}
	for _, d := range all {
		t.Run(d.name, func(t *testing.T) {
			tc, p := table[d.row], places[d.place]
			if got := p.of(b.find(id(d.key)), d.key); got != tc.want {
				t.Errorf("the hub has %q, want %q", got, tc.want)
			}
			if got := p.at(b.theirs(d.key), d.key); got != tc.want {
				t.Errorf("Netvisor has %q, want %q", got, tc.want)
			}
			resource := p.resource
			if strings.Contains(resource, "%d") {
				resource = fmt.Sprintf(resource, d.key)
			}
			var messages []string
			for _, m := range sent.sent {
				if strings.HasPrefix(m, resource) && (d.place != "ContactPerson" || strings.Contains(m, fmt.Sprintf(">%d<", d.key))) {
					messages = append(messages, strings.ReplaceAll(m, "<phonenumber/>", "<phonenumber></phonenumber>"))
				}
			}
			switch {
			case tc.element == "" && len(messages) > 0:
				t.Errorf("sent %q", messages)
			case tc.element != "" && (len(messages) != 1 || !strings.Contains(messages[0], tc.element)):
				t.Errorf("sent %q, want one message with %s", messages, tc.element)
			}
		})
	}
}

// partOf is the office or contact person with a key.
func partOf(parts []map[string]string, key int64) map[string]string {
	for _, p := range parts {
		for name, value := range p {
			if strings.HasSuffix(name, "NetvisorKey") && name != "ContactPersonOfficeNetvisorKey" || name == "ContactPersonID" {
				if value == strconv.FormatInt(key, 10) {
					return p
				}
			}
		}
	}
	return nil
}
