package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"customerhub/internal/auth"
)

const listPeople = `query($f: PersonFilter, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
	people(filter: $f, first: $first, after: $after, last: $last, before: $before) { totalCount
		nodes { firstName lastName emails phones { e164 } masked } edges { cursor node { lastName firstName customers { customer { name } } } }
		pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

// names are the persons of a page of people, as Last First.
func names(a answer) (out []string) {
	for i := range a.len("people", "edges") {
		last := a.text("people", "edges", i, "node", "lastName")
		if last != a.text("people", "nodes", i, "lastName") {
			a.t.Errorf("nodes and edges differ: %s", a.raw)
		}
		out = append(out, strings.TrimSpace(last+" "+a.text("people", "edges", i, "node", "firstName")))
	}
	return out
}

func TestPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.company("Eka Oy"), b.company("Toka Oy")
	link := func(customer, firstName, lastName, email, phone string) string {
		t.Helper()
		p := vars{"firstName": firstName, "lastName": lastName}
		if email != "" {
			p["emails"] = []string{"muu." + email, email}
		}
		if phone != "" {
			p["phones"] = []string{phone}
		}
		return b.must(linkContact, vars{"customerId": customer, "person": p}).text("r", "contact", "person", "id")
	}
	shared := link(first, "Aino", "Ahola", "aino@example.test", "040 123 4567")
	link(first, "Ville", "Aho", "", "116117")
	link(first, "Åke", "Öhman", "ake@example.test", "")
	link(second, "Zacharias", "Zetterberg", "", "+46 8 123 456 78")
	link(second, "", "Ääri", "", "")
	link(second, "Bertta", "aho", "", "")
	b.must(linkContact, vars{"customerId": second, "personId": shared})
	b.must(unlinkContact, vars{"customerId": first, "personId": link(first, "Unto", "Unohdettu", "unto@example.test", "")})
	all := []string{"aho Bertta", "Aho Ville", "Ahola Aino", "Zetterberg Zacharias", "Ääri", "Öhman Åke"}

	t.Run("ByLastNameThenFirstInFinnishOrder", func(t *testing.T) {
		a := b.do(listPeople, vars{})
		if got := names(a); !slices.Equal(got, all) || a.at("people", "totalCount") != float64(len(all)) {
			t.Errorf("got %q of %v", got, a.at("people", "totalCount"))
		}
		if a.len("people", "edges", 2, "node", "customers") != 2 || a.len("people", "edges", 0, "node", "customers") != 1 {
			t.Errorf("each is there once, with all customers: %s", a.raw)
		}
	})
	for name, tc := range map[string]struct {
		filter vars
		want   []string
	}{
		"APartOfAName":            {vars{"text": "OHMA"}, []string{"Öhman Åke"}},
		"TwoLetters":              {vars{"text": "ah"}, []string{"aho Bertta", "Aho Ville", "Ahola Aino"}},
		"AllWords":                {vars{"text": "aho vil"}, []string{"Aho Ville"}},
		"NobodyHasTheWord":        {vars{"text": "virtanen"}, nil},
		"SignsFindNobody":         {vars{"text": "%"}, nil},
		"AQuoteIsNoCode":          {vars{"text": "'; DROP TABLE person; --"}, nil},
		"AnEmptyTextIsNone":       {vars{"text": " "}, all},
		"EmailInAnyCase":          {vars{"email": " AINO@example.test "}, []string{"Ahola Aino"}},
		"EmailThatIsNotTheFirst":  {vars{"email": "muu.ake@example.test"}, []string{"Öhman Åke"}},
		"EmailOnlyWhole":          {vars{"email": "ino@example.test"}, nil},
		"WhoIsNobodysContact":     {vars{"email": "unto@example.test"}, nil},
		"PhoneInAnotherSpelling":  {vars{"phone": "+358 (0)40 1234567"}, []string{"Ahola Aino"}},
		"PhoneAsItWasWritten":     {vars{"phone": "116117"}, []string{"Aho Ville"}},
		"PhoneOfAnotherCountry":   {vars{"phone": "+46812345678"}, []string{"Zetterberg Zacharias"}},
		"PhoneOnlyWhole":          {vars{"phone": "040 123 456"}, nil},
		"Customer":                {vars{"customer": second}, []string{"aho Bertta", "Ahola Aino", "Zetterberg Zacharias", "Ääri"}},
		"AllHaveToHold":           {vars{"customer": second, "text": "aho"}, []string{"aho Bertta", "Ahola Aino"}},
		"ACustomerThatIsNot":      {vars{"customer": globalID("Customer", uuid(2, 99))}, nil},
		"EmailAndPhoneOfSomebody": {vars{"email": "aino@example.test", "phone": "116117"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.do(listPeople, vars{"f": tc.filter})
			if got := names(a); !slices.Equal(got, tc.want) || a.at("people", "totalCount") != float64(len(tc.want)) {
				t.Errorf("got %q of %v, want %q", got, a.at("people", "totalCount"), tc.want)
			}
		})
	}
	t.Run("PagesBothWaysUnderEveryFilter", func(t *testing.T) {
		for _, filter := range []vars{nil, {"text": "ah"}, {"text": "aho"}, {"customer": second}} {
			want := names(b.do(listPeople, vars{"f": filter}))
			var forwards, backwards []string
			for v := (vars{"f": filter, "first": 2}); ; {
				a := b.do(listPeople, v)
				forwards = append(forwards, names(a)...)
				if a.at("people", "pageInfo", "hasPreviousPage") != (v["after"] != nil) {
					t.Errorf("hasPreviousPage is wrong: %s", a.raw)
				}
				if a.at("people", "pageInfo", "hasNextPage") == false {
					break
				}
				v["after"] = a.text("people", "pageInfo", "endCursor")
			}
			for v := (vars{"f": filter, "last": 2}); ; {
				a := b.do(listPeople, v)
				backwards = append(names(a), backwards...)
				if a.at("people", "pageInfo", "hasPreviousPage") == false {
					break
				}
				v["before"] = a.text("people", "pageInfo", "startCursor")
			}
			if !slices.Equal(forwards, want) || !slices.Equal(backwards, want) {
				t.Errorf("%v: forwards %q, backwards %q, whole %q", filter, forwards, backwards, want)
			}
		}
	})
	t.Run("BetweenTwoCursors", func(t *testing.T) {
		a := b.do(listPeople, vars{})
		got := names(b.do(listPeople, vars{"first": 10, "after": a.text("people", "edges", 0, "cursor"), "before": a.text("people", "edges", 4, "cursor")}))
		if !slices.Equal(got, all[1:4]) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("WhoIsRenamedIsFoundByTheNewNameAtItsPlace", func(t *testing.T) {
		b.must(updatePerson, vars{"id": shared, "patch": vars{"lastName": "Äijö"}})
		if got := names(b.do(listPeople, vars{"f": vars{"text": "aijo"}})); !slices.Equal(got, []string{"Äijö Aino"}) {
			t.Errorf("got %q", got)
		}
		if got := names(b.do(listPeople, vars{"f": vars{"text": "ahola"}})); got != nil {
			t.Errorf("got %q", got)
		}
		if got := names(b.do(listPeople, vars{})); slices.Index(got, "Äijö Aino") != 3 {
			t.Errorf("got %q", got)
		}
	})
	t.Run("WithoutPersonalReadNobodyIsFoundOutByAnAddress", func(t *testing.T) {
		key := b.newKey([]auth.Scope{auth.CustomersRead}, b.org)
		for _, filter := range []vars{{"email": "aino@example.test"}, {"phone": "116117"}} {
			if a := b.as(key, listPeople, vars{"f": filter}); a.code() != "FORBIDDEN" || !strings.Contains(a.raw, "personal:read") {
				t.Errorf("%v: %s", filter, a.raw)
			}
		}
		a := b.as(key, listPeople, vars{"f": vars{"text": "ohman"}})
		if a.len("people", "nodes") != 1 || a.len("people", "nodes", 0, "emails") != 0 || a.at("people", "nodes", 0, "masked") != true {
			t.Errorf("got %s", a.raw)
		}
	})
	t.Run("Promise7_AnotherOrganisationFindsNobody", func(t *testing.T) {
		_, stranger := b.newOrganisation("Vieras Oy", auth.Admin)
		for _, filter := range []vars{nil, {"text": "ohman"}, {"email": "ake@example.test"}, {"phone": "116117"}, {"customer": first}} {
			if a := b.as(stranger, listPeople, vars{"f": filter}); a.at("people", "totalCount") != 0.0 || a.len("people", "nodes") != 0 {
				t.Errorf("%v: %s", filter, a.raw)
			}
		}
	})
	t.Run("WrongInputIsSaid", func(t *testing.T) {
		foreign := b.do(`{ customers(first: 1) { pageInfo { endCursor } } }`, nil).text("customers", "pageInfo", "endCursor")
		for want, v := range map[string]vars{
			"A page holds 0 to 200":         {"first": 201},
			"not a cursor of this list":     {"after": "x"},
			"a list in another order":       {"after": foreign},
			"the id of a Customer is":       {"f": vars{"customer": shared}},
			"The e-mail address to look":    {"f": vars{"email": " "}},
			"The telephone number to look ": {"f": vars{"phone": ""}},
		} {
			if a := b.do(listPeople, v); !strings.Contains(a.raw, want) || len(a.Errors) != 1 {
				t.Errorf("%v: %s", v, a.raw)
			}
		}
	})
}

// TestPeopleRunNoStatementPerRow counts statements of a page of one and of fifty.
func TestPeopleRunNoStatementPerRow(t *testing.T) {
	b := setup(t) // not parallel, as TestStatements is not
	b.seed(b.org.ID, 50)
	count := func(first int) (least int) {
		for i := range 25 { // loaders gather by time, so a busy machine may need a statement more
			b.count.take()
			b.do(fmt.Sprintf(`{ people(first: %d) { totalCount nodes { lastName emails customers { title customer { name addresses { city } } office { name } } } } }`, first), nil).at()
			if n := len(b.count.take()); i == 0 || n < least {
				least = n
			}
		}
		return least
	}
	if one, fifty := count(1), count(50); one != fifty || one == 0 {
		t.Errorf("%d statements for one person, %d for fifty", one, fifty)
	}
}
