package netvisor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// plainElements are elements of customer.nv that any text fits, with their aggregate and their name in replies.
var plainElements = []struct{ group, name, reads string }{
	{"customerbaseinformation", "externalidentifier", "ExternalIdentifier"}, {"customerbaseinformation", "name", "Name"},
	{"customerbaseinformation", "nameextension", "NameExtension"}, {"customerbaseinformation", "streetaddress", "StreetAddress"},
	{"customerbaseinformation", "additionaladdressline", "AdditionalStreetAddress"}, {"customerbaseinformation", "city", "City"},
	{"customerbaseinformation", "postnumber", "PostNumber"}, {"customerbaseinformation", "phonenumber", "PhoneNumber"},
	{"customerbaseinformation", "faxnumber", "FaxNumber"}, {"customerbaseinformation", "email", "Email"}, {"customerbaseinformation", "homepageuri", "HomePageUri"},
	{"customerfinvoicedetails", "finvoiceaddress", "FinvoiceAddress"},
	{"customerdeliverydetails", "deliveryname", "DeliveryName"}, {"customerdeliverydetails", "deliverystreetaddress", "DeliveryStreetAddress"},
	{"customerdeliverydetails", "deliverycity", "DeliveryCity"}, {"customerdeliverydetails", "deliverypostnumber", "DeliveryPostNumber"},
	{"customercontactdetails", "contactperson", "ContactPerson"}, {"customercontactdetails", "contactpersonemail", "ContactPersonEmail"},
	{"customercontactdetails", "contactpersonphone", "ContactPersonPhone"},
	{"customeradditionalinformation", "comment", "Comment"}, {"customeradditionalinformation", "customeragreementidentifier", "CustomerAgreementIdentifier"},
	{"customeradditionalinformation", "customerreferencenumber", "ReferenceNumber"}, {"customeradditionalinformation", "yourdefaultreference", "YourDefaultReference"},
	{"customeradditionalinformation", "defaulttextbeforeinvoicelines", "DefaultTextBeforeInvoiceLines"},
}

// cardLines is a card as bytes, each line by itself.
func cardLines(c *Customer) []string {
	var b bytes.Buffer
	x := newXMLWriter(&b)
	x.element(c.detail)
	_ = x.flush()
	return slices.Collect(strings.Lines(b.String()))
}

// An edit changes the lines of the elements in its message and not a byte of any other line, whatever the card looked like.
func TestEditTouchesNothingElse(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"Generated": {Customers: 100, Seed: 7, OddIdentityCode: true}, "Captured": {Load: "testdata/captured"}} {
		t.Run("T25_"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, o)
			r := rand.New(rand.NewPCG(1, 2))
			keys := b.mustGet(t, "customerlist.nv").keys(t)
			texts := []string{"", "Äö å", "a & b <c> \"d\"", " reunat ", "rivi\nrivi", "5 €", "x"}
			for range 300 {
				key := keys[r.IntN(len(keys))]
				want := map[string]string{}
				var body strings.Builder
				group := ""
				for _, e := range plainElements {
					if r.IntN(5) > 0 {
						continue
					}
					text := texts[r.IntN(len(texts))]
					if e.name == "name" && text == "" {
						text = "Nimi"
					}
					want[e.reads] = text
					if e.group != group {
						if group != "" {
							fmt.Fprintf(&body, "</%s>", group)
						} else if e.group != "customerbaseinformation" {
							body.WriteString("<customerbaseinformation/>")
						}
						group = e.group
						fmt.Fprintf(&body, "<%s>", group)
					}
					fmt.Fprintf(&body, "<%s>%s</%s>", e.name, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text), e.name)
				}
				if group == "" {
					continue
				}
				fmt.Fprintf(&body, "</%s>", group)
				before, _ := b.Get("", number(t, key))
				b.mustPost(t, "customer.nv?method=edit&id="+key, "<root><customer>"+body.String()+"</customer></root>")
				after, _ := b.Get("", number(t, key))

				// Undone by hand, element by element, the card is what it was; elements that had to be made are taken away again.
				for field, text := range want {
					f, _ := findField(field)
					at := after.detail.child(f.group).child(f.name)
					was := before.detail.child(f.group).child(f.name)
					switch {
					case at == nil && (text != "" || was != nil):
						t.Fatalf("%s of %s is missing", field, key)
					case at == nil:
						continue
					case at.text != text:
						t.Fatalf("%s of %s is %q, want %q", field, key, at.text, text)
					case was == nil:
						after.detail.child(f.group).remove(f.name)
					default:
						at.text = was.text
					}
				}
				for _, g := range groupNames { // an aggregate that had to be made
					if made := after.detail.child(g); made != nil && len(made.children) == 0 && before.detail.child(g) == nil {
						after.detail.remove(g)
					}
				}
				if got, old := cardLines(after), cardLines(before); !slices.Equal(got, old) {
					t.Fatalf("the edit of %s touched more than it said:\n%s\nwas %s\nis %s", key, body.String(), old, got)
				}
			}
		})
	}
	t.Run("CapturedListRowKeepsItsQuirks", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Load: "testdata/captured"})
		row := func() string {
			body := b.mustGet(t, "customerlist.nv").body
			at := strings.Index(body, "<Netvisorkey>2501<")
			return body[at : at+strings.Index(body[at:], "</Customer>")]
		}
		before := row()
		b.mustPost(t, "customer.nv?method=edit&id=2501", base("<city>Kemi</city>"))
		if after := row(); after != before {
			t.Errorf("was %s\nis %s", before, after)
		}
		b.mustPost(t, "customer.nv?method=edit&id=2501", base("<name>Toinen Oy</name>"))
		if after := row(); after != strings.Replace(before, "Öljymäen Sähkö &amp; Äänilaite Oy", "Toinen Oy", 1) {
			t.Errorf("was %s\nis %s", before, after)
		}
	})
}

