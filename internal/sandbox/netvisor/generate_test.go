package netvisor

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bytesOf is everything a sandbox generates.
func bytesOf(t *testing.T, o Options) string {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	x := newXMLWriter(&b)
	for c := range s.Customers("") {
		x.element(c.summary().element())
		x.element(c.detail)
	}
	if err := x.flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	a := bytesOf(t, Options{Customers: 300, Seed: 42})
	if a != bytesOf(t, Options{Customers: 300, Seed: 42}) {
		t.Error("two runs differ")
	}
	if a == bytesOf(t, Options{Customers: 300, Seed: 43}) {
		t.Error("another seed gives the same")
	}
	if !strings.HasPrefix(bytesOf(t, Options{Customers: 301, Seed: 42}), a) {
		t.Error("one customer more changes the others")
	}
	one, _ := New(Options{Seed: 42})
	two, _ := New(Options{Seed: 42})
	ca, _ := one.Credentials("")
	cb, _ := two.Credentials("")
	if ca != cb || ca.CustomerKey == "" || ca.PartnerKey == "" {
		t.Errorf("credentials %+v and %+v", ca, cb)
	}
}

func TestCompaniesDiffer(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Customers: 5, Companies: []Company{{OrganisationID: "1", CustomerID: "a", CustomerKey: "a"}, {OrganisationID: "2", CustomerID: "b", CustomerKey: "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	names := func(org string) (out []string) {
		for c := range s.Customers(org) {
			out = append(out, c.Get("name"))
		}
		return out
	}
	if a, b := names("1"), names("2"); len(a) != 6 || len(b) != 6 || slices.Equal(a, b) {
		t.Errorf("%v\n%v", a, b)
	}
}

// validBusinessID checks the digit in its own way: eight digits with weights, sum divisible by 11.
func validBusinessID(s string) bool {
	if !regexp.MustCompile(`^\d{7}-\d$`).MatchString(s) {
		return false
	}
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return (sum+int(s[8]-'0'))%11 == 0
}

func mod97(iban string) int {
	rest := 0
	for _, r := range iban[4:] + iban[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest
}

func TestGeneratedCustomers(t *testing.T) {
	t.Parallel()
	const n = 2000
	s, err := New(Options{Customers: n, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	seen := map[string]bool{}
	unique := func(kind, v string) {
		if seen[kind+v] {
			t.Errorf("%s %q is given twice", kind, v)
		}
		seen[kind+v] = true
	}
	total, previous := 0, int64(0)
	hetu := regexp.MustCompile(`\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]\b`)
	for c := range s.Customers("") {
		total++
		if c.Key() <= previous {
			t.Errorf("key %d after %d", c.Key(), previous)
		}
		previous = c.Key()
		unique("key ", strconv.FormatInt(c.Key(), 10))
		if code := c.Get("code"); code == "" {
			count["no code"]++
		} else {
			unique("code ", code)
		}
		id := c.Get("businessId")
		switch {
		case id == "":
			count["no id"]++
		case validBusinessID(id):
			unique("id ", id)
			count["valid id"]++
		case regexp.MustCompile(`^[A-Z]{2}\d+$`).MatchString(id):
			count["foreign id"]++
		case slices.Contains([]string{"1234567-8", "1478523-8"}, id):
			count["sample id"]++
		case slices.Contains([]string{"2352398-0", "1000008-0", "0100007-0"}, id):
			count["unissued id"]++
		default:
			t.Errorf("strange business id %q", id)
		}
		if c.Get("IsPrivateCustomer") == "1" {
			count["private"]++
		}
		if c.Get("IsActive") == "0" {
			count["inactive"]++
		}
		if strings.Contains(c.Get("EmailInvoicingAddress"), ";") {
			count["two billing e-mails"]++
		}
		if len([]rune(c.Get("Name"))) > 250 {
			t.Errorf("name of %d characters", len([]rune(c.Get("Name"))))
		} else if len([]rune(c.Get("Name"))) == 250 {
			count["longest name"]++
		}
		if strings.ContainsAny(c.Get("Name"), "åäöÅÄÖ") {
			count["nordic"]++
		}
		switch to := c.Get("FinvoiceAddress"); {
		case strings.HasPrefix(to, "0037"):
			count["OVT"]++
			if !validBusinessID(to[4:11] + "-" + to[11:12]) {
				t.Errorf("OVT %q", to)
			}
		case len(to) == 18:
			count["IBAN"]++
			if mod97(to) != 1 {
				t.Errorf("IBAN %q", to)
			}
		case to != "":
			count["short IBAN"]++
		}
		if (c.Get("FinvoiceAddress") == "") != (c.Get("FinvoiceRouterCode") == "") {
			t.Errorf("half an e-invoice address at %d", c.Key())
		}
		count["offices "+strconv.Itoa(len(c.Offices()))]++
		count["contacts "+strconv.Itoa(len(c.ContactPersons()))]++
		for _, o := range c.Offices() {
			unique("part ", o["OfficeNetvisorKey"])
		}
		for _, p := range c.ContactPersons() {
			unique("part ", p["ContactPersonID"])
		}
		if !c.Has("CustomerGroupName") {
			count["no group elements"]++
		}
		var b bytes.Buffer
		x := newXMLWriter(&b)
		x.element(c.detail)
		_ = x.flush()
		if m := hetu.FindString(b.String()); m != "" {
			t.Errorf("personal identity code %q without being asked for", m)
		}
		for _, m := range regexp.MustCompile(`@[^<;]+`).FindAllString(b.String(), -1) {
			if !strings.HasSuffix(m, "example.test") {
				t.Errorf("e-mail address %q", m)
			}
		}
		// The list row agrees with the card.
		row := c.summary().element()
		if row.value("Name") != c.Get("Name") || row.value("Code") != c.Get("code") || row.value("OrganisationIdentifier") != id ||
			row.value("CustomerGroupName") != c.Get("CustomerGroupName") && row.child("CustomerGroupName") != nil {
			t.Errorf("row and card of %d disagree", c.Key())
		}
	}
	if total != n+1 {
		t.Errorf("%d customers, want %d and TEMP", total, n)
	}
	if p := count["private"]; p < n*20/100 || p > n*35/100 {
		t.Errorf("%d of %d are private", p, n)
	}
	for _, kind := range []string{"no code", "no id", "valid id", "foreign id", "sample id", "unissued id", "inactive", "two billing e-mails", "longest name",
		"nordic", "OVT", "IBAN", "short IBAN", "offices 0", "offices 3", "contacts 0", "contacts 1", "contacts 3", "no group elements"} {
		if count[kind] == 0 {
			t.Errorf("nobody is %q: %v", kind, count)
		}
	}
	t.Run("IdentityCodeOnlyWhenAskedFor", func(t *testing.T) {
		if got := bytesOf(t, Options{Customers: 50, Seed: 9, OddIdentityCode: true}); !strings.Contains(got, "<ExternalIdentifier>010190-900P<") {
			t.Error("no artificial identity code")
		}
	})
}

func TestHundredThousandCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t, Options{Customers: 100_000, Seed: 1})
	a := b.get(t, "customerlist.nv")
	if n := strings.Count(a.body, "<Netvisorkey>"); n != 100_001 || !strings.HasSuffix(a.body, "</Customerlist>\r\n</Root>\r\n") {
		t.Errorf("%d rows", n)
	}
	if c := b.Calls()[0]; c.Customers != 100_001 || c.Bytes != int64(len(a.body)) {
		t.Errorf("%+v", c)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	company := Company{OrganisationID: "1", CustomerID: "a", CustomerKey: "a"}
	for name, o := range map[string]Options{
		"customers must be":         {Customers: -1},
		"customers must be between": {Customers: MaxCustomers + 1},
		"public URL":                {PublicURL: "https://example.test/path"},
		"given twice":               {Companies: []Company{company, company}},
		"needs an organisation id":  {Companies: []Company{{}}},
		"unknown resource":          {Companies: []Company{{OrganisationID: "1", CustomerID: "a", CustomerKey: "a", Resources: []string{"x.nv"}}}},
		"partner needs":             {Partner: Partner{ID: "x"}},
		"must not be negative":      {LogLimit: -1},
		"unknown normalisation":     {Normalise: []Normalisation{"shout"}},
		"custom tag":                {CustomTags: []CustomTag{{Name: "A", Type: "colour"}}},
		"effect limit":              {EffectLimit: -1},
		"making the state folder":   {State: "generate_test.go/state"},
		"no such file":              {Load: "testdata/nowhere"},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCustomTagOfACommandLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"Alkaen:date": "{Alkaen date []}", "Lähde:enum:WEB|FAIR": "{Lähde enum [WEB FAIR]}",
		"Alkaen": "must be NAME", "Alkaen:colour": "needs a name and a type", ":text": "needs a name", "A:enum": "must be NAME", "A:text:b": "must be NAME"} {
		var tag CustomTag
		var got string
		if err := tag.UnmarshalText([]byte(text)); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(tag)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func BenchmarkList(b *testing.B) {
	g := newGenerator(1, "1967543-8", firstKey, 1<<20, false)
	i := 0
	for b.Loop() {
		g.summary(i % g.count).element()
		i++
	}
}

func BenchmarkCard(b *testing.B) {
	g := newGenerator(1, "1967543-8", firstKey, 1<<20, false)
	i := 0
	for b.Loop() {
		g.customer(i % g.count)
		i++
	}
}
