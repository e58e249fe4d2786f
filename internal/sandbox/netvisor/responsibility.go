package netvisor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Responsibility is what the responsibility tab of the customer card (Vastuullisuus) holds. Netvisor publishes no resource for it; the shape
// here is [assumed].
type Responsibility struct {
	// The contact person of the tab.
	FirstName, LastName, Email, PhoneNumber string
	// RequiresActions is "1", "0" or empty where no assessment was made yet.
	RequiresActions string
	// LatestRiskAssessment and DueDiligenceExpires are dates, YYYY-MM-DD, or empty.
	LatestRiskAssessment, DueDiligenceExpires string
	// RiskClass is low, standard, high or empty.
	RiskClass string
	// Remarks is free text.
	Remarks string
}

// responsibilityNames are the elements in the order of the fields.
var responsibilityNames = []string{"ContactPerson/FirstName", "ContactPerson/LastName", "ContactPerson/Email", "ContactPerson/PhoneNumber",
	"RequiresActions", "LatestRiskAssessment", "DueDiligenceExpires", "RiskClass", "Remarks"}

func (r *Responsibility) fields() []*string {
	return []*string{&r.FirstName, &r.LastName, &r.Email, &r.PhoneNumber, &r.RequiresActions, &r.LatestRiskAssessment, &r.DueDiligenceExpires, &r.RiskClass, &r.Remarks}
}

func (r Responsibility) values() []string {
	out := make([]string, 0, len(responsibilityNames))
	for _, f := range r.fields() {
		out = append(out, *f)
	}
	return out
}

// inventTab gives six of ten companies a contact person on the tab.
func inventTab(id identity, r *random) Responsibility {
	if id.private || id.odd == oddEmpty || r.below(10) >= 6 {
		return Responsibility{}
	}
	first, last := pick(r, firstNames), pick(r, lastNames)
	return Responsibility{FirstName: first, LastName: last, Email: slug(first) + "." + slug(last) + "@" + id.slug + ".example.test", PhoneNumber: phone(r)}
}

// customerResponsibility answers customerresponsibility.nv [assumed]: GET reads the tab of customerid, or those of customerids that exist,
// in the order asked, and POST writes the tab of customerid.
func (s *Sandbox) customerResponsibility(c *company, p parameters, out *reply) *failure {
	if list := p["customerids"]; list != "" && out.body == nil {
		if p["customerid"] != "" {
			return fail(invalidData, textOneOf, "customerid", "customerids")
		}
		return s.tabs(c, list, out)
	}
	key, f := p.key("customerid")
	if f != nil {
		return f
	}
	if out.body != nil {
		return s.write(c, key, out, form{root: "customerresponsibility", rules: responsibilityRules})
	}
	found, at, ok := c.book.one(key)
	if !ok {
		return fail(invalidData, textNoCustomer, key)
	}
	x := out.begin(statusOK, "", at)
	x.element(found.tabElement())
	out.customers = 1
	out.end(x)
	return nil
}

// maxTabs is how many customers customerids may name.
const maxTabs = 100

// tabs answers for several customers at once, as getcustomer.nv does for idlist; a customer that does not exist is left out.
func (s *Sandbox) tabs(c *company, list string, out *reply) *failure {
	keys, f := keysOf("customerids", list, maxTabs)
	if f != nil {
		return f
	}
	now := c.book.snapshot()
	x := out.begin(statusOK, "", now.at)
	for _, key := range keys {
		if found, ok := now.get(key); ok {
			x.element(found.tabElement())
			out.customers++
		}
	}
	out.end(x)
	return nil
}

func (c *Customer) tabElement() *element {
	t, ansi := c.tab, attribute{"format", "ansi"}
	return node("CustomerResponsibility",
		leaf("CustomerNetvisorKey", strconv.FormatInt(c.key, 10)),
		node("ContactPerson", leaf("FirstName", t.FirstName), leaf("LastName", t.LastName), leaf("Email", t.Email), leaf("PhoneNumber", t.PhoneNumber)),
		leaf("RequiresActions", t.RequiresActions),
		leaf("LatestRiskAssessment", t.LatestRiskAssessment, ansi), leaf("DueDiligenceExpires", t.DueDiligenceExpires, ansi),
		leaf("RiskClass", t.RiskClass), leaf("Remarks", t.Remarks))
}

