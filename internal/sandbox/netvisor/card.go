package netvisor

import (
	"fmt"
	"strconv"
	"strings"
)

// card is the generated customer as getcustomer.nv replies it, every aggregate in the order of Netvisor contract section 4.2.
func card(id identity, r *random) *element {
	home := pick(r, cities)
	e := node("Customer",
		baseInformation(id, home, r),
		eInvoice(id, r),
		delivery(id, r),
		contactDetails(id, r),
	)
	offices := 0
	if !id.private && id.odd != oddEmpty {
		offices = pick(r, []int{0, 0, 0, 1, 1, 2, 3})
	}
	if people := persons(id, offices, r); people != nil {
		e.children = append(e.children, people)
	}
	for n := range offices {
		e.children = append(e.children, office(id, n, r))
	}
	e.children = append(e.children, additional(id, r))
	return e
}

func baseInformation(id identity, home city, r *random) *element {
	street, post, town := address(r, home)
	email, billing, phone, site := id.email, "", phone(r), ""
	switch {
	case id.private:
		if r.below(3) == 0 {
			billing = id.email
		}
	default:
		billing = "lasku@" + id.slug + ".example.test"
		site = "https://www." + id.slug + ".example.test"
		if r.below(6) == 0 {
			billing += ";taloushallinto@" + id.slug + ".example.test"
		}
	}
	if f, abroad := foreignOf(id.country); abroad {
		street, post, town, phone = f.street+" "+strconv.Itoa(1+int(r.below(80))), f.post, f.city, f.phone
	}
	second, fax := "", ""
	if r.below(9) == 0 {
		second = pick(r, []string{"PL " + strconv.Itoa(1+int(r.below(300))), "c/o " + pick(r, lastNames), "2. krs"})
	}
	if r.below(15) == 0 {
		fax = "09-1234 " + digits(r, 3)
	}
	if id.odd == oddEmpty {
		street, post, town, email, billing, phone, site, second, fax = "", "", "", "", "", "", "", "", ""
	}
	if id.odd == oddSpaces {
		post += " "
	}

	b := node("CustomerBaseInformation",
		leaf("NetvisorKey", strconv.FormatInt(id.key, 10)),
		leaf("InternalIdentifier", id.code),
		leaf("ExternalIdentifier", id.businessID))
	add := func(e ...*element) { b.children = append(b.children, e...) }
	if ovt, ok := ovtOf(id.businessID); ok && r.below(5) == 0 {
		add(leaf("OrganizationUnitNumber", ovt+strconv.Itoa(10+int(r.below(90)))))
	}
	if id.group > 0 {
		add(leaf("CustomerGroupNetvisorKey", strconv.Itoa(id.group)), leaf("CustomerGroupName", groups[id.group-1]))
	} else if id.odd != oddNoGroup && id.odd != oddRowWithoutGroup {
		add(leaf("CustomerGroupNetvisorKey", ""), leaf("CustomerGroupName", ""))
	}
	add(leaf("Name", id.name), leaf("NameExtension", id.extension), leaf("StreetAddress", street), leaf("AdditionalStreetAddress", second),
		leaf("City", town), leaf("PostNumber", post))
	if id.odd != oddEmpty {
		add(country("Country", id.country, id.odd))
	}
	add(leaf("PhoneNumber", phone), leaf("FaxNumber", fax), leaf("Email", email), leaf("EmailInvoicingAddress", billing), leaf("HomePageUri", site),
		leaf("IsActive", oneOrZero(id.active)), leaf("IsPrivateCustomer", oneOrZero(id.private)))
	return b
}

func country(name, code string, odd oddity) *element {
	scheme := "ISO-3166"
	if odd == oddAttribute {
		scheme = "ISO-3316"
	}
	return leaf(name, code, attribute{"type", scheme})
}

func eInvoice(id identity, r *random) *element {
	to, router := "", ""
	ovt, company := ovtOf(id.businessID)
	switch {
	case id.odd == oddShortIBAN:
		to, router = iban(r)[:16], "NDEAFIHH"
	case !company || id.private && r.below(2) == 0:
	case r.below(10) < 5:
		to, router = ovt, pick(r, operators)
		if r.below(4) == 0 {
			to += pick(r, []string{"1", "15", "A01", "OSTOT"})
		}
	case r.below(5) == 0:
		to, router = iban(r), pick(r, banks)
	}
	return node("CustomerFinvoiceDetails", leaf("FinvoiceAddress", to), leaf("FinvoiceRouterCode", router))
}

