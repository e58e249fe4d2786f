package rows

import (
	"time"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/link"
	"customerhub/internal/system"
)

// rights are what of a viewer's scopes decides how things are written (design section 8).
type rights struct{ personal, kyc, systems bool }

func rightsOf(v auth.Viewer) rights {
	return rights{personal: v.Can(auth.PersonalRead), kyc: v.Can(auth.KYCRead), systems: v.Can(auth.SystemsRead)}
}

// tables is the model table: how each type is written for a viewer with certain rights.
type tables struct {
	rights
	customer, office, person, contact, link, kyc *object
}

// The tables by the names that they have in statements.
const (
	fromCustomer = "customer c"
	fromOffice   = "office o"
	fromPerson   = "person p"
	fromContact  = "contact t"
	fromLink     = "link l"
)

func newTables(r rights) *tables {
	t := &tables{rights: r}
	for at, name := range map[**object]string{
		&t.customer: "Customer", &t.office: "Office", &t.person: "Person", &t.contact: "Contact", &t.link: "Link", &t.kyc: "Kyc",
	} {
		*at = &object{name: name}
	}
	t.fillCustomer()
	t.fillOffice()
	t.fillPerson()
	t.fillContact()
	t.fillLink()
	t.fillKYC()
	return t
}

// rootTable is a type that root fields give, and where its rows are.
type rootTable struct {
	of         *object
	table, key string
}

func (t *tables) roots() map[model.Noun]rootTable {
	return map[model.Noun]rootTable{
		model.NounCustomer: {t.customer, fromCustomer, "c.id"},
		model.NounOffice:   {t.office, fromOffice, "o.id"},
		model.NounPerson:   {t.person, fromPerson, "p.id"},
		model.NounLink:     {t.link, fromLink, "l.id"},
	}
}

// ofPrivate leaves a field out where the customer is a private person and the viewer may not see personal data.
func (t *tables) ofPrivate(f field, instead, kind string, joins ...string) field {
	if t.personal {
		return f
	}
	return f.hidden(kind, joins, func(v value) bool { return string(v) == string(customer.Private) }, instead)
}

// ofPerson leaves a field out where the viewer may not see personal data.
func (t *tables) ofPerson(f field) field {
	if t.personal {
		return f
	}
	return always(emptyList)
}

func (t *tables) fillCustomer() {
	private := func(f field, instead string) field { return t.ofPrivate(f, instead, "c.kind") }
	t.customer.plain = []string{"sync"} // computed from much more than rows
	t.customer.fields = map[string]field{
		"id": id(model.NounCustomer, "c.id"), "version": integer("c.version"), "number": text("c.number"),
		"kind": enum("c.kind", "", nil), "status": enum("c.status", "", nil), "name": textOrEmpty("c.name"),
		"nameExtension": text("c.name_extension"), "firstName": text("c.first_name"), "lastName": text("c.last_name"),
		"businessId": text("c.business_id"),
		"businessIdValid": leaf(func(_ *run, out []byte, v []value) []byte {
			if len(v[1]) == 0 {
				return appendNull(out)
			}
			return appendBool(out, v[0].boolean())
		}, "c.business_id_valid", "c.business_id"),
		"vatNumber": text("c.vat_number"), "buyerUnitNumber": text("c.buyer_unit_number"),
		"email": private(text("c.email"), null), "phone": private(within(phone("c"), "c.phone"), null), "language": text("c.language"),
		"billingEmails": private(texts("c.billing_emails"), emptyList), "consumerEInvoice": boolean("c.consumer_einvoice"),
		"createdAt": moment("c.created_at"), "updatedAt": moment("c.updated_at"),
		"masked": t.maskedCustomer(),
		"einvoiceAddresses": {rows: t.ofCustomer("offices", fromOffice, "o.customer_id", "o.id", t.office).with(func(r *relation) {
			own, office := within(einvoice("c", nil), "c.einvoice_address", "c.einvoice_operator"), t.officeEInvoice()
			r.lead, r.element = &own, &office
		})},
		"addresses": {rows: t.ofCustomer("addresses", "customer_address a", "a.customer_id",
			"CASE a.kind WHEN 'BILLING' THEN 1 WHEN 'VISITING' THEN 2 ELSE 3 END", address("a.kind", "a.name", "a", "a.derived")).with(func(r *relation) {
			r.columns = addressColumns("a.name", "a")
			r.filter = func(map[string]any) func([]value) bool { return anyKnown }
		})},
		"offices": {rows: t.ofCustomer("offices", fromOffice, "o.customer_id", "o.id", t.office)},
		"contacts": {rows: t.ofCustomer("contacts", fromContact, "t.customer_id", "t.is_default DESC, t.person_id", t.contact).with(func(r *relation) {
			r.columns, r.filter = []string{"t.roles"}, inRole
		})},
		"customFields": {columns: []string{"c.custom_fields"}, shape: t.customFields()},
		"responsible":  within(t.responsible(), "c.responsible_kind"),
		"kyc": {rows: t.ofCustomer("kyc", "kyc_status k", "k.customer_id", "k.as_of DESC, k.id DESC", t.kyc).with(func(r *relation) {
			r.newest, r.one, r.unknown = true, true, true
		})},
		"provenance": t.provenance(), "changes": t.changes(),
		"links":      {rows: t.ofCustomer("links", fromLink, "l.customer_id", "l.system_id, l.is_primary DESC, l.id", t.link)},
		"mergedInto": t.itsCustomer("c.merged_into"),
	}
}

