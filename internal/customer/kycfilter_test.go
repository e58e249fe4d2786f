package customer_test

import (
	"testing"

	"customerhub/internal/customer"
)

func TestKYCFilter(t *testing.T) {
	t.Parallel()
	high := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, RequiresActions: new(true), DueDiligenceExpiresOn: "2026-11-21"}
	silent := customer.UnknownKYC()
	risk := []customer.RiskClass{customer.RiskHigh}
	for _, tc := range []struct {
		name         string
		filter       customer.KYCFilter
		high, silent bool
	}{
		{"NothingFitsEverybody", customer.KYCFilter{}, true, true},
		{"AnyOfNothingFitsEverybody", customer.KYCFilter{AnyOf: true}, true, true},
		{"TheRiskClass", customer.KYCFilter{RiskClass: risk}, true, false},
		{"SeveralRiskClasses", customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskUnknown, customer.RiskHigh}}, true, true},
		{"NoRiskClassFitsNobody", customer.KYCFilter{RiskClass: []customer.RiskClass{}}, false, false},
		{"ActionIsRequired", customer.KYCFilter{RequiresActions: new(true)}, true, false},
		{"NotKnownIsNotNo", customer.KYCFilter{RequiresActions: new(false)}, false, false},
		{"ExpiresBefore", customer.KYCFilter{ExpiresBefore: "2026-11-22"}, true, false},
		{"NotBeforeItsLastDay", customer.KYCFilter{ExpiresBefore: "2026-11-21"}, false, false},
		{"AllHaveToHold", customer.KYCFilter{RiskClass: risk, RequiresActions: new(false)}, false, false},
		{"AllHold", customer.KYCFilter{RiskClass: risk, RequiresActions: new(true), ExpiresBefore: "2027-01-01"}, true, false},
		{"OneIsEnough", customer.KYCFilter{RiskClass: risk, RequiresActions: new(false), AnyOf: true}, true, false},
		{"NoneOfSeveral", customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskLow}, RequiresActions: new(false), AnyOf: true}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.filter.Fits(&high); got != tc.high {
				t.Errorf("the one of high risk: %t", got)
			}
			if got := tc.filter.Fits(&silent); got != tc.silent {
				t.Errorf("the one of whom nothing was said: %t", got)
			}
		})
	}
}

func TestKYCFilterTookOut(t *testing.T) {
	t.Parallel()
	before := customer.KYC{State: customer.KYCCustomer, RiskClass: customer.RiskHigh, RequiresActions: new(true), DueDiligenceExpiresOn: "2026-11-21"}
	change := func(alter func(*customer.KYC)) []customer.FieldChange {
		after := before
		alter(&after)
		return customer.KYCChanges(&before, &after)
	}
	lower := change(func(k *customer.KYC) { k.RiskClass = customer.RiskLow })
	settled := change(func(k *customer.KYC) { k.RequiresActions = new(false) })
	renewed := change(func(k *customer.KYC) { k.DueDiligenceExpiresOn = "2028-11-21" })
	noted := change(func(k *customer.KYC) { k.Notes = "Uusi" })
	for _, tc := range []struct {
		name    string
		filter  customer.KYCFilter
		changed []customer.FieldChange
		want    bool
	}{
		{"AnotherRiskClass", customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskHigh}}, lower, true},
		{"ARiskClassThatFitsToo", customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskHigh, customer.RiskLow}}, lower, false},
		{"WhatIsNotLookedAt", customer.KYCFilter{RequiresActions: new(true)}, lower, false},
		{"NothingIsRequiredAnyMore", customer.KYCFilter{RequiresActions: new(true)}, settled, true},
		{"ItComesIn", customer.KYCFilter{RequiresActions: new(false)}, settled, false},
		{"TheExpiryMovedAway", customer.KYCFilter{ExpiresBefore: "2027-01-01"}, renewed, true},
		{"TheExpiryStillFits", customer.KYCFilter{ExpiresBefore: "2029-01-01"}, renewed, false},
		{"ARemark", customer.KYCFilter{RiskClass: []customer.RiskClass{customer.RiskHigh}}, noted, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.filter.TookOut(tc.changed); got != tc.want {
				t.Errorf("got %t of %+v", got, tc.changed)
			}
		})
	}
}
