package netvisor

import (
	"strings"
	"testing"
)

// Whatever is sent, a message is either refused with a category or has an effect on one customer that can be read back as XML.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{base("<name>A</name>"), message("<customerdimensiondetails><dimension><dimensionname>A</dimensionname><dimensionitem>B</dimensionitem></dimension></customerdimensiondetails>"),
		"<root", "<root/>", "<ROOT><Customer/></ROOT>", "<root><customer>&#0;</customer></root>", "<root><![CDATA[<customer/>]]></root>", "<root xmlns:a='b'><a:customer/></root>",
		"<root><customer><customerbaseinformation><name><![CDATA[]]]]><![CDATA[>]]></name></customerbaseinformation></customer></root>", "\xff\xfe<root/>", "<root>\xe4</root>"} {
		f.Add(seed)
	}
	s, err := New(Options{Customers: 3, Seed: 1, CustomTags: []CustomTag{{Name: "A", Type: "text"}}})
	if err != nil {
		f.Fatal(err)
	}
	c := s.order[0]
	key := c.book.gen.key(1)
	f.Fuzz(func(t *testing.T, body string) {
		root, failed := parseRequest([]byte(body), "customer")
		if failed != nil {
			if failed.category == "" || !valid(failed.in(english)) {
				t.Fatalf("refused as %q", failed.in(english))
			}
			return
		}
		_, err := s.edit(c, key, &origin{by: byProgram}, func(cu *Customer) error {
			w := &writing{form: form{root: "customer", rules: s.customerForm}, s: s, c: c, p: parameters{}, customer: cu, values: map[string]string{}}
			if failed := w.walk("customer", root, s.customerForm); failed != nil {
				return refusalError{failed}
			}
			for _, do := range w.todo {
				do()
			}
			return nil
		})
		found, _ := s.Get("", key)
		if xml := strings.Join(cardLines(found), ""); !wellFormed(xml) {
			t.Fatalf("error %v, and the card is no XML any more: %s", err, xml)
		}
	})
}