func (t *tables) maskedCustomer() field {
	if t.personal {
		return always("false")
	}
	return leaf(func(_ *run, out []byte, v []value) []byte {
		return appendBool(out, string(v[0]) == string(customer.Private))
	}, "c.kind")
}

// ofCustomer leads from a customer to rows that name it.
func (t *tables) ofCustomer(name, table, key, order string, of *object) *relation {
	return &relation{name: name, of: of, table: table, key: key, parent: "c.id", order: order}
}

func (r *relation) with(more func(*relation)) *relation {
	more(r)
	return r
}

// itsCustomer leads from a part to its customer.
func (t *tables) itsCustomer(column string) field {
	return field{rows: &relation{name: "customer", of: t.customer, table: fromCustomer, key: "c.id", parent: column, one: true}}
}

// inRole keeps the contacts that have the role, or all when none is named.
func inRole(arguments map[string]any) func([]value) bool {
	var wanted string
	switch role := arguments["role"].(type) {
	case string:
		wanted = role
	case nil:
		return func([]value) bool { return true }
	}
	return func(v []value) bool {
		found := false
		v[0].texts(func(role []byte) { found = found || string(role) == wanted })
		return found
	}
}

func phone(alias string) *object {
	return &object{name: "Phone", fields: map[string]field{"raw": textOrEmpty(alias + ".phone"), "e164": text(alias + ".phone_e164")}}
}

// einvoice is the e-invoice address on a row; office is the office that it belongs to, nil for the customer's own.
func einvoice(alias string, office *object) *object {
	out := &object{name: "EInvoice", fields: map[string]field{
		"address": textOrEmpty(alias + ".einvoice_address"), "operator": textOrEmpty(alias + ".einvoice_operator"),
		"kind":   enum(alias+".einvoice_kind", string(model.EInvoiceKindOther), func(k string) bool { return model.EInvoiceKind(k).IsValid() }),
		"office": always(null),
	}}
	if office != nil {
		out.fields["office"] = field{embed: office}
	}
	return out
}

func (t *tables) officeEInvoice() field {
	return within(einvoice("o", t.office), "o.einvoice_address", "o.einvoice_operator")
}

// addressColumns are those of which one has to be known for there to be an address.
func addressColumns(name, alias string) []string {
	return []string{name, alias + ".line1", alias + ".line2", alias + ".postcode", alias + ".city"}
}

func address(kind, name, alias, derived string) *object {
	return &object{name: "Address", fields: map[string]field{
		"kind": enum(kind, "", nil), "name": text(name), "line1": text(alias + ".line1"), "line2": text(alias + ".line2"),
		"postcode": text(alias + ".postcode"), "city": text(alias + ".city"), "country": text(alias + ".country"), "derived": boolean(derived),
	}}
}

func (t *tables) fillOffice() {
	private := func(f field, instead string) field {
		return t.ofPrivate(f, instead, "oc.kind", "LEFT JOIN customer oc ON oc.organisation_id = o.organisation_id AND oc.id = o.customer_id")
	}
	where := address("o.id", "o.address_name", "o", "o.id")
	// An office has one address: the one where it is.
	where.fields["kind"], where.fields["derived"] = always(`"`+string(customer.Visiting)+`"`), always("false")
	t.office.fields = map[string]field{
		"id": id(model.NounOffice, "o.id"), "name": textOrEmpty("o.name"), "identifier": text("o.identifier"),
		"phone": private(within(phone("o"), "o.phone"), null), "billingEmails": private(texts("o.billing_emails"), emptyList),
		"address": within(where, addressColumns("o.address_name", "o")...), "einvoice": t.officeEInvoice(), "active": boolean("o.active"),
		"customer": t.itsCustomer("o.customer_id"),
	}
}

