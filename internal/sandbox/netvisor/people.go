package netvisor

import (
	"strconv"
	"strings"
)

// office answers office.nv: the method and the keys are in the address (Netvisor contract section 4.5). There is no delete.
func (s *Sandbox) office(c *company, p parameters, out *reply) *failure {
	customer, f := p.key("customerid")
	if f != nil {
		return f
	}
	key := int64(0)
	switch method := strings.ToLower(p["method"]); method {
	case "add":
	case "edit":
		if key, f = p.key("officeid"); f != nil {
			return f
		}
	case "":
		return fail(invalidData, textParameterMissing, "method")
	default:
		return fail(invalidData, textBadParameter, "method", clipValue(method))
	}
	fields := map[string]string{}
	return s.write(c, customer, out, form{
		root: "office", rules: officeRules(fields), adding: key == 0,
		check: func(w *writing) *failure {
			if key != 0 && officePart.find(w.customer, key) == nil {
				return fail(invalidData, textNoOffice, key)
			}
			return nil
		},
		done: func(w *writing) {
			w.part, _ = officePart.set(w.customer, key, fields) // all fields are known, and so is the key
			if mail, given := w.value("emailinvoicingaddress"); given {
				w.customer.hide("office/"+strconv.FormatInt(w.part, 10)+"/emailinvoicingaddress", mail)
			}
			w.customer.quiet = s.opts.QuietParts
		},
	})
}

// officeRules collect the fields of the card in a map.
func officeRules(fields map[string]string) []rule {
	to := func(field string) func(*writing, given) {
		return func(w *writing, g given) { fields[field] = w.s.opts.normalise(field, g.text) }
	}
	address := func(name, field string) rule {
		country := countryRule("country", "")
		country.need = always
		country.apply = func(w *writing, g given) {
			g.text = strings.ToUpper(g.text)
			to(field+"/Country")(w, g)
		}
		return rule{name: name, children: []rule{
			{name: "streetaddress", size: 80, need: always, apply: to(field + "/StreetAddress")},
			{name: "postnumber", size: 50, need: always, apply: to(field + "/PostNumber")},
			{name: "city", size: 80, need: always, apply: to(field + "/City")},
			country,
		}}
	}
	return []rule{
		{name: "name", size: 250, need: always, filled: true, apply: to("OfficeName")},
		{name: "phonenumber", size: 80, apply: to("OfficePhoneNumber")},
		{name: "telefaxnumber", size: 80, apply: to("OfficeTelefaxNumber")},
		{name: "officeidentifier", size: 50, apply: to("OfficeIdentifier")},
		{name: "emailinvoicingaddress", check: orEmpty(isMailList)},
		address("officecontactaddress", "OfficeContactAddress"),
		address("officevisitaddress", "OfficeVisitAddress"),
		{name: "officefinvoicedetails", children: []rule{
			{name: "finvoiceaddress", need: always, check: orEmpty(isOfficeInvoiceAddress), apply: to("OfficeFinvoiceDetails/FinvoiceAddress")},
			{name: "finvoiceroutercode", need: always, check: orEmpty(isRouter), apply: to("OfficeFinvoiceDetails/FinvoiceRouterCode")},
		}},
	}
}

func isOfficeInvoiceAddress(s string) bool { return isOVT(s) || isIBAN(s) }

// contactPerson answers contactperson.nv, whose operation is inside the message (Netvisor contract section 4.6).
func (s *Sandbox) contactPerson(c *company, _ parameters, out *reply) *failure {
	root, f := parseRequest(out.body, "contactperson")
	if f != nil {
		return f
	}
	method := strings.ToLower(root.value("method"))
	customer := root.value("customeridentifier")
	target, err := strconv.ParseInt(customer, 10, 64)
	switch {
	case root.child("method") == nil:
		return fail(invalidData, textElementMissing, "contactperson/method")
	case method != "add" && method != "edit" && method != "delete":
		return fail(invalidData, textElementValue, "contactperson/method", clipValue(method))
	case root.child("customeridentifier") == nil:
		return fail(invalidData, textElementMissing, "contactperson/customeridentifier")
	case err != nil || target <= 0:
		return fail(invalidData, textElementValue, "contactperson/customeridentifier", clipValue(customer))
	}
	p := person{method: method, fields: map[string]string{}, hidden: map[string]string{}}
	return s.write(c, target, out, form{root: "contactperson", rules: p.rules(), adding: method == "add", check: p.check, done: p.apply})
}