func delivery(id identity, r *random) *element {
	if id.private || r.below(4) > 0 {
		return node("CustomerDeliveryDetails", leaf("DeliveryName", ""), leaf("DeliveryStreetAddress", ""), leaf("DeliveryCity", ""), leaf("DeliveryPostNumber", ""))
	}
	street, post, town := address(r, pick(r, cities))
	return node("CustomerDeliveryDetails", leaf("DeliveryName", strings.TrimSpace(id.last)+" varasto"), leaf("DeliveryStreetAddress", street),
		leaf("DeliveryCity", town), leaf("DeliveryPostNumber", post), country("DeliveryCountry", "FI", id.odd))
}

func contactDetails(id identity, r *random) *element {
	name, email, number := "", "", ""
	if !id.private && r.below(2) == 0 && id.odd != oddEmpty {
		first, last := pick(r, firstNames), pick(r, lastNames)
		name, email, number = first+" "+last, slug(first)+"."+slug(last)+"@example.test", phone(r)
	}
	return node("CustomerContactDetails", leaf("ContactPerson", name), leaf("ContactPersonEmail", email), leaf("ContactPersonPhone", number))
}

// persons is nil when there are none: the aggregate occurs with at least one entry or not at all.
func persons(id identity, offices int, r *random) *element {
	n := 0
	if !id.private && id.odd != oddEmpty {
		n = pick(r, []int{0, 0, 1, 1, 1, 2, 3})
	}
	if n == 0 {
		return nil
	}
	e := node("CustomerContactPersons")
	for i := range n {
		first, last := pick(r, firstNames), pick(r, lastNames)
		email, at := slug(first)+"."+slug(last)+"@"+id.slug+".example.test", ""
		if r.below(6) == 0 {
			email = ""
		}
		if offices > 0 && r.below(2) == 0 {
			at = strconv.FormatInt(officeKey(id.key, int(r.below(uint64(offices)))), 10)
		}
		e.children = append(e.children, node("CustomerContactPerson",
			leaf("ContactPersonID", strconv.FormatInt(id.key*100+1+int64(i), 10)),
			leaf("ContactPersonFirstName", first), leaf("ContactPersonLastName", last),
			leaf("ContactPersonPhoneNumber", phone(r)), leaf("ContactPersonEmail", email),
			leaf("ContactPersonOfficeNetvisorKey", at)))
	}
	return e
}

func officeKey(customer int64, n int) int64 { return customer*100 + 11 + int64(n) }

func office(id identity, n int, r *random) *element {
	home := pick(r, cities)
	where := func(name string, filled bool) *element {
		if !filled {
			return node(name, leaf("StreetAddress", ""), leaf("PostNumber", ""), leaf("City", ""), country("Country", "FI", id.odd))
		}
		street, post, town := address(r, home)
		return node(name, leaf("StreetAddress", street), leaf("PostNumber", post), leaf("City", town), country("Country", "FI", id.odd))
	}
	to, router := "", ""
	if ovt, ok := ovtOf(id.businessID); ok && r.below(3) == 0 {
		to, router = ovt+fmt.Sprintf("%02d", n+1), pick(r, operators)
	}
	identifier := strconv.Itoa(n + 1)
	if id.code != "" && r.below(5) > 0 {
		identifier = id.code + "-" + identifier
	}
	return node("CustomerOfficeDetails",
		leaf("OfficeNetvisorKey", strconv.FormatInt(officeKey(id.key, n), 10)),
		leaf("OfficeName", home.name+" "+pick(r, officeNames)),
		leaf("OfficePhoneNumber", phone(r)), leaf("OfficeTelefaxNumber", ""), leaf("OfficeIdentifier", identifier),
		where("OfficeContactAddress", true), where("OfficeVisitAddress", r.below(3) > 0),
		node("OfficeFinvoiceDetails", leaf("FinvoiceAddress", to), leaf("FinvoiceRouterCode", router)))
}