func (t *tables) fillPerson() {
	t.person.fields = map[string]field{
		"id": id(model.NounPerson, "p.id"), "firstName": text("p.first_name"), "lastName": textOrEmpty("p.last_name"), "language": text("p.language"),
		"emails": t.ofPerson(texts("p.emails")), "phones": {columns: []string{"p.phones", "p.phones_e164"}, shape: phones},
		"customers": {rows: &relation{name: "customers", of: t.contact, table: fromContact, key: "t.person_id", parent: "p.id", order: "t.customer_id"}},
		"masked":    always("false"),
	}
	if !t.personal {
		t.person.fields["phones"], t.person.fields["masked"] = always(emptyList), always("true")
	}
}

// phones are written from two lists side by side.
var phones = &shape{
	name: "Phone",
	list: func(_ *run, v []value) []any {
		var out []any
		v[0].texts(func(raw []byte) { out = append(out, &[2][]byte{raw}) })
		at := 0
		v[1].texts(func(e164 []byte) { out[at].(*[2][]byte)[1], at = e164, at+1 })
		return out
	},
	fields: map[string]shapeField{
		"raw": {write: func(out []byte, of any) []byte { return appendText(out, of.(*[2][]byte)[0]) }},
		"e164": {write: func(out []byte, of any) []byte {
			if e164 := of.(*[2][]byte)[1]; len(e164) > 0 {
				return appendText(out, e164)
			}
			return appendNull(out)
		}},
	},
}

func (t *tables) fillContact() {
	t.contact.fields = map[string]field{
		"person":   field{embed: t.person}.joined("JOIN person p ON p.organisation_id = t.organisation_id AND p.id = t.person_id"),
		"customer": t.itsCustomer("t.customer_id"),
		"roles":    texts("t.roles"), "title": text("t.title"), "isDefault": boolean("t.is_default"),
		"office": within(t.office, "o.id").joined("LEFT JOIN office o ON o.organisation_id = t.organisation_id AND o.id = t.office_id"),
	}
}

func (t *tables) responsible() *object {
	return &object{name: "Responsible", fields: map[string]field{
		"kind": enum("c.responsible_kind", "", nil), "name": textOrEmpty("c.responsible_name"), "externalId": text("c.responsible_external_id"),
		"system": t.namedSystem("rs", "LEFT JOIN system rs ON rs.organisation_id = c.organisation_id AND rs.id = c.responsible_system"),
	}}
}

// namedSystem is a system that a value names: null when it names none, or the viewer may not see systems.
func (t *tables) namedSystem(alias string, join string) field {
	if !t.systems {
		return always(null)
	}
	return within(t.system(alias), alias+".id").joined(join)
}

func (t *tables) system(alias string) *object {
	out := &object{name: "System", fields: map[string]field{
		"id": id(model.NounSystem, alias+".id"), "kind": enum(alias+".kind", "", nil), "name": textOrEmpty(alias + ".name"),
		"state": enum(alias+".state", "", nil), "health": health(alias), "credentialsSetAt": moment(alias + ".credentials_set_at"),
		"checkedAt": moment(alias + ".checked_at"), "nextDueAt": moment(alias + ".next_due_at"), "freshness": moment(alias + ".fresh_at"),
		"pollEverySeconds": integer("extract(epoch FROM " + alias + ".poll_every)::bigint"),
		"createdAt":        moment(alias + ".created_at"), "updatedAt": moment(alias + ".updated_at"),
	}}
	if t.systems {
		out.fields["fault"] = within(systemFault(alias), alias+".fault_code")
		out.plain = []string{"settings", "checks", "policy", "lane", "errorReport", "activation", "inbound", "lastRun"}
		return out
	}
	for _, name := range []string{"fault", "settings", "checks", "policy", "lane", "errorReport", "activation", "inbound", "lastRun"} {
		out.fields[name] = always(null)
	}
	return out
}

func systemFault(alias string) *object {
	return &object{name: "Fault", fields: map[string]field{
		"code":    enum(alias+".fault_code", string(model.FaultCodeInternal), func(c string) bool { return model.FaultCode(c).IsValid() }),
		"message": textOrEmpty(alias + ".fault_message"), "since": moment(alias + ".fault_since"),
	}}
}

func health(alias string) field {
	return leaf(func(_ *run, out []byte, v []value) []byte {
		s := system.System{State: system.State(v[0])}
		if len(v[1]) > 0 {
			s.Fault = &system.Fault{Code: fault.Code(v[1])}
		}
		if v[2] != nil {
			s.CheckedAt = v[2].moment()
		}
		if v[3] != nil {
			s.FreshAt = v[3].moment()
		}
		return appendText(out, s.Health())
	}, alias+".state", alias+".fault_code", alias+".checked_at", alias+".fresh_at")
}

