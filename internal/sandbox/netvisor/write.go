package netvisor

import (
	"context"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// customer answers customer.nv: add makes a customer, edit changes what the message holds and keeps the rest (Netvisor contract
// sections 4.3 and 6).
func (s *Sandbox) customer(c *company, p parameters, out *reply) *failure {
	f := form{root: "customer", rules: s.customerForm, check: checkCustomer}
	for _, name := range []string{"useonlyexistingdimensions", "checkdimensionvalidityperiod"} {
		if v := p[name]; v != "" && !isFlag(v) {
			return fail(invalidData, textBadParameter, name, clipValue(v))
		}
	}
	switch method := strings.ToLower(p["method"]); method {
	case "add":
		f.adding = true
		return s.write(c, 0, out, f)
	case "edit":
		key, failed := p.key("id")
		if failed != nil {
			return failed
		}
		return s.write(c, key, out, f)
	case "":
		return fail(invalidData, textParameterMissing, "method")
	default:
		return fail(invalidData, textBadParameter, "method", clipValue(method))
	}
}

// customerRules is the message of customer.nv in the order of its document type. customerbaseinformation occurs once, so it must be there,
// though it may be empty in an edit.
func customerRules(tags bool) []rule {
	rules := []rule{
		{name: "customerbaseinformation", need: always, children: []rule{
			{name: "internalidentifier", size: 50, check: code, checkIn: checkCode, apply: applyCode},
			{name: "externalidentifier", size: 50, checkIn: checkExternal, apply: to("ExternalIdentifier")},
			{name: "organizationunitnumber", size: 17, check: orEmpty(isUnitNumber), apply: to("OrganizationUnitNumber")},
			{name: "name", size: 250, need: whenAdding, filled: true, apply: to("Name")},
			{name: "nameextension", size: 250, apply: to("NameExtension")},
			{name: "streetaddress", size: 80, apply: to("StreetAddress")},
			{name: "additionaladdressline", size: 80, apply: to("AdditionalStreetAddress")},
			{name: "city", size: 80, apply: to("City")},
			{name: "postnumber", size: 50, apply: to("PostNumber")},
			countryRule("country", "Country"),
			{name: "customergroupname", size: 250, apply: applyGroup},
			{name: "phonenumber", size: 80, apply: to("PhoneNumber")},
			{name: "faxnumber", size: 80, apply: to("FaxNumber")},
			{name: "email", size: 200, apply: to("Email")},
			{name: "homepageuri", size: 255, apply: to("HomePageUri")},
			{name: "isactive", check: isFlag, apply: to("IsActive")},
			{name: "isprivatecustomer", check: isFlag, apply: to("IsPrivateCustomer")},
			{name: "emailinvoicingaddress", check: orEmpty(isMailList), apply: to("EmailInvoicingAddress")},
		}},
		{name: "customerfinvoicedetails", children: []rule{
			{name: "finvoiceaddress", size: 80, apply: to("FinvoiceAddress")}, // not validated here, unlike in office.nv
			{name: "finvoiceroutercode", check: orEmpty(isRouter), apply: to("FinvoiceRouterCode")},
		}},
		{name: "customerdeliverydetails", children: []rule{
			{name: "deliveryname", size: 250, apply: to("DeliveryName")},
			{name: "deliverystreetaddress", size: 80, apply: to("DeliveryStreetAddress")},
			{name: "deliverycity", size: 80, apply: to("DeliveryCity")},
			{name: "deliverypostnumber", size: 50, apply: to("DeliveryPostNumber")},
			countryRule("deliverycountry", "DeliveryCountry"),
		}},
		{name: "customercontactdetails", children: []rule{
			{name: "contactname", size: 250, apply: hide("contactname")},
			{name: "contactperson", size: 250, apply: to("ContactPerson")},
			{name: "contactpersonemail", size: 200, apply: to("ContactPersonEmail")},
			{name: "contactpersonphone", size: 80, apply: to("ContactPersonPhone")},
		}},
		{name: "customeradditionalinformation", children: []rule{
			{name: "comment", apply: to("Comment")},
			{name: "customeragreementidentifier", size: 250, apply: to("CustomerAgreementIdentifier")},
			{name: "customerreferencenumber", size: 250, apply: to("ReferenceNumber")},
			{name: "usecreditorreferencenumber", check: isFlag, apply: to("UseCreditorReferenceNumber")},
			{name: "useorderreferencenumber", check: isFlag, apply: hide("useorderreferencenumber")},
			{name: "directdebitbankaccount", size: 50, apply: hide("directdebitbankaccount")},
			languageRule("invoicinglanguage", to("InvoicingLanguage")),
			{name: "invoiceprintchannelformat", check: orEmpty(isNumber), kinds: netvisorOrCustomer, apply: hide("invoiceprintchannelformat")},
			{name: "yourdefaultreference", size: 250, apply: to("YourDefaultReference")},
			{name: "defaulttextbeforeinvoicelines", apply: to("DefaultTextBeforeInvoiceLines")},
			{name: "defaulttextafterinvoicelines", apply: to("DefaultTextAfterInvoiceLines")},
			{name: "defaultpaymentterm", kinds: netvisorOrCustomer, check: code, checkIn: checkListed("terms"), apply: applyListed("terms", "DefaultPaymentTerm")},
			{name: "defaultsecondname", kinds: netvisorOrCustomer, size: 250, apply: hide("defaultsecondname")},
			{name: "paymentinterest", check: orEmpty(decimalShape.MatchString), apply: hide("paymentinterest")},
			{name: "balancelimit", check: orEmpty(decimalShape.MatchString), apply: applyBalance},
			{name: "receivablesmanagementautomationrule", kinds: netvisorOrCustomer, size: 250, apply: hide("receivablesmanagementautomationrule")},
			{name: "factoringaccount", kinds: netvisorOrCustomer, check: code, checkIn: checkListed("accounts"), apply: applyListed("accounts", "FactoringAccount")},
			{name: "taxhandlingtype", check: oneOf("countrygroup", "forcedomestic", "notaxhandling", "domesticconstructionservice"), apply: to("TaxHandlingType")},
			{name: "eustandardfinvoice", check: isFlag, apply: to("EuStandardFinvoice")},
			{name: "defaultsalesperson", children: []rule{
				{name: "salespersonid", check: orEmpty(isSalesPerson), kinds: []string{"netvisor"}, need: always, apply: applySalesPerson},
			}},
		}},
		{name: "customerdimensiondetails", apply: applyDimensions, children: []rule{
			{name: "dimension", many: true, need: always, checkIn: checkDimension, children: []rule{
				{name: "dimensionname", size: 250, need: always, filled: true},
				{name: "dimensionitem", size: 250, need: always, filled: true},
			}},
		}},
	}
	if tags { // [assumed]: the name and the place of the element are not known
		rules = append(rules, rule{name: "customtags", children: []rule{
			{name: "tag", many: true, checkIn: checkTag, apply: applyTag, children: []rule{
				{name: "tagname", need: always, filled: true}, {name: "tagvalue", need: always}}},
		}})
	}
	return rules
}

var netvisorOrCustomer = []string{"netvisor", "customer"}

func countryRule(name, field string) rule {
	return rule{name: name, check: orEmpty(isAnyCaseCountry), kinds: countryKinds, apply: func(w *writing, g given) {
		g.text = strings.ToUpper(g.text)
		to(field)(w, g)
	}}
}

// countryKinds are the attribute's values: a sample page of the service misspells it, an absent one is taken for the only one there is [inferred].
var countryKinds = []string{"iso-3166", "iso-3316", ""}

func isAnyCaseCountry(s string) bool { return isCountry(strings.ToUpper(s)) }

func languageRule(name string, apply func(*writing, given)) rule {
	return rule{name: name, check: orEmpty(oneOf("FI", "EN", "SE")), kinds: countryKinds, apply: func(w *writing, g given) {
		g.text = strings.ToUpper(g.text)
		apply(w, g)
	}}
}

// to enters a value in an element of the card. Emptying an element that is not there leaves the card as it is.
func to(field string) func(*writing, given) {
	return func(w *writing, g given) {
		text := w.s.opts.normalise(field, g.text)
		if text != "" || w.customer.Has(field) {
			_ = w.customer.Set(field, text) // the field is known and the text came out of XML
		}
	}
}

// hide keeps a value that no reply shows.
func hide(path string) func(*writing, given) {
	return func(w *writing, g given) { w.customer.hide(path, g.text) }
}

func isUnitNumber(s string) bool { return unitShape.MatchString(s) && isOVT(s) }

func isRouter(s string) bool { _, known := routers[s]; return known }

func isSalesPerson(s string) bool { _, known := findSalesPerson(s); return known }

// isMailList takes one address or several joined with semicolons.
func isMailList(s string) bool {
	for one := range strings.SplitSeq(s, ";") {
		if !mailShape.MatchString(strings.TrimSpace(one)) {
			return false
		}
	}
	return true
}

func isAutomatic(g given) bool { return g.kind == "automatic" && g.text == "" }

func checkCode(w *writing, g given) *failure {
	if g.kind != "" && g.kind != "automatic" {
		return fail(invalidData, textElementKind, g.path, clipValue(g.kind))
	}
	if g.text == "" || w.s.opts.AllowDuplicateCodes {
		return nil
	}
	if slices.ContainsFunc(w.c.book.holders(g.text), func(key int64) bool { return key != w.customer.key }) {
		return fail(duplicateData, textDuplicateCode, clipValue(g.text))
	}
	return nil
}

// applyCode enters the customer code. Automatic numbering gives one where there is none, and leaves the code of a customer who has one [inferred].
func applyCode(w *writing, g given) {
	if isAutomatic(g) {
		if w.customer.Get("code") != "" {
			return
		}
		g.text = w.c.book.number()
	}
	to("InternalIdentifier")(w, g)
}

func checkExternal(w *writing, g given) *failure {
	if id := strings.TrimSpace(g.text); w.s.opts.CheckBusinessID && id != "" && !isExternalIdentifier(id) {
		return fail(invalidData, textElementValue, g.path, clipValue(g.text))
	}
	return nil
}

func applyGroup(w *writing, g given) {
	name, key := w.s.opts.normalise("CustomerGroupName", g.text), ""
	if strings.TrimSpace(name) == "" {
		name = ""
	} else {
		key = w.c.book.lists.ensure("groups", name)
	}
	for _, v := range [][2]string{{"CustomerGroupNetvisorKey", key}, {"CustomerGroupName", name}} {
		if v[1] != "" || w.customer.Has(v[0]) {
			_ = w.customer.Set(v[0], v[1]) // a known field
		}
	}
}

// checkListed refuses what is not in one of the company's lists: a key with type netvisor, a name with type customer.
func checkListed(list string) func(*writing, given) *failure {
	return func(w *writing, g given) *failure {
		r := w.c.book.lists.all()[list]
		_, key := r.byKey[g.text]
		_, name := r.byName[g.text]
		if g.text == "" || g.kind == "netvisor" && key || g.kind == "customer" && name {
			return nil
		}
		return fail(invalidData, textElementValue, g.path, clipValue(g.text))
	}
}

func applyListed(list, field string) func(*writing, given) {
	return func(w *writing, g given) {
		r := w.c.book.lists.all()[list]
		key, name := g.text, r.byKey[g.text]
		if g.kind == "customer" {
			key, name = r.byName[g.text], g.text
		}
		if g.text == "" {
			key, name = "", ""
			if !w.customer.Has(field) {
				return
			}
		}
		_ = w.customer.Set(field, name) // a known field
		w.customer.detail.child("CustomerAdditionalInformation").child(field).setAttr("netvisorkey", key)
	}
}

// applyBalance writes two decimals, as they are replied.
func applyBalance(w *writing, g given) {
	if n, ok := new(big.Rat).SetString(strings.ReplaceAll(g.text, ",", ".")); ok {
		g.text = strings.ReplaceAll(n.FloatString(2), ".", ",")
	}
	to("BalanceLimit")(w, g)
}

func applySalesPerson(w *writing, g given) {
	if p, ok := findSalesPerson(g.text); ok {
		g.text = p.first + " " + p.last
	}
	to("DefaultSalesPerson")(w, g)
}

func dimensionOf(e *element) (name, item string) {
	return e.value("dimensionname"), e.value("dimensionitem")
}

func checkDimension(w *writing, g given) *failure {
	name, item := dimensionOf(g.e)
	lists := &w.c.book.lists
	_, known := lists.items.byName[itemName(name, item)]
	if !known && w.p["useonlyexistingdimensions"] == "1" {
		return fail(invalidData, textNoDimension, clipValue(name), clipValue(item))
	}
	return nil
}

// applyDimensions replaces the customer's dimensions as a set [inferred].
func applyDimensions(w *writing, g given) {
	set := node("CustomerDimensions")
	for _, d := range g.e.children {
		name, item := dimensionOf(d)
		lists := &w.c.book.lists
		set.children = append(set.children, node("Dimension",
			leaf("DimensionName", name, attribute{"netvisorkey", lists.ensure("dimensions", name)}),
			leaf("DimensionItem", item, attribute{"netvisorkey", lists.ensure("items", itemName(name, item))})))
	}
	info := w.customer.detail.ensure("CustomerAdditionalInformation", groupNames)
	at := info.ensure("CustomerDimensions", dimensionPlace)
	at.text, at.children = "", set.children
}

// dimensionPlace puts the dimensions behind the plain elements and before the turnover.
var dimensionPlace = append(slices.Clone(fieldNames("CustomerAdditionalInformation")), "CustomerDimensions", "AdditionalInformation")

func checkTag(w *writing, g given) *failure {
	name, value := g.e.value("tagname"), g.e.value("tagvalue")
	i := slices.IndexFunc(w.s.opts.CustomTags, func(t CustomTag) bool { return t.Name == name })
	if i < 0 || value != "" && !w.s.opts.CustomTags[i].accepts(value) {
		return fail(invalidData, textElementValue, g.path, clipValue(name+" = "+value))
	}
	return nil
}

func applyTag(w *writing, g given) {
	name, value := g.e.value("tagname"), g.e.value("tagvalue")
	for _, t := range w.s.opts.CustomTags {
		if t.Name == name {
			w.customer.setTag(tag{name, t.Type, value})
		}
	}
}

// checkCustomer sees to what an add needs, also where the base information is empty, and to what it presets: the country is Finland unless the
// message says otherwise.
func checkCustomer(w *writing) *failure {
	if _, named := w.value("customerbaseinformation/name"); w.adding && !named {
		return fail(invalidData, textElementMissing, "customer/customerbaseinformation/name")
	}
	if _, given := w.value("customerbaseinformation/country"); w.adding && !given {
		w.todo = append(w.todo, func() { _ = w.customer.Set("Country", "FI") })
	}
	return nil
}

// deleteCustomer answers deletecustomer.nv, a GET that changes data (Netvisor contract section 4.4).
func (s *Sandbox) deleteCustomer(c *company, p parameters, out *reply) *failure {
	key, f := p.key("customerid")
	if f != nil {
		return f
	}
	if !out.ready(s) {
		return fail(technicalError, textTechnical)
	}
	err := s.remove(c, key, &out.origin, func(cu *Customer) error {
		switch {
		case strings.EqualFold(cu.Get("code"), "TEMP"):
			return refusalError{fail(invalidData, textDeleteTemp)}
		case cu.invoiced:
			return refusalError{fail(invalidData, textDeleteInvoiced, key)}
		}
		return nil
	})
	return out.outcome(key, err, &writing{})
}

// key is a parameter that must be a key.
func (p parameters) key(name string) (int64, *failure) {
	text := p[name]
	if text == "" {
		return 0, fail(invalidData, textParameterMissing, name)
	}
	key, err := strconv.ParseInt(text, 10, 64)
	if err != nil || key <= 0 {
		return 0, fail(invalidData, textBadParameter, name, clipValue(text))
	}
	return key, nil
}

// ready is called when a message is right and is about to have its effect. A slow commit waits here, whether or not the client has gone; false
// means the sandbox closes first.
func (r *reply) ready(s *Sandbox) bool {
	return r.strikes.slowCommit() == 0 || s.wait(context.WithoutCancel(r.ctx), r.strikes.slowCommit())
}

// outcome answers a write: an error as what it is, a success with the key of what was added.
func (r *reply) outcome(key int64, err error, w *writing) *failure {
	if f := failureOf(key, err); f != nil {
		return f
	}
	r.committed = true
	now := r.clock()
	x := r.begin(statusOK, "", now)
	inserted := w.part
	if w.root == "customer" && w.adding {
		inserted = w.customer.key
	}
	if w.adding && inserted != 0 {
		x.element(node("Replies", leaf("InsertedDataIdentifier", strconv.FormatInt(inserted, 10))))
	}
	r.end(x)
	return nil
}
