package merge_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/merge"
	"customerhub/internal/run"
)

// log is a customer with the changes that a run, and others behind it, made.
type log struct {
	customer customer.Customer
	ran      merge.Ran
}

// by applies what the run did.
func (l *log) by(kind change.Kind, fields ...customer.FieldChange) *log {
	l.apply(fields)
	l.ran.By = append(l.ran.By, change.Change{Kind: kind, Fields: fields, Actor: change.Actor{Kind: change.ActorSystem, Name: "Netvisor"}})
	return l
}

// then applies what somebody did after it.
func (l *log) then(kind change.Kind, actor change.ActorKind, fields ...customer.FieldChange) *log {
	l.apply(fields)
	l.ran.After = append(l.ran.After, change.Change{
		Kind: kind, Fields: fields, Actor: change.Actor{Kind: actor, Name: "Aino Malli"}, At: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
	})
	return l
}

func (l *log) apply(fields []customer.FieldChange) {
	for _, f := range fields {
		part, id, name, ok := f.Field.PartKey()
		switch {
		case f.Field == customer.FieldKYCState:
		case ok && part == customer.PartOffice:
			at := slices.IndexFunc(l.customer.Offices, func(o customer.Office) bool { return string(o.ID) == id })
			if at < 0 {
				l.customer.Offices = append(l.customer.Offices, customer.Office{ID: customer.OfficeID(id)})
				at = len(l.customer.Offices) - 1
			}
			_ = l.customer.Offices[at].Apply(name, f.After)
		case ok && part == customer.PartContact:
			at := slices.IndexFunc(l.customer.Contacts, func(c customer.Contact) bool { return string(c.Person.ID) == id })
			_ = l.customer.Contacts[at].Apply(name, f.After)
		default:
			_ = l.customer.Apply(f.Field, f.After)
		}
	}
}

func from(f customer.Field, before, after string) customer.FieldChange {
	return customer.FieldChange{Field: f, Before: before, After: after}
}