func (t *tables) fillLink() {
	t.link.fields = map[string]field{
		"id":       id(model.NounLink, "l.id"),
		"system":   field{embed: t.system("s")}.joined(systemOfLink),
		"customer": t.itsCustomer("l.customer_id"), "externalId": text("l.external_id"), "state": enum("l.state", "", nil),
		"reason": text("l.fault_message"), "primary": boolean("l.is_primary"), "dueAt": moment("l.due_at"), "attempt": integer("l.attempt"),
		"lastSyncedAt": moment("l.last_synced_at"), "pendingWrite": pendingWrite(), "deletion": deletion(),
		"queuePosition": queuePosition(), "freshAsOf": freshAsOf,
	}
}

var freshAsOf = leaf(func(_ *run, out []byte, v []value) []byte {
	as := freshLink(v)
	if as.IsZero() {
		return appendNull(out)
	}
	return appendMoment(out, as)
}, "l.state", "l.fault_code", "l.external_id", "l.looked_at", "s.fresh_at").joined(systemOfLink)

// freshLink is from when on the hub may not know of a change of a link's record: the columns are its state, fault, external id and own last
// look, and the last complete look at the system.
func freshLink(v []value) time.Time {
	l := link.Link{State: link.State(v[0]), LastFault: fault.Code(v[1]), ExternalID: string(v[2])}
	var complete time.Time
	if v[3] != nil {
		l.LookedAt = v[3].moment()
	}
	if v[4] != nil {
		complete = v[4].moment()
	}
	return l.FreshAsOf(complete)
}

const systemOfLink = "JOIN system s ON s.organisation_id = l.organisation_id AND s.id = l.system_id"

// fillKYC writes what the due-diligence service said last; of whom it has said nothing all columns are NULL.
func (t *tables) fillKYC() {
	t.kyc.fields = map[string]field{
		"state":           enum("k.state", string(customer.KYCNotSent), nil),
		"riskClass":       enum("k.risk_class", string(customer.RiskUnknown), nil),
		"requiresActions": boolean("k.requires_actions"), "requiresActionsReasons": texts("k.requires_actions_reasons"),
		"latestRiskAssessmentOn": day("k.latest_risk_assessment_on"), "dueDiligenceExpiresOn": day("k.due_diligence_expires_on"),
		"isOverdue": overdue, "notes": text("k.notes"), "stage": text("k.stage"), "asOf": knownAsOf, "masked": always("false"),
	}
	if t.rights.kyc {
		t.kyc.fields["history"], t.kyc.fields["contactPerson"] = t.history(), t.kycPerson()
		return
	}
	t.kyc.plain = []string{"history"} // which refuses it
	for _, name := range []string{"latestRiskAssessmentOn", "dueDiligenceExpiresOn", "isOverdue", "notes", "asOf", "stage", "contactPerson"} {
		t.kyc.fields[name] = always(null)
	}
	t.kyc.fields["requiresActionsReasons"], t.kyc.fields["masked"] = always(emptyList), always("true")
}

// kycPerson is the contact person as the service has it, on the row of the status.
func (t *tables) kycPerson() field {
	member := func(name string) string { return "k.person ->> '" + name + "'" }
	p := &object{name: "KycContactPerson", fields: make(map[string]field)}
	var all []string
	for _, name := range []string{"firstName", "lastName", "email", "phone", "language"} {
		p.fields[name] = text(member(name))
		all = append(all, member(name))
	}
	if !t.personal {
		p.fields["email"], p.fields["phone"] = always(null), always(null)
	}
	return within(p, all...)
}

// linkOfKYC is the customer's record in the system that said the status, and how new the hub's knowledge of that system is.
const linkOfKYC = `LEFT JOIN LATERAL (
  SELECT l.state, l.fault_code, l.external_id, l.looked_at, s.fresh_at
  FROM link l
  JOIN system s ON s.organisation_id = l.organisation_id AND s.id = l.system_id
  WHERE l.organisation_id = k.organisation_id AND l.customer_id = k.customer_id AND l.system_id = k.source_system
  ORDER BY l.is_primary DESC, l.id
  LIMIT 1) l ON true`

var knownAsOf = leaf(func(_ *run, out []byte, v []value) []byte {
	if v[0] == nil {
		return appendNull(out)
	}
	k := customer.KYC{AsOf: v[0].moment()}
	if v[1] != nil {
		k.FreshAsOf = freshLink(v[1:])
	}
	return appendMoment(out, k.KnownAsOf())
}, "k.as_of", "l.state", "l.fault_code", "l.external_id", "l.looked_at", "l.fresh_at").joined(linkOfKYC)

var overdue = leaf(func(x *run, out []byte, v []value) []byte {
	if v[0] == nil {
		return appendNull(out)
	}
	k := customer.KYC{DueDiligenceExpiresOn: v[0].day().Format("2006-01-02")}
	return appendBool(out, *k.Overdue(x.today))
}, "k.due_diligence_expires_on")