// person is a message about a contact person.
type person struct {
	method         string
	key            int64
	makeDefault    bool
	fields, hidden map[string]string
}

func (p *person) rules() []rule {
	named := always
	if p.method == "delete" {
		named = never
	}
	identified := always
	if p.method == "add" {
		identified = never
	}
	netvisor := []string{"netvisor"}
	to := func(field string) func(*writing, given) {
		return func(w *writing, g given) { p.fields[field] = w.s.opts.normalise(field, g.text) }
	}
	hide := func(name string) func(*writing, given) {
		return func(_ *writing, g given) { p.hidden[name] = g.text }
	}
	language := languageRule("language", hide("language"))
	language.need, language.filled = named, true
	country := countryRule("country", "")
	country.apply = hide("address/country")
	return []rule{
		{name: "method", need: always},
		{name: "customeridentifier", need: always, filled: true, kinds: netvisor, check: isNumber},
		{name: "contactpersonidentifier", need: identified, filled: true, kinds: netvisor, check: isNumber},
		{name: "isdefault", filled: true, check: oneOf("true"), apply: func(*writing, given) { p.makeDefault = true }},
		{name: "firstname", size: 100, need: named, filled: true, apply: to("ContactPersonFirstName")},
		{name: "lastname", size: 100, need: named, filled: true, apply: to("ContactPersonLastName")},
		language,
		{name: "phonenumber", size: 80, apply: to("ContactPersonPhoneNumber")},
		{name: "email", size: 200, apply: to("ContactPersonEmail")},
		{name: "title", size: 200, apply: hide("title")},
		{name: "officeidentifier", kinds: netvisor, check: orEmpty(isNumber), checkIn: checkOffice, apply: func(w *writing, g given) {
			if g.text == "0" {
				g.text = ""
			}
			to("ContactPersonOfficeNetvisorKey")(w, g)
		}},
		{name: "positionidentifier", kinds: netvisor, check: orEmpty(isNumber), apply: func(w *writing, g given) {
			if g.text == "0" {
				g.text = ""
			}
			hide("position")(w, g)
		}},
		{name: "contactpersonaddress", children: []rule{
			{name: "streetaddress", size: 80, apply: hide("address/streetaddress")},
			{name: "postnumber", size: 50, apply: hide("address/postnumber")},
			{name: "city", size: 80, apply: hide("address/city")},
			country,
		}},
	}
}

func checkOffice(w *writing, g given) *failure {
	key, err := strconv.ParseInt(g.text, 10, 64)
	if err == nil && key != 0 && officePart.find(w.customer, key) == nil {
		return fail(invalidData, textNoOffice, key)
	}
	return nil
}

// check needs the person where one is to be changed.
func (p *person) check(w *writing) *failure {
	if id, _ := w.value("contactpersonidentifier"); p.method != "add" {
		p.key, _ = strconv.ParseInt(id, 10, 64) // a number, as has been checked
		if p.key == 0 || contactPart.find(w.customer, p.key) == nil {
			return fail(invalidData, textNoContact, p.key)
		}
	}
	return nil
}

const hiddenContact = "contactperson/"

func (p *person) apply(w *writing) {
	c := w.customer
	c.quiet = w.s.opts.QuietParts
	if p.method == "delete" {
		w.part = p.key
		c.RemoveContactPerson(p.key)
		return
	}
	w.part, _ = contactPart.set(c, p.key, p.fields) // all fields are known, and so is the key
	id := strconv.FormatInt(w.part, 10)
	for name, text := range p.hidden {
		c.hide(hiddenContact+id+"/"+name, text)
	}
	if p.makeDefault { // there is one default at most, and it moves
		for path := range c.hidden {
			if strings.HasPrefix(path, hiddenContact) && strings.HasSuffix(path, "/isdefault") {
				delete(c.hidden, path)
			}
		}
		c.hide(hiddenContact+id+"/isdefault", "true")
	}
}