func TestCodesAreFoundWithoutASearch(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Customers: 3000, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	b := s.order[0].book
	want := map[string][]int64{}
	for c := range s.Customers("") {
		if code := c.Get("code"); code != "" {
			want[code] = append(want[code], c.Key())
		}
	}
	for code, keys := range want {
		if got := b.holders(code); !slices.Equal(got, keys) {
			t.Fatalf("%q: got %v, want %v", code, got, keys)
		}
	}
	for _, code := range []string{"", "0", "AS-", "AS-99999999999999999999", "103002", "-1", "AS--1", "x"} {
		if got := b.holders(code); len(got) != 0 {
			t.Errorf("%q: %v", code, got)
		}
	}
}

// heap is what is in use after a collection, in KiB.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc >> 10
}

// sink counts bytes and looks at the heap now and then.
type sink struct {
	n    int64
	next int64
	peak uint64
}

func (s *sink) Write(b []byte) (int, error) {
	s.n += int64(len(b))
	if s.n >= s.next {
		s.next = s.n + 32<<20
		s.peak = max(s.peak, heap())
	}
	return len(b), nil
}

// A whole list of a million customers, with the largest heap on the way as heap-KiB.
func BenchmarkMillionList(b *testing.B) {
	s, err := New(Options{Customers: 1_000_000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		out := &sink{}
		x := newXMLWriter(out)
		now := s.order[0].book.snapshot()
		for row := range now.summaries() {
			x.element(row.element())
		}
		if err := x.flush(); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(out.n)
		b.ReportMetric(float64(out.peak), "heap-KiB")
	}
}

// A batch of a hundred cards out of a million customers.
func BenchmarkMillionCards(b *testing.B) {
	s, err := New(Options{Customers: 1_000_000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	book, out, i := s.order[0].book, &sink{}, 0
	for b.Loop() {
		x := newXMLWriter(out)
		now := book.snapshot()
		for range 100 {
			c, _ := now.get(book.gen.key(i % 1_000_000))
			x.element(c.reply(15, false))
			i++
		}
		_ = x.flush()
	}
	b.ReportMetric(float64(out.peak), "heap-KiB")
}

// An add to a company of a million customers, with a look-up of its code and a snapshot between any two.
func BenchmarkMillionAdd(b *testing.B) {
	s, err := New(Options{Customers: 1_000_000, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	c := s.order[0]
	for b.Loop() {
		if _, err := s.add(c, &origin{by: byProgram}, func(cu *Customer) error { return cu.Set("code", c.book.number()) }); err != nil {
			b.Fatal(err)
		}
		c.book.snapshot()
	}
}