// TestTakeBack says what becomes of what a run did, case by case.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	const updated, status = change.CustomerUpdated, customer.FieldStatus
	start := func() *log {
		return &log{customer: customer.Customer{ID: "c", Name: "Vanha Oy", Kind: customer.Company, Status: customer.Active}}
	}
	created := func() *log {
		l := start()
		return l.by(change.CustomerCreated, customer.Diff(nil, l.customer.Flatten(customer.HubKeys))...)
	}
	office := func(name string) customer.Field { return customer.PartField(customer.PartOffice, "o", name) }
	isDefault := func(id string) customer.Field { return customer.PartField(customer.PartContact, id, "default") }
	contacts := func(def int) *log {
		l := start()
		for i, id := range []customer.PersonID{"a", "b", "c"} {
			l.customer.Contacts = append(l.customer.Contacts, customer.Contact{Person: customer.Person{ID: id}, Roles: []customer.ContactRole{customer.GeneralContact}, IsDefault: i == def})
		}
		return l
	}
	for _, tc := range []struct {
		name string
		log  *log
		want []string // field, verdict
	}{
		{"AValueGoesBack", start().by(updated, from("name", "Vanha Oy", "Uusi Oy")), []string{"name RETURNS"}},
		{"ThroughTwoChangesOfTheRun", start().by(updated, from("name", "Vanha Oy", "Toinen Oy")).by(updated, from("name", "Toinen Oy", "Uusi Oy")), []string{"name RETURNS"}},
		{"AndIsNotTheRunsWhereItEndedAsItBegan", start().by(updated, from("name", "Vanha Oy", "Toinen Oy")).by(updated, from("name", "Toinen Oy", "Vanha Oy")), nil},
		{"ChangedSince", start().by(updated, from("name", "Vanha Oy", "Uusi Oy")).then(updated, change.ActorKey, from("name", "Uusi Oy", "Oma Oy")), []string{"name CHANGED_SINCE Aino Malli"}},
		{"ChangedSinceToWhatItWas", start().by(updated, from("name", "Vanha Oy", "Uusi Oy")).then(updated, change.ActorKey, from("name", "Uusi Oy", "Vanha Oy")), []string{"name ALREADY"}},
		{
			"AnAddressGoesBackAsAWhole",
			start().by(updated, from("billingAddress.city", "", "Oulu")).then(updated, change.ActorKey, from("billingAddress.line1", "", "Katu 1")),
			[]string{"billingAddress.city WITH_CHANGED Aino Malli"},
		},
		{"AnOfficeStays", start().by(updated, from(office(customer.Present), "", "true"), from(office("name"), "", "Halli")), []string{"office[o].present PART_STAYS"}},
		{"ItsOldValuesGoBack", start().by(updated, from(office("name"), "Varasto", "Halli")), []string{"office[o].name RETURNS"}},
		{"DueDiligenceIsItsOwners", start().by(change.KYCStatusChanged, from("kyc.state", "CANDIDATE", "CUSTOMER")), []string{"kyc.state OWNED"}},
		{"TheDefaultContactGoesBack", contacts(1).by(updated, from(isDefault("a"), "true", ""), from(isDefault("b"), "", "true")), []string{"contact[a].default RETURNS", "contact[b].default RETURNS"}},
		{
			"TheDefaultContactIsOne",
			contacts(1).by(updated, from(isDefault("a"), "true", ""), from(isDefault("b"), "", "true")).then(updated, change.ActorKey, from(isDefault("b"), "true", ""), from(isDefault("c"), "", "true")),
			[]string{"contact[a].default WITH_CHANGED Aino Malli", "contact[b].default ALREADY"},
		},
		{"AMadeCustomerIsTakenOut", created(), []string{"status TAKEN_OUT"}},
		{"ATouchedOneStays", created().then(updated, change.ActorKey, from("name", "Vanha Oy", "Oma Oy")), []string{"status TOUCHED_SINCE Aino Malli"}},
		{"WhatTheHubGaveIsNoTouch", created().then(updated, change.ActorHub, from("number", "", "100001")), []string{"status TAKEN_OUT"}},
		{"ACandidateIsNoTouch", created().then(change.KYCStatusChanged, change.ActorSystem, from("kyc.state", "NOT_SENT", "CANDIDATE")), []string{"status TAKEN_OUT"}},
		{"AnAssessmentIs", created().then(change.KYCStatusChanged, change.ActorSystem, from("kyc.state", "CANDIDATE", "CUSTOMER")), []string{"status TOUCHED_SINCE Aino Malli"}},
		{"WhoIsOutOfUseAlreadyStaysSo", created().then(change.CustomerDeactivated, change.ActorKey, from(status, "ACTIVE", "INACTIVE")), []string{"status ALREADY"}},
		{"AMergedCustomerIsGone", start().by(updated, from("name", "Vanha Oy", "Uusi Oy")).then(change.CustomerMerged, change.ActorKey, from(status, "ACTIVE", "MERGED")), []string{" CUSTOMER_GONE Aino Malli"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := tc.log
			before := l.customer.Flatten(customer.HubKeys)
			back := merge.TakeBack(l.customer, l.ran)
			var got []string
			for _, i := range back.Items {
				one := fmt.Sprintf("%s %s", i.Field, i.Verdict)
				if i.ChangedBy != "" {
					one += " " + i.ChangedBy
				}
				got = append(got, one)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			defaults := 0
			for _, c := range back.Customer.Contacts {
				if c.IsDefault {
					defaults++
				}
			}
			if len(back.Customer.Contacts) > 0 && defaults != 1 {
				t.Errorf("%d default contacts", defaults)
			}
			changed := customer.Diff(before, back.Customer.Flatten(customer.HubKeys))
			if does := slices.ContainsFunc(back.Items, func(i run.UndoItem) bool { return i.Verdict.Does() }); does != (len(changed) > 0) {
				t.Errorf("changes %v", changed)
			}
			if !customerEqual(l.customer, before) {
				t.Error("the customer that was given was altered")
			}
		})
	}
}

func customerEqual(c customer.Customer, before customer.Fields) bool {
	return len(customer.Diff(before, c.Flatten(customer.HubKeys))) == 0
}