func additional(id identity, r *random) *element {
	comment, agreement, reference, limit := "", "", "", ""
	if r.below(6) == 0 {
		comment = pick(r, comments)
	}
	if id.odd == oddLines {
		comment = "Soita ensin.\nÅland: leverans <fredagar> & \"måndagar\""
	}
	if !id.private && r.below(4) == 0 {
		agreement = fmt.Sprintf("SOP-%04d", r.below(10_000))
	}
	if r.below(3) == 0 {
		reference = digits(r, 6)
	}
	if r.below(3) == 0 {
		limit = strconv.Itoa(500*(1+int(r.below(40)))) + ",00"
	}
	before, after, yours := "", "", ""
	if r.below(8) == 0 {
		before, after, yours = "Kiitos tilauksestasi!", "Viivästyskorko korkolain mukaan", id.first+" "+id.last
	}
	term := pick(r, paymentTerms)
	language := pick(r, []string{"FI", "FI", "FI", "FI", "SE", "EN"})
	handling := "countrygroup"
	if id.country != "FI" {
		language = "EN"
	} else if !id.private && r.below(12) == 0 {
		handling = "domesticconstructionservice"
	}

	e := node("CustomerAdditionalInformation",
		leaf("Comment", comment), leaf("CustomerAgreementIdentifier", agreement),
		leaf("ReferenceNumber", reference), leaf("UseCreditorReferenceNumber", oneOrZero(r.below(5) == 0)),
		leaf("YourDefaultReference", yours), leaf("DefaultTextBeforeInvoiceLines", before), leaf("DefaultTextAfterInvoiceLines", after),
		leaf("DefaultPaymentTerm", term.name, attribute{"netvisorkey", term.key}),
		leaf("TaxHandlingType", handling), leaf("BalanceLimit", limit))
	add := func(c ...*element) { e.children = append(e.children, c...) }
	if r.below(4) == 0 {
		p := pick(r, salesPeople)
		r.below(uint64(len(lastNames))) // the draw keeps what follows as it was
		add(leaf("DefaultSalesPerson", p.first+" "+p.last))
	}
	if r.below(5) == 0 {
		add(leaf("DiscountPercentage", pick(r, []string{"5", "7,5", "10", "12,25"})), leaf("PriceGroup", pick(r, []string{"Tukku", "Jälleenmyyjä"})))
	}
	add(leaf("InvoicingLanguage", language, attribute{"type", "ISO-3166"}), leaf("EuStandardFinvoice", oneOrZero(r.below(2) == 0)))
	if r.below(10) == 0 {
		add(leaf("InCollectionProhibition", "1"))
	}
	if r.below(6) == 0 {
		item := r.below(uint64(len(costCentres)))
		add(node("CustomerDimensions", node("Dimension",
			leaf("DimensionName", "Kustannuspaikka", attribute{"netvisorkey", "2"}),
			leaf("DimensionItem", costCentres[item], attribute{"netvisorkey", strconv.Itoa(20 + int(item))}))))
	}
	add(node("AdditionalInformation", node("ReceivablesManagement",
		leaf("TurnoverDays", strconv.Itoa(5+int(r.below(40)))), leaf("TurnoverDeviation", fmt.Sprintf("%d,%d", r.below(9), r.below(10))))))
	return e
}

// tempCustomer is the placeholder every company has, for invoices to payers without a card (Netvisor contract section 7).
func tempCustomer() *Customer {
	c := newCustomer(tempKey)
	c.changed = changedFrom
	base := c.detail.child("CustomerBaseInformation")
	base.child("InternalIdentifier").text = "TEMP"
	base.child("Name").text = "Tilapäinen asiakas"
	return c
}

func oneOrZero(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// ovtOf is the OVT code of a Finnish business id; false for anything else, also for ids with a wrong check digit.
func ovtOf(businessID string) (string, bool) {
	base, check, ok := strings.Cut(businessID, "-")
	n, err := strconv.ParseUint(base, 10, 64)
	if !ok || err != nil || len(base) != 7 || remainder(n) == 1 || check != strconv.FormatUint((11-remainder(n))%11, 10) {
		return "", false
	}
	return "0037" + base + check, true
}

func address(r *random, home city) (street, post, town string) {
	number := strconv.Itoa(1 + int(r.below(90)))
	if r.below(3) == 0 {
		number += " " + pick(r, []string{"A", "B", "C"}) + " " + strconv.Itoa(1+int(r.below(40)))
	}
	return pick(r, streets) + " " + number, home.post, home.name
}

// phone writes a number the way people write them. The subscriber numbers begin with zeros, where nobody answers.
func phone(r *random) string {
	n := digits(r, 4)
	switch r.below(9) {
	case 0:
		return "040 000 " + n
	case 1:
		return "+358 40 000 " + n
	case 2:
		return "+358 (0)50 000 " + n
	case 3:
		return "0035844000" + n
	case 4:
		return "0457 000 " + n
	case 5:
		return "09-1234 " + n[:3]
	case 6:
		return "010 000 " + n
	case 7:
		return "050-000" + n
	default:
		return ""
	}
}
