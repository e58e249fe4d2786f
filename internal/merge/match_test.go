package merge

import (
	"strings"
	"testing"

	"customerhub/internal/customer"
)

// who is what identifies somebody: number, business ID and name.
func who(number, businessID, name string) customer.Fields {
	f := customer.Fields{}
	f.Set(customer.FieldNumber, number)
	f.Set(customer.FieldBusinessID, businessID)
	f.Set(customer.FieldName, name)
	return f
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	const a, b = "1572860-0", "0201256-6"
	for name, tc := range map[string]struct {
		ours, theirs customer.Fields
		want         Sameness
	}{
		"SameNumberAndID":              {who("7", a, "Esimerkki Oy"), who("7", a, "Aivan Toinen Oy"), Same},
		"R92_SameNumberOtherID":        {who("7", a, "Esimerkki Oy"), who("7", b, "Esimerkki Oy"), Collision},
		"SameNumberAndAWordInCommon":   {who("7", "", "Esimerkki Oy"), who("7", a, "Oy ESIMERKKI Ab"), Same},
		"R92_SameNumberOtherName":      {who("7", "", "Esimerkki Oy"), who("7", a, "Toinen Oy"), Collision},
		"FormsOfCompaniesAreNoWords":   {who("7", "", "Esimerkki Oyj"), who("7", "", "Toinen Oyj"), Collision},
		"NamesWithoutAWord":            {who("7", "", "A B"), who("7", "", "A B"), Collision},
		"SameIDOtherNumber":            {who("7", a, "Esimerkki Oy"), who("8", a, "Esimerkki Oy"), Proposal},
		"SameIDAndNoNumberHere":        {who("", a, "Esimerkki Oy"), who("8", a, "Toinen Oy"), Same},
		"R103_NamesAloneNeverMatch":    {who("", "", "Esimerkki Oy"), who("8", "", "Esimerkki Oy"), Different},
		"NothingInCommon":              {who("7", a, "Esimerkki Oy"), who("8", b, "Esimerkki Oy"), Different},
		"NoNumberOnEitherSideIsNoOne":  {who("", "", "Esimerkki Oy"), who("", "", "Esimerkki Oy"), Different},
		"LettersBeyondASCIIAreLetters": {who("7", "", "Ähtärin Rälssi"), who("7", "", "RÄLSSI, ähtäri"), Same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Identify(tc.ours, tc.theirs)
			if got.Sameness != tc.want {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			if tc.want != Different && len(got.For) == 0 {
				t.Error("no reason is given")
			}
		})
	}
}

func TestMatchRecord(t *testing.T) {
	t.Parallel()
	of := func(id, number, businessID, name string) customer.Customer {
		return customer.Customer{ID: customer.ID(id), Number: number, BusinessID: businessID, Name: name}
	}
	const a, b = "1572860-0", "0201256-6"
	record := who("7", a, "Esimerkki Oy")
	t.Run("TheSurestIsTaken", func(t *testing.T) {
		t.Parallel()
		m := MatchRecord(record, []customer.Customer{of("1", "9", a, "Muu"), of("2", "7", b, "Väärä"), of("3", "7", a, "Oikea")})
		if m.Sameness != Same || m.Customer.ID != "3" || len(m.Others) != 0 {
			t.Errorf("%+v", m)
		}
	})
	t.Run("TwoThatFitAreForAPerson", func(t *testing.T) {
		t.Parallel()
		m := MatchRecord(record, []customer.Customer{of("1", "7", a, "Yksi"), of("2", "7", a, "Kaksi")})
		f, ok := m.Finding(record, "Netvisor")
		if m.Sameness != Collision || !ok || !strings.Contains(f.Message, "Yksi (7, "+a+")") || !strings.Contains(f.Message, "Kaksi (7, "+a+")") {
			t.Errorf("%+v: %s", m, f.Message)
		}
	})
	t.Run("T30_TheMessageNamesBothHolders", func(t *testing.T) {
		t.Parallel()
		f, ok := MatchRecord(record, []customer.Customer{of("1", "7", b, "Toinen Oy")}).Finding(record, "Netvisor")
		if !ok || !strings.Contains(f.Message, "Esimerkki Oy (7, "+a+") in Netvisor") || !strings.Contains(f.Message, "Toinen Oy (7, "+b+")") {
			t.Errorf("%+v", f)
		}
	})
	t.Run("NobodyIsNobody", func(t *testing.T) {
		t.Parallel()
		m := MatchRecord(record, nil)
		if _, ok := m.Finding(record, "Netvisor"); ok || m.Sameness != Different || m.Customer != nil {
			t.Errorf("%+v", m)
		}
	})
}

func TestMatchParts(t *testing.T) {
	t.Parallel()
	c := customer.Customer{
		Offices: []customer.Office{{ID: "o1", Identifier: "HKI-1", Name: "Helsinki"}, {ID: "o2", Name: "Turku"}},
		Contacts: []customer.Contact{
			{Person: customer.Person{ID: "p1", FirstName: "Aino", LastName: "Mallikas", Emails: []string{"aino@example.test"}}},
			{Person: customer.Person{ID: "p2", FirstName: "Aino", LastName: "Mallikas", Emails: []string{"toinen@example.test"}}},
			{Person: customer.Person{ID: "p3", FirstName: "Eero", LastName: "Esimerkki"}},
			{Person: customer.Person{ID: "p4", FirstName: "Aino", LastName: "af Mallikas"}},
		},
	}
	theirs := customer.Fields{
		"office[11].present": "true", "office[11].identifier": "hki 1", "office[11].name": "Pääkonttori",
		"office[12].present": "true", "office[12].name": "TURKU",
		"office[13].present": "true", "office[13].identifier": "X", "office[13].name": "Helsinki",
		"contact[21].present": "true", "contact[21].firstName": "Aino", "contact[21].lastName": "Mallikas", "contact[21].emails": "AINO@example.test",
		"contact[22].present": "true", "contact[22].firstName": "Aino", "contact[22].lastName": "Mallikas",
		"contact[23].present": "true", "contact[23].firstName": "eero", "contact[23].lastName": "Esimerkki", "contact[23].emails": "eero@example.test",
		"contact[24].present": "true", "contact[24].firstName": "Uusi", "contact[24].lastName": "Esimerkki",
		"contact[25].present": "true", "contact[25].firstName": "Aino af", "contact[25].lastName": "Mallikas",
	}
	got := make(map[string]string)
	for _, p := range MatchParts(&c, theirs) {
		got[p.ExternalID] = p.ID
	}
	want := map[string]string{"11": "o1", "12": "o2", "21": "p1", "23": "p3", "25": "p4"}
	for key, id := range want {
		if got[key] != id {
			t.Errorf("%s is %q, want %s", key, got[key], id)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
	theirs["office[14].present"], theirs["office[14].name"] = "true", "Turku"
	for _, p := range MatchParts(&c, theirs) {
		if p.ID == "o2" {
			t.Errorf("one office is linked to %s of two", p.ExternalID)
		}
	}
}