// responsibilityRules are the message of a write: absent keeps, empty clears.
var responsibilityRules = []rule{
	{name: "contactperson", children: []rule{
		{name: "firstname", size: 100, apply: toTab(0)}, {name: "lastname", size: 100, apply: toTab(1)},
		{name: "email", size: 200, apply: toTab(2)}, {name: "phonenumber", size: 80, apply: toTab(3)},
	}},
	{name: "requiresactions", check: orEmpty(isFlag), apply: toTab(4)},
	{name: "latestriskassessment", check: orEmpty(isDate), apply: toTab(5)},
	{name: "duediligenceexpires", check: orEmpty(isDate), apply: toTab(6)},
	{name: "riskclass", check: orEmpty(oneOf("low", "standard", "high")), apply: toTab(7)},
	{name: "remarks", size: 2000, apply: toTab(8)},
}

func toTab(field int) func(*writing, given) {
	return func(w *writing, g given) { *w.customer.tab.fields()[field] = g.text }
}

// tag is a value of an additional-information field (CustomTags) [assumed].
type tag struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// CustomTag is an additional-information field that a company has defined. Netvisor's message for them is not known; the shape here is
// [assumed].
type CustomTag struct {
	// Name is what the field is called and found by.
	Name string
	// Type is date, decimal, text or enum.
	Type string
	// Values are what an enum may hold.
	Values []string
}

// UnmarshalText reads name:type, and name:enum:one|two for an enum, as a command line gives it.
func (t *CustomTag) UnmarshalText(b []byte) error {
	name, rest, ok := strings.Cut(string(b), ":")
	kind, values, _ := strings.Cut(rest, ":")
	*t = CustomTag{Name: name, Type: kind}
	if values != "" {
		t.Values = strings.Split(values, "|")
	}
	if !ok || (kind == "enum") != (values != "") {
		return fmt.Errorf("%q must be NAME:date, NAME:decimal, NAME:text or NAME:enum:ONE|TWO", b)
	}
	return t.check()
}

func (t CustomTag) check() error {
	if t.Name == "" || !valid(t.Name) || !slices.Contains([]string{"date", "decimal", "text", "enum"}, t.Type) {
		return fmt.Errorf("custom tag %q needs a name and a type that is date, decimal, text or enum", t.Name)
	}
	return nil
}

func (t CustomTag) accepts(text string) bool {
	switch t.Type {
	case "date":
		return isDate(text)
	case "decimal":
		return decimalShape.MatchString(text)
	case "enum":
		return slices.Contains(t.Values, text)
	default:
		return len([]rune(text)) <= 500
	}
}

// tagElement is the customer's tags as replyoption 4 shows them.
func (c *Customer) tagElement() *element {
	e := node("CustomTags")
	for _, t := range c.tags {
		e.children = append(e.children, node("Tag", leaf("TagName", t.Name), leaf("TagValue", t.Value, attribute{"datatype", t.Type})))
	}
	return e
}

// SetCustomTag gives an additional-information field of the customer a value of a type (date, decimal, text or enum), whether
// the company defined it or not; an empty value takes it away.
func (c *Customer) SetCustomTag(name, kind, value string) {
	c.setTag(tag{Name: name, Type: kind, Value: value})
}

// setTag gives a tag a value; an empty one takes it away.
func (c *Customer) setTag(t tag) {
	at := slices.IndexFunc(c.tags, func(o tag) bool { return o.Name == t.Name })
	switch {
	case t.Value == "" && at >= 0:
		c.tags = slices.Delete(c.tags, at, at+1)
	case t.Value == "":
	case at >= 0:
		c.tags[at] = t
	default:
		c.tags = append(c.tags, t)
	}
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func isFlag(text string) bool { return text == "0" || text == "1" }
